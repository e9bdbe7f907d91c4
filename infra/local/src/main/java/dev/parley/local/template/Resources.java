package dev.parley.local.template;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// The resources of a template by logical id: their types, and their properties, which are resolved
/// once they are asked for, so that resources may stand in any order.
final class Resources {
  /// Source: CloudFormation template reference, "DeletionPolicy attribute"; snapshots are of
  /// resources that are not honoured here.
  private static final List<String> DELETION_POLICIES =
      List.of("Delete", "Retain", "RetainExceptOnCreate");

  /// Source: CloudFormation template reference, "UpdateReplacePolicy attribute".
  private static final List<String> UPDATE_REPLACE_POLICIES = List.of("Delete", "Retain");

  private final Intrinsics intrinsics;
  private final Map<String, String> types = new LinkedHashMap<>();
  private final Map<String, Node> nodes = new HashMap<>();
  private final Map<String, List<String>> dependencies = new LinkedHashMap<>();
  private final Map<String, Section> properties = new HashMap<>();
  private final Set<String> beingResolved = new LinkedHashSet<>();

  Resources(Intrinsics intrinsics) {
    this.intrinsics = intrinsics;
  }

  /// Reads the section `Resources`; without it there is nothing to run.
  void read(@Nullable Node section) {
    if (section == null) {
      throw intrinsics.problem("Resources", "missing");
    }
    intrinsics.entries(section, "Resources").forEach(this::add);
  }

  private void add(String id, Node resource) {
    Map<String, Node> attributes = intrinsics.entries(resource, id);
    Node typeNode = attributes.get("Type");
    Object type = typeNode == null ? "" : intrinsics.resolve(typeNode, id + ".Type");
    if (!(type instanceof String name) || !KnownProperties.isKnownType(name)) {
      throw intrinsics.problem(id + ".Type", "the local cloud does not honour " + type);
    }
    for (String attribute : attributes.keySet()) {
      if (!List.of("Type", "Properties").contains(attribute)
          && !KnownProperties.isKnownAttribute(name, attribute)) {
        throw intrinsics.problem(
            id + "." + attribute, "the local cloud does not honour this attribute");
      }
    }
    types.put(id, name);
    Node condition = attributes.get("Condition");
    if (condition != null) {
      intrinsics.requireCondition(condition, id + ".Condition");
    }
    requireOneOf(id, attributes, "DeletionPolicy", DELETION_POLICIES);
    requireOneOf(id, attributes, "UpdateReplacePolicy", UPDATE_REPLACE_POLICIES);
    Node dependsOn = attributes.get("DependsOn");
    if (dependsOn != null) {
      dependencies.put(id, names(dependsOn, id + ".DependsOn"));
    }
    Node own = attributes.get("Properties");
    if (own != null) {
      nodes.put(id, own);
    }
  }

  private void requireOneOf(
      String id, Map<String, Node> attributes, String attribute, List<String> allowed) {
    Node node = attributes.get(attribute);
    if (node == null) {
      return;
    }
    String path = id + "." + attribute;
    Object value = intrinsics.resolve(node, path);
    if (!(value instanceof String policy) || !allowed.contains(policy)) {
      throw problem(path, "`" + value + "` is none of " + String.join(", ", allowed));
    }
  }

  private List<String> names(Node node, String path) {
    return switch (intrinsics.resolve(node, path)) {
      case String name -> List.of(name);
      case List<?> names when names.stream().allMatch(String.class::isInstance) ->
          names.stream().map(String.class::cast).toList();
      default -> throw problem(path, "expected a resource, or a list of resources");
    };
  }

  /// Refuses what CloudFormation could make in no order by `DependsOn` alone. Nothing is made one
  /// after another here.
  ///
  /// @param generated whether SAM makes a resource with a logical id
  void requireOrder(Predicate<String> generated) {
    dependencies.forEach(
        (id, names) ->
            names.forEach(
                name -> {
                  if (!types.containsKey(name) && !generated.test(name)) {
                    throw problem(id + ".DependsOn", "`" + name + "` is no resource");
                  }
                }));
    for (String id : dependencies.keySet()) {
      Set<String> before = new LinkedHashSet<>();
      Deque<String> open = new ArrayDeque<>(dependencies.getOrDefault(id, List.of()));
      while (!open.isEmpty()) {
        String name = open.pop();
        if (before.add(name)) {
          open.addAll(dependencies.getOrDefault(name, List.of()));
        }
      }
      if (before.contains(id)) {
        throw problem(id + ".DependsOn", "`" + id + "` would have to be there before itself");
      }
    }
  }

  /// What has an effect on AWS only, in the alphabet's order.
  ///
  /// @param globals what `Globals` gives to functions
  List<String> withoutEffect(Section globals) {
    Map<String, Set<String>> found = new TreeMap<>();
    types.forEach((id, type) -> KnownProperties.collectWithoutEffect(type, properties(id), found));
    KnownProperties.collectWithoutEffect(FunctionReader.TYPE, globals, found);
    return found.entrySet().stream()
        .map(
            entry ->
                entry.getValue().isEmpty()
                    ? entry.getKey()
                    : entry.getKey() + ": " + String.join(", ", entry.getValue()))
        .toList();
  }

  TemplateException problem(String path, String problem) {
    return intrinsics.problem(path, problem);
  }

  /// The type of a resource, or null where there is no such resource.
  @Nullable String type(String id) {
    return types.get(id);
  }

  /// The logical ids of all resources, in the template's order.
  Set<String> ids() {
    return types.keySet();
  }

  /// The logical ids of all resources of a type, in the template's order.
  List<String> ofType(String type) {
    return types.keySet().stream().filter(id -> type.equals(types.get(id))).toList();
  }

  /// Refuses what is not honoured, in all resources.
  void requireKnownProperties() {
    types.forEach((id, type) -> KnownProperties.require(type, properties(id)));
  }

  /// All properties of a resource, resolved.
  Section properties(String id) {
    return properties.computeIfAbsent(
        id,
        _ -> {
          String path = id + ".Properties";
          Node node = nodes.get(id);
          return node == null
              ? new Section(path, Map.of(), intrinsics::problem)
              : intrinsics.section(node, path);
        });
  }

  /// A property as it stands in the template, or null where it is not given.
  @Nullable Node property(String id, String name) {
    Node node = nodes.get(id);
    return node == null ? null : intrinsics.entries(node, id + ".Properties").get(name);
  }

  boolean has(String id, String property) {
    return property(id, property) != null;
  }

  /// The value of one property, or null where none is given. It can be asked for while others of
  /// the resource are being resolved, which may refer to it.
  @Nullable String value(String id, String property) {
    Node node = property(id, property);
    if (node == null) {
      return null;
    }
    String path = id + ".Properties." + property;
    if (!beingResolved.add(path)) {
      throw intrinsics.problem(path, "refers to itself");
    }
    Object value = intrinsics.resolve(node, path);
    beingResolved.remove(path);
    if (value.equals(Intrinsics.NO_VALUE)) {
      return null;
    }
    if (!(value instanceof String string)) {
      throw intrinsics.problem(path, "expected one value");
    }
    return string;
  }
}
