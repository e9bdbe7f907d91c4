package dev.parley.e2e;

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
///
/// @param values of our fields that can change: those that are not final, collections and permits;
///     of a list, how long it is
/// @param types whose objects are reached and belong to a library
record LastingState(SortedMap<String, String> values, SortedSet<String> types) {
  /// What never changes.
  private static final List<String> CONSTANT =
      List.of("java.lang.", "java.time.", "java.net.", "java.util.regex.", "java.util.UUID");

  static LastingState of(Collection<?> handlers) throws IOException {
    LastingState state = new LastingState(new TreeMap<>(), new TreeSet<>());
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Object> open = new ArrayDeque<>(handlers);
    for (String name : OurClasses.bytes().keySet()) {
      state.look(type(name), null, open);
    }
    while (!open.isEmpty()) {
      Object next = open.pop();
      if (seen.add(next)) {
        state.look(next, open);
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

  private static boolean isOurs(String name) {
    return name.startsWith("dev.parley.")
        && Stream.of("e2e", "local", "client", "bench")
            .noneMatch(other -> name.startsWith("dev.parley." + other + "."));
  }

  private void look(Object object, Deque<Object> open) {
    Class<?> type = object.getClass();
    if (isOurs(type.getName()) && !type.isHidden()) {
      for (Class<?> c = type; c != null && isOurs(c.getName()); c = c.getSuperclass()) {
        look(c, object, open);
      }
    } else if (object instanceof Map<?, ?> map) {
      open.addAll(map.keySet());
      open.addAll(map.values());
    } else if (object instanceof Collection<?> collection) {
      open.addAll(collection);
    } else if (type.isArray()) {
      for (int i = 0; i < Array.getLength(object) && !type.componentType().isPrimitive(); i++) {
        open.add(Array.get(object, i));
      }
    } else if (!type.isHidden()
        && !type.isEnum()
        && CONSTANT.stream().noneMatch(type.getName()::startsWith)) {
      types.add(type.getName());
    }
  }

  /// @param object null for the static fields
  private void look(Class<?> type, @Nullable Object object, Deque<Object> open) {
    for (Field field : type.getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers()) != (object == null) || field.isSynthetic()) {
        continue;
      }
      field.setAccessible(true);
      Object value = value(field, object);
      String name = type.getName().substring("dev.parley.".length()) + "." + field.getName();
      if (!Modifier.isFinal(field.getModifiers())
          || (value instanceof Map<?, ?> map && isMutable(map))
          || (value instanceof Collection<?> collection && isMutable(collection))) {
        String told =
            value instanceof List<?> list ? Integer.toString(list.size()) : String.valueOf(value);
        values.merge(name, told, (a, b) -> a.equals(b) ? a : a + "; " + b);
      } else if (value instanceof Semaphore permits) {
        values.put(name, Integer.toString(permits.availablePermits()));
      }
      if (value != null) {
        open.add(value);
      }
    }
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
