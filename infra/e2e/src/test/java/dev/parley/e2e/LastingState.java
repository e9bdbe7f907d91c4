package dev.parley.e2e;

import static java.util.stream.Collectors.toSet;

import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What outlives an invocation: everything that handlers' objects lead to, and what is static in
/// our classes.
final class LastingState {
  /// What is known by its text.
  private static final List<String> VALUES =
      List.of("java.time.", "java.net.", "java.util.regex.", "java.util.UUID");

  /// Of our fields that can change: those that are not final, collections and permits; of a list,
  /// how long it is.
  final SortedMap<String, String> values = new TreeMap<>();

  /// Of all others, what is in them, and in the collections and arrays that they lead to: texts,
  /// numbers, moments, ids.
  final SortedMap<String, SortedSet<String>> constants = new TreeMap<>();

  /// Whose objects are reached and belong to a library.
  final SortedSet<String> types = new TreeSet<>();

  private final Set<Class<?>> roots;
  private final Deque<Reached> open = new ArrayDeque<>();

  /// @param by the field that led to it
  private record Reached(String by, Object object) {}

  private LastingState(Set<Class<?>> roots) {
    this.roots = roots;
  }

  static LastingState of(Collection<?> handlers) throws IOException {
    LastingState state = new LastingState(handlers.stream().map(Object::getClass).collect(toSet()));
    for (String name : OurClasses.bytes().keySet()) {
      state.look(type(name), null);
    }
    handlers.forEach(handler -> state.open.add(new Reached("handlers", handler)));
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    while (!state.open.isEmpty()) {
      Reached next = state.open.pop();
      if (isValue(next.object())) {
        state.keep(next);
      } else if (seen.add(next.object())) {
        state.look(next);
      }
    }
    return state;
  }

  private static Class<?> type(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean isValue(Object object) {
    String type = object.getClass().getName();
    return object instanceof String
        || object instanceof Boolean
        || object instanceof Character
        || object instanceof Class
        || object instanceof Enum
        || (object instanceof Number && type.startsWith("java.lang."))
        || VALUES.stream().anyMatch(type::startsWith);
  }

  private void keep(Reached value) {
    constants.computeIfAbsent(value.by(), by -> new TreeSet<>()).add(value.object().toString());
  }

  private boolean isOurs(Class<?> type) {
    String name = type.getName();
    return roots.contains(type)
        || (name.startsWith("dev.parley.")
            && Stream.of("e2e", "local", "client", "bench")
                .noneMatch(other -> name.startsWith("dev.parley." + other + ".")));
  }

  private void look(Reached reached) {
    Object object = reached.object();
    Class<?> type = object.getClass();
    if (isOurs(type)) { // also what a lambda has captured
      for (Class<?> c = type; c != null && isOurs(c); c = c.getSuperclass()) {
        look(c, object);
      }
    } else if (object instanceof Map<?, ?> map) {
      map.keySet().forEach(key -> reach(reached.by(), key));
      map.values().forEach(value -> reach(reached.by(), value));
    } else if (object instanceof Collection<?> collection) {
      collection.forEach(element -> reach(reached.by(), element));
    } else if (object instanceof Optional<?> optional) {
      optional.ifPresent(value -> reach(reached.by(), value));
    } else if (type.isArray()) {
      for (int i = 0; i < Array.getLength(object); i++) {
        reach(reached.by(), Array.get(object, i));
      }
    } else if (!type.isHidden() && type != Object.class) {
      types.add(type.getName());
    }
  }

  private void reach(String by, @Nullable Object object) {
    if (object != null) {
      open.add(new Reached(by, object));
    }
  }

  /// @param object null for the static fields
  private void look(Class<?> type, @Nullable Object object) {
    for (Field field : type.getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers()) != (object == null) || field.isSynthetic()) {
        continue;
      }
      field.setAccessible(true);
      Object value = value(field, object);
      String name = name(type) + "." + field.getName();
      if (!Modifier.isFinal(field.getModifiers())
          || (value instanceof Map<?, ?> map && isMutable(map))
          || (value instanceof Collection<?> collection && isMutable(collection))) {
        String told =
            value instanceof List<?> list ? Integer.toString(list.size()) : String.valueOf(value);
        values.merge(name, told, (a, b) -> a.equals(b) ? a : a + "; " + b);
      } else if (value instanceof Semaphore permits) {
        values.put(name, Integer.toString(permits.availablePermits()));
      }
      reach(name, value);
    }
  }

  /// Lambdas have a number of their own in each process.
  private static String name(Class<?> type) {
    return type.getName().substring("dev.parley.".length()).replaceFirst("/0x.*", "");
  }

  private static boolean isMutable(Object collection) {
    return !collection.getClass().getName().startsWith("java.util.ImmutableCollections")
        && !collection.getClass().getName().startsWith("java.util.Collections$Unmodifiable");
  }

  private static @Nullable Object value(Field field, @Nullable Object object) {
    try {
      return field.get(object);
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }
}
