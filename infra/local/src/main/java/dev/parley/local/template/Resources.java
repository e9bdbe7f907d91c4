package dev.parley.local.template;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
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
  private final Refusals refusals;
  private final Map<String, String> types = new LinkedHashMap<>();

  /// Those that a condition leaves out, each with the condition.
  private final Map<String, String> absent = new HashMap<>();

  private final Set<String> refused = new HashSet<>();
  private final Map<String, Node> nodes = new HashMap<>();
  private final Map<String, Node> metadata = new HashMap<>();
  private final Map<String, List<String>> dependencies = new LinkedHashMap<>();
  private final Map<String, Section> properties = new HashMap<>();
  private final Set<String> beingResolved = new LinkedHashSet<>();

  Resources(Intrinsics intrinsics, Refusals refusals) {
    this.intrinsics = intrinsics;
    this.refusals = refusals;
  }

  /// Reads the section `Resources`; without it there is nothing to run.
  void read(@Nullable Node section, Intrinsics.Names names) {
    if (section == null) {
      throw refusals.problem("Resources", "missing");
    }
    intrinsics
        .entries(section, "Resources")
        .forEach(
            (id, resource) -> {
              refused.add(id);
              refusals.attempt(() -> add(id, resource, names));
            });
  }

  private void add(String id, Node resource, Intrinsics.Names names) {
    Map<String, Node> attributes = intrinsics.entries(resource, id);
    Node own = attributes.get("Properties");
    if (own != null) {
      nodes.put(id, own);
    }
    Node condition = attributes.get("Condition");
    if (condition != null) {
      String name = String.valueOf(intrinsics.resolve(condition, id + ".Condition"));
      if (Boolean.FALSE.equals(names.condition(name, id + ".Condition"))) {
        absent.put(id, name);
        return;
      }
    }
    Node typeNode = attributes.get("Type");
    Object type = typeNode == null ? "" : intrinsics.resolve(typeNode, id + ".Type");
    if (!(type instanceof String name) || !KnownProperties.isKnownType(name)) {
      throw refusals.problem(id + ".Type", KnownProperties.refusalOfType(String.valueOf(type)));
    }
    types.put(id, name);
    refused.remove(id);
    for (String attribute : attributes.keySet()) {
      if (!KnownProperties.isKnownAttribute(attribute)) {
        refusals.add(id + "." + attribute, "the local cloud does not honour this attribute");
      }
    }
    requireOneOf(id, attributes, "DeletionPolicy", DELETION_POLICIES);
    requireOneOf(id, attributes, "UpdateReplacePolicy", UPDATE_REPLACE_POLICIES);
    Node dependsOn = attributes.get("DependsOn");
    if (dependsOn != null) {
      dependencies.put(id, names(dependsOn, id + ".DependsOn"));
    }
    Node ofTools = attributes.get("Metadata");
    if (ofTools != null) {
      metadata.put(id, ofTools);
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
      refusals.add(path, "`" + value + "` is none of " + String.join(", ", allowed));
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
            names.stream()
                .filter(name -> !isDeclared(name) && !generated.test(name))
                .forEach(name -> refusals.add(id + ".DependsOn", "`" + name + "` is no resource")));
    Set<String> inCircles = new HashSet<>();
    for (String id : dependencies.keySet()) {
      Set<String> before = new LinkedHashSet<>();
      Deque<String> open = new ArrayDeque<>(dependencies.getOrDefault(id, List.of()));
      while (!open.isEmpty()) {
        String name = open.pop();
        if (before.add(name)) {
          open.addAll(dependencies.getOrDefault(name, List.of()));
        }
      }
      if (before.contains(id) && inCircles.add(id)) {
        inCircles.addAll(before); // each is told by its first one
        refusals.add(id + ".DependsOn", "`" + id + "` would have to be there before itself");
      }
    }
  }

  private boolean isDeclared(String id) {
    return types.containsKey(id) || absent.containsKey(id) || refused.contains(id);
  }

  /// What has an effect on AWS only, in the alphabet's order.
  ///
  /// @param globals what `Globals` gives, by type
  List<String> withoutEffect(Map<String, Section> globals) {
    Map<String, Set<String>> found = new TreeMap<>();
    types.forEach((id, type) -> KnownProperties.collectWithoutEffect(type, properties(id), found));
    globals.forEach((type, given) -> KnownProperties.collectWithoutEffect(type, given, found));
    return found.entrySet().stream()
        .map(
            entry ->
                entry.getValue().isEmpty()
                    ? entry.getKey()
                    : entry.getKey() + ": " + String.join(", ", entry.getValue()))
        .toList();
  }

  TemplateException problem(String path, String problem) {
    return refusals.problem(path, problem);
  }

  /// The type of a resource, or null where there is no such resource.
  @Nullable String type(String id) {
    return types.get(id);
  }

  /// The condition that leaves a resource out, or null where none does.
  @Nullable String absentBy(String id) {
    return absent.get(id);
  }

  /// Whether a resource is declared and cannot be read.
  boolean isRefused(String id) {
    return refused.contains(id);
  }

  /// The logical ids of all resources, in the template's order.
  Set<String> ids() {
    return types.keySet();
  }

  /// The logical ids of those that conditions leave out.
  Collection<String> absentIds() {
    return absent.keySet();
  }

  /// The logical ids of all resources of some types, in the template's order.
  List<String> ofType(String... wanted) {
    List<String> all = List.of(wanted);
    return types.keySet().stream().filter(id -> all.contains(types.get(id))).toList();
  }

  /// Refuses what is not honoured, in all resources.
  void requireKnownProperties() {
    types.forEach((id, type) -> KnownProperties.require(type, properties(id)));
  }

  /// All properties of a resource, resolved.
  Section properties(String id) {
    Section known = properties.get(id);
    if (known == null) {
      String path = id + ".Properties";
      Node node = nodes.get(id);
      known = node == null ? new Section(path, Map.of(), refusals) : intrinsics.section(node, path);
      properties.put(id, known);
    }
    return known;
  }

  /// What a tool says of a resource in its `Metadata`, or null where it does not.
  @Nullable String metadata(String id, String name) {
    Node node = metadata.get(id);
    return node == null ? null : intrinsics.section(node, id + ".Metadata").stringOrNull(name);
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
      throw problem(path, "refers to itself");
    }
    Object value;
    try {
      value = intrinsics.resolve(node, path);
    } finally {
      beingResolved.remove(path);
    }
    if (value.equals(Intrinsics.NO_VALUE)) {
      return null;
    }
    if (!(value instanceof String string)) {
      throw problem(path, "expected one value");
    }
    return string;
  }
}
