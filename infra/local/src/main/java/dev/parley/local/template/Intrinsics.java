package dev.parley.local.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/// Turns YAML into maps, lists and strings, with `Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::Join`,
/// `Fn::Select`, `Fn::If` and the functions of conditions applied in their short and long forms.
/// Any other function is refused.
final class Intrinsics {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{(!?)([^}]*)}");

  /// What `Ref` of it gives is left out, together with its property or place in a list.
  static final String NO_VALUE = "AWS::NoValue";

  private static final List<String> FUNCTIONS =
      List.of(
          "Ref",
          "Condition",
          "Fn::GetAtt",
          "Fn::Sub",
          "Fn::Join",
          "Fn::Select",
          "Fn::If",
          "Fn::Equals",
          "Fn::Not",
          "Fn::And",
          "Fn::Or");

  /// What a name of the template stands for.
  interface Names {
    /// What `Ref` gives; `path` is where it is asked for.
    String ref(String name, String path);

    /// What `Ref` of `logicalId.name` gives, a resource that SAM makes, or null where it makes
    /// none.
    @Nullable String derived(String logicalId, String name);

    String attribute(String logicalId, String attribute, String path);

    /// Whether a condition holds.
    boolean condition(String name, String path);
  }

  private final Names names;
  private final String fileName;
  private final Map<String, Integer> lines = new HashMap<>();

  Intrinsics(Names names, String fileName) {
    this.names = names;
    this.fileName = fileName;
  }

  TemplateException problem(String path, String problem) {
    String at = path;
    while (!at.isEmpty() && !lines.containsKey(at)) {
      at = at.substring(0, Math.max(0, at.lastIndexOf('.')));
    }
    Integer line = lines.get(at);
    return new TemplateException(
        "%s: %s (%s%s)"
            .formatted(
                path.isEmpty() ? "the template" : path,
                problem,
                fileName,
                line == null ? "" : ":" + line));
  }

  /// The value at `node`: a `String`, a `List` or a `Map<String, Object>`.
  Object resolve(Node node, String path) {
    lines.putIfAbsent(path, node.getStartMark().getLine() + 1);
    String tag = node.getTag().getValue();
    if (tag.startsWith("!")) {
      String function = tag.substring(1);
      String name = List.of("Ref", "Condition").contains(function) ? function : "Fn::" + function;
      return apply(name, argument(function, node, path), path);
    }
    return switch (node) {
      case ScalarNode scalar -> {
        if (scalar.getTag().equals(Tag.NULL)) {
          throw problem(path, "has no value");
        }
        yield scalar.getValue();
      }
      case SequenceNode sequence -> list(sequence, path, false);
      case MappingNode mapping -> {
        Map<String, Node> entries = entries(mapping, path);
        if (entries.size() == 1) {
          Map.Entry<String, Node> only = entries.entrySet().iterator().next();
          String name = only.getKey();
          if (name.equals("Ref")
              || name.startsWith("Fn::")
              || (name.equals("Condition") && path.startsWith("Conditions."))) {
            Object argument =
                only.getValue() instanceof SequenceNode list
                    ? list(list, path, true)
                    : resolve(only.getValue(), path);
            yield apply(name, name.equals("Fn::GetAtt") ? dotted(argument) : argument, path);
          }
        }
        Map<String, Object> map = new LinkedHashMap<>();
        entries.forEach(
            (key, value) -> {
              Object resolved = resolve(value, path + "." + key);
              if (!resolved.equals(NO_VALUE)) {
                map.put(key, resolved);
              }
            });
        yield map;
      }
      default -> throw problem(path, "cannot be read");
    };
  }

  /// Refuses what is not the name of a condition.
  void requireCondition(Node node, String path) {
    names.condition(String.valueOf(resolve(node, path)), path);
  }

  /// The mapping at `node`.
  Section section(Node node, String path) {
    return Section.of(path, resolve(node, path), this::problem);
  }

  private Object argument(String function, Node node, String path) {
    Object argument =
        switch (node) {
          case ScalarNode scalar -> scalar.getValue();
          case SequenceNode sequence -> list(sequence, path, true);
          default -> throw problem(path, "!" + function + " takes a value or a list");
        };
    return function.equals("GetAtt") ? dotted(argument) : argument;
  }

  private static Object dotted(Object argument) {
    return argument instanceof String string
        ? List.of((Object[]) string.split("\\.", 2))
        : argument;
  }

  /// @param all whether [#NO_VALUE] keeps its place, as in the arguments of a function
  private List<Object> list(SequenceNode sequence, String path, boolean all) {
    List<Object> list = new ArrayList<>();
    for (Node element : sequence.getValue()) {
      Object resolved = resolve(element, path + "." + list.size());
      if (!resolved.equals(NO_VALUE) || all) {
        list.add(resolved);
      }
    }
    return list;
  }

  /// The entries of a mapping, as yet unresolved.
  Map<String, Node> entries(Node node, String path) {
    if (!(node instanceof MappingNode mapping)) {
      throw problem(path, "expected a mapping");
    }
    Map<String, Node> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw problem(path, "has a key that is not a plain name");
      }
      String keyPath = path.isEmpty() ? key.getValue() : path + "." + key.getValue();
      lines.put(keyPath, key.getStartMark().getLine() + 1);
      if (entries.put(key.getValue(), tuple.getValueNode()) != null) {
        throw problem(keyPath, "is there twice");
      }
    }
    return entries;
  }

  /// A function with its one or two arguments; `second` is empty where there is only one.
  private record Call(String function, Object first, Object second) {
    static Call of(String function, Object argument) {
      return argument instanceof List<?> list && list.size() == 2
          ? new Call(function, list.get(0), list.get(1))
          : new Call(function, argument, "");
    }

    boolean is(String name) {
      return function.equals(name);
    }
  }

  private Object apply(String function, Object argument, String path) {
    Call call = Call.of(function, argument);
    return switch (call) {
      case Call(_, String name, _) when call.is("Ref") -> names.ref(name, path);
      case Call(_, String id, String attribute) when call.is("Fn::GetAtt") ->
          names.attribute(id, attribute, path);
      case Call(_, String text, String _) when call.is("Fn::Sub") ->
          substitute(text, Map.of(), path);
      case Call(_, String text, Map<?, ?> values) when call.is("Fn::Sub") ->
          substitute(text, values, path);
      case Call(_, String separator, List<?> parts)
          when call.is("Fn::Join") && parts.stream().allMatch(String.class::isInstance) ->
          String.join(separator, parts.stream().map(String.class::cast).toList());
      case Call(_, String index, List<?> from)
          when call.is("Fn::Select")
              && index.matches("\\d{1,4}")
              && Integer.parseInt(index) < from.size() ->
          from.get(Integer.parseInt(index));
      case Call(_, String name, _) when call.is("Condition") ->
          String.valueOf(names.condition(name, path));
      case Call(_, String one, String other) when call.is("Fn::Equals") ->
          String.valueOf(one.equals(other));
      case Call _ when argument instanceof List<?> arguments && isLogic(function, arguments) ->
          String.valueOf(holds(function, arguments));
      case Call _
          when argument instanceof List<?> arguments
              && call.is("Fn::If")
              && arguments.size() == 3
              && arguments.getFirst() instanceof String name ->
          arguments.get(names.condition(name, path) ? 1 : 2);
      case Call _ when FUNCTIONS.contains(function) ->
          throw problem(path, function + " is not given what it takes");
      case Call _ -> throw problem(path, "the local cloud does not honour " + function);
    };
  }

  /// Whether these are conditions, and as many as the function takes.
  private static boolean isLogic(String function, List<?> arguments) {
    int max =
        switch (function) {
          case "Fn::Not" -> 1;
          case "Fn::And", "Fn::Or" -> 10;
          default -> 0;
        };
    int min = Math.min(2, max);
    return arguments.size() >= min
        && arguments.size() <= max
        && List.of("true", "false").containsAll(arguments);
  }

  private static boolean holds(String function, List<?> arguments) {
    return switch (function) {
      case "Fn::Not" -> arguments.contains("false");
      case "Fn::And" -> !arguments.contains("false");
      default -> arguments.contains("true");
    };
  }

  private String substitute(String text, Map<?, ?> values, String path) {
    StringBuilder result = new StringBuilder();
    Matcher matcher = PLACEHOLDER.matcher(text);
    while (matcher.find()) {
      matcher.appendReplacement(
          result, Matcher.quoteReplacement(placeholder(matcher, values, path)));
    }
    return matcher.appendTail(result).toString();
  }

  private String placeholder(Matcher matcher, Map<?, ?> values, String path) {
    String name = matcher.group(2);
    if (!matcher.group(1).isEmpty()) {
      return "${" + name + "}";
    }
    if (values.get(name) instanceof String value) {
      return value;
    }
    int dot = name.indexOf('.');
    if (dot < 0) {
      return names.ref(name, path);
    }
    String owner = name.substring(0, dot);
    String derived = names.derived(owner, name.substring(dot + 1));
    return derived == null ? names.attribute(owner, name.substring(dot + 1), path) : derived;
  }
}
