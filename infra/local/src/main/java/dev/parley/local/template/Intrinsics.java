package dev.parley.local.template;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.aws.LocalAccount;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/// Turns YAML into maps, lists and strings, with the intrinsic functions applied in their short and
/// long forms. A value that cannot be resolved is refused, and [Refusals#UNKNOWN] stands for it.
final class Intrinsics {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{(!?)([^}]*)}");

  /// What `Ref` of it gives is left out, together with its property or place in a list.
  static final String NO_VALUE = "AWS::NoValue";

  private static final String IF = "Fn::If";

  /// What a name of the template stands for.
  interface Names {
    /// What `Ref` gives: a string, or a list where it is of a parameter; `path` is where it is
    /// asked for.
    Object ref(String name, String path);

    /// What `Ref` of `logicalId.name` gives, a resource that SAM makes, or null where it makes
    /// none.
    @Nullable String derived(String logicalId, String name);

    Object attribute(String logicalId, String attribute, String path);

    /// Whether a condition holds; null where that cannot be told.
    @Nullable Boolean condition(String name, String path);

    /// What `Mappings` says.
    Object mapped(String map, String first, String second, String path);
  }

  private final Names names;
  private final Refusals refusals;

  Intrinsics(Names names, Refusals refusals) {
    this.names = names;
    this.refusals = refusals;
  }

  /// The value at `node`: a `String`, a `List`, a `Map<String, Object>` or [Refusals#UNKNOWN].
  Object resolve(Node node, String path) {
    refusals.isAt(path, node.getStartMark().getLine() + 1);
    if (isTagged(node)) {
      String function = node.getTag().getValue().substring(1);
      return call(
          List.of("Ref", "Condition").contains(function) ? function : "Fn::" + function,
          node,
          true,
          path);
    }
    return switch (node) {
      case ScalarNode scalar -> {
        if (scalar.getTag().equals(Tag.NULL)) {
          throw refusals.problem(path, "has no value");
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
            yield call(name, only.getValue(), false, path);
          }
        }
        Map<String, Object> map = new LinkedHashMap<>();
        entries.forEach(
            (key, value) -> {
              Object resolved = attempt(value, path + "." + key);
              if (!resolved.equals(NO_VALUE)) {
                map.put(key, resolved);
              }
            });
        yield map;
      }
      default -> throw refusals.problem(path, "cannot be read");
    };
  }

  private Object attempt(Node node, String path) {
    Supplier<Object> value = () -> resolve(node, path);
    return refusals.attempt(value);
  }

  /// The mapping at `node`.
  Section section(Node node, String path) {
    return Section.of(path, attempt(node, path), refusals);
  }

  private static boolean isTagged(Node node) {
    return node.getTag().getValue().startsWith("!");
  }

  /// @param tagged whether the function is the tag of the node that has its arguments
  private Object call(String function, Node node, boolean tagged, String path) {
    if (function.equals(IF)) {
      return choose(node, path);
    }
    Object argument =
        switch (node) {
          case SequenceNode sequence when tagged || !isTagged(sequence) ->
              list(sequence, path, true);
          case ScalarNode scalar when tagged -> scalar.getValue();
          case MappingNode _ when tagged ->
              throw refusals.problem(path, node.getTag().getValue() + " takes a value or a list");
          default -> resolve(node, path);
        };
    return isUnknown(argument) ? Refusals.UNKNOWN : apply(function, argument, path);
  }

  /// Only the value that is chosen is looked at: the other one may name what is not there.
  private Object choose(Node node, String path) {
    if (!(node instanceof SequenceNode sequence)
        || sequence.getValue().size() != 3
        || !(sequence.getValue().getFirst() instanceof ScalarNode name)) {
      throw refusals.problem(path, IF + " is not given what it takes");
    }
    Boolean holds = names.condition(name.getValue(), path);
    return holds == null ? Refusals.UNKNOWN : resolve(sequence.getValue().get(holds ? 1 : 2), path);
  }

  private static boolean isUnknown(Object value) {
    return switch (value) {
      case List<?> list -> list.stream().anyMatch(Intrinsics::isUnknown);
      case Map<?, ?> map -> map.values().stream().anyMatch(Intrinsics::isUnknown);
      default -> Refusals.UNKNOWN.equals(value);
    };
  }

  /// @param all whether [#NO_VALUE] keeps its place, as in the arguments of a function
  private List<Object> list(SequenceNode sequence, String path, boolean all) {
    List<Object> list = new ArrayList<>();
    for (Node element : sequence.getValue()) {
      Object resolved = attempt(element, path + "." + list.size());
      if (!resolved.equals(NO_VALUE) || all) {
        list.add(resolved);
      }
    }
    return list;
  }

  /// The entries of a mapping, as yet unresolved.
  Map<String, Node> entries(Node node, String path) {
    if (!(node instanceof MappingNode mapping)) {
      throw refusals.problem(path, "expected a mapping");
    }
    Map<String, Node> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw refusals.problem(path, "has a key that is not a plain name");
      }
      String keyPath = path.isEmpty() ? key.getValue() : path + "." + key.getValue();
      int line = key.getStartMark().getLine() + 1;
      if (entries.putIfAbsent(key.getValue(), tuple.getValueNode()) == null) {
        refusals.isAt(keyPath, line);
      } else {
        refusals.addAt(line, keyPath, "is there twice");
      }
    }
    return entries;
  }

  private Object apply(String function, Object argument, String path) {
    List<?> arguments = argument instanceof List<?> list ? list : List.of(argument);
    Object value =
        switch (function) {
          case "Ref" -> argument instanceof String name ? names.ref(name, path) : null;
          case "Condition" -> argument instanceof String name ? condition(name, path) : null;
          case "Fn::GetAtt" -> attribute(argument, path);
          case "Fn::Sub" -> substitute(arguments, path);
          case "Fn::Join" -> join(arguments);
          case "Fn::Select" -> select(arguments);
          case "Fn::Split" -> split(arguments);
          case "Fn::FindInMap" -> findInMap(arguments, path);
          case "Fn::Base64" ->
              argument instanceof String text
                  ? Base64.getEncoder().encodeToString(text.getBytes(UTF_8))
                  : null;
          case "Fn::GetAZs" -> argument instanceof String ? LocalAccount.ZONES : null;
          case "Fn::Equals" ->
              arguments.size() == 2
                  ? String.valueOf(arguments.getFirst().equals(arguments.getLast()))
                  : null;
          case "Fn::Not", "Fn::And", "Fn::Or" ->
              isLogic(function, arguments) ? String.valueOf(holds(function, arguments)) : null;
          case "Fn::Contains" ->
              arguments.size() == 2 && arguments.getFirst() instanceof List<?> list
                  ? String.valueOf(list.contains(arguments.getLast()))
                  : null;
          case "Fn::ImportValue" ->
              throw refusals.problem(
                  path,
                  "the local cloud does not honour Fn::ImportValue, as there is no other stack:"
                      + " make it a parameter");
          default -> throw refusals.problem(path, "the local cloud does not honour " + function);
        };
    if (value == null) {
      throw refusals.problem(path, function + " is not given what it takes");
    }
    return value;
  }

  private Object condition(String name, String path) {
    Boolean holds = names.condition(name, path);
    return holds == null ? Refusals.UNKNOWN : String.valueOf(holds);
  }

  /// @param argument `id.attribute`, or the two in a list
  private @Nullable Object attribute(Object argument, String path) {
    List<?> parts = argument instanceof String dotted ? List.of(dotted.split("\\.", 2)) : List.of();
    if (argument instanceof List<?> list) {
      parts = list;
    }
    return parts.size() == 2
            && parts.getFirst() instanceof String id
            && parts.getLast() instanceof String attribute
        ? names.attribute(id, attribute, path)
        : null;
  }

  private static @Nullable Object join(List<?> arguments) {
    return arguments.size() == 2
            && arguments.getFirst() instanceof String separator
            && arguments.getLast() instanceof List<?> parts
            && parts.stream().allMatch(String.class::isInstance)
        ? String.join(separator, parts.stream().map(String.class::cast).toList())
        : null;
  }

  private static @Nullable Object select(List<?> arguments) {
    return arguments.size() == 2
            && arguments.getFirst() instanceof String index
            && arguments.getLast() instanceof List<?> from
            && index.matches("\\d{1,4}")
            && Integer.parseInt(index) < from.size()
        ? from.get(Integer.parseInt(index))
        : null;
  }

  private static @Nullable Object split(List<?> arguments) {
    return arguments.size() == 2
            && arguments.getFirst() instanceof String separator
            && !separator.isEmpty()
            && arguments.getLast() instanceof String text
        ? List.of((Object[]) text.split(Pattern.quote(separator), -1))
        : null;
  }

  private @Nullable Object findInMap(List<?> arguments, String path) {
    return arguments.size() == 3
            && arguments.get(0) instanceof String map
            && arguments.get(1) instanceof String first
            && arguments.get(2) instanceof String second
        ? names.mapped(map, first, second, path)
        : null;
  }

  /// Whether these are conditions, and as many as the function takes.
  private static boolean isLogic(String function, List<?> arguments) {
    int max = function.equals("Fn::Not") ? 1 : 10;
    return arguments.size() >= Math.min(2, max)
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

  private @Nullable Object substitute(List<?> arguments, String path) {
    Map<?, ?> values = Map.of();
    if (arguments.size() == 2) {
      if (!(arguments.getLast() instanceof Map<?, ?> given)) {
        return null;
      }
      values = given;
    }
    if (arguments.isEmpty()
        || arguments.size() > 2
        || !(arguments.getFirst() instanceof String text)) {
      return null;
    }
    StringBuilder result = new StringBuilder();
    Matcher matcher = PLACEHOLDER.matcher(text);
    while (matcher.find()) {
      Object value = placeholder(matcher, values, path);
      if (Refusals.UNKNOWN.equals(value)) {
        return value;
      }
      if (!(value instanceof String string)) {
        throw refusals.problem(path, matcher.group() + " is a list: give it to Fn::Join");
      }
      matcher.appendReplacement(result, Matcher.quoteReplacement(string));
    }
    return matcher.appendTail(result).toString();
  }

  private Object placeholder(Matcher matcher, Map<?, ?> values, String path) {
    String name = matcher.group(2).strip();
    if (!matcher.group(1).isEmpty()) {
      return "${" + name + "}";
    }
    Object value = values.get(name);
    if (value != null) {
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
