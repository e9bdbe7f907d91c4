package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LastingStateTest {
  /// Everything in it is final, and differs from the next one's.
  private record Frozen(
      long made,
      Instant at,
      UUID id,
      String name,
      List<Map<String, Long>> seen,
      Object numbers,
      ThreadLocal<Instant> here,
      String same) {
    static Frozen now() {
      long made = System.nanoTime();
      return new Frozen(
          made,
          Instant.now(),
          UUID.randomUUID(),
          "instance-" + made,
          List.of(Map.of("key-" + made, 1L)),
          new long[] {1, made},
          ThreadLocal.withInitial(Instant::now),
          "same");
    }
  }

  @Test
  void whatIsFrozenAndDiffersFromInstanceToInstanceIsSeen() throws Exception {
    LastingState one = LastingState.of(List.of(Frozen.now()));
    LastingState other = LastingState.of(List.of(Frozen.now()));

    Set<String> differing = new TreeSet<>(one.constants.keySet());
    differing.removeIf(name -> Objects.equals(one.constants.get(name), other.constants.get(name)));
    String type = "e2e.LastingStateTest$Frozen.";
    assertEquals(
        new TreeSet<>(
            Set.of(
                type + "made",
                type + "at",
                type + "id",
                type + "name",
                type + "seen",
                type + "numbers")),
        differing);
    assertEquals(Set.of("same"), one.constants.get(type + "same"));
    assertTrue(one.types.stream().anyMatch(name -> name.contains("ThreadLocal")));
  }

  @Test
  void aGeneratorWithASeedIsSeen() throws Exception {
    for (Class<?> type : List.of(Rolls.class, Shuffles.class)) {
      String file = "LastingStateTest$" + type.getSimpleName() + ".class";
      try (InputStream in = requireNonNull(type.getResourceAsStream(file))) {
        assertEquals(1, SnapshotTest.seeded(in.readAllBytes()).size(), type.getName());
      }
    }
  }

  static final class Rolls {
    static double roll() {
      return Math.random();
    }
  }

  static final class Shuffles {
    static void shuffle(List<?> list) {
      Collections.shuffle(list);
    }
  }
}
