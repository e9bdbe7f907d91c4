package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The local cloud is killed, and started again on the same data. It has processes of its own, so
/// other tests run meanwhile.
@Execution(ExecutionMode.CONCURRENT)
class KillTest {
  private static final double POLLS_PER_SECOND = 20;

  /// Nothing in a stream reaches its function as long as a test runs.
  private static final String NOT_DELIVERED = "-Dparley.faults=seed=1,stream.delayed=1/60000ms";

  private static final int KILLS = 5;
  private static final int SCHEDULES_PER_KILL = 2;
  private static final long SEED = 5;
  private static final long PATIENCE_NS = 20_000_000_000L;

  @TempDir Path folder;

  @Test
  void whatWasAcknowledgedIsThereOnceAndClientsRecover() throws Exception {
    List<Schedule> schedules = new ArrayList<>();
    Random random = new Random(SEED);
    try (CloudProcess cloud = new CloudProcess(folder);
        DynamoDbClient tables = cloud.dynamoDb();
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      cloud.start(POLLS_PER_SECOND);
      for (int kill = 0; kill < KILLS; kill++) {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < SCHEDULES_PER_KILL; i++) {
          Schedule schedule =
              new Schedule(
                  "k" + kill + "-" + i,
                  random.nextLong(),
                  cloud.webSocketUrl(),
                  tables,
                  JavaParticipant::new);
          schedules.add(schedule);
          running.add(executor.submit(schedule));
        }
        int operations = random.nextInt(Schedule.OPERATIONS_MIN);
        while (schedules.getLast().operations() < operations && !running.getLast().isDone()) {
          Thread.sleep(1);
        }
        cloud.kill();
        cloud.start(POLLS_PER_SECOND);
        for (Future<?> one : running) {
          one.get();
        }
      }

      assertEquals("", String.join("\n", Schedule.awaitNoProblems(schedules, Schedule.PATIENCE)));
    } finally {
      schedules.forEach(Schedule::close);
    }
  }

  @Test
  void fanOutGoesOnFromItsCheckpoint() throws Exception {
    try (CloudProcess cloud = new CloudProcess(folder)) {
      cloud.start(POLLS_PER_SECOND);
      long handedOut;
      try (TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=kept")) {
        handedOut = send(ada, "handed out");
        ada.awaitMessage("handed out");
        awaitHead(ada, handedOut);
      }
      cloud.kill();
      cloud.start(POLLS_PER_SECOND, Map.of(), List.of(NOT_DELIVERED));
      long left;
      try (TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=kept")) {
        left = send(ada, "left in the stream");
        assertEquals(handedOut, head(ada));
        cloud.kill();
      }

      cloud.start(POLLS_PER_SECOND);

      try (TestClient bob = TestClient.connect(cloud.webSocketUrl(), "?name=Bob&rooms=kept")) {
        send(bob, "after it");
        JsonNode event = bob.awaitMessage("after it");
        assertEquals(left, event.path("prev").asLong());
      }
    }
  }

  @Test
  void afterAKillTheMembersAreTheLiving() throws Exception {
    try (CloudProcess cloud = new CloudProcess(folder)) {
      cloud.start(POLLS_PER_SECOND);
      TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=kept");
      TestClient bob = TestClient.connect(cloud.webSocketUrl(), "?name=Bob&rooms=kept,other");
      awaitMembers(ada, Set.of("Ada", "Bob"));
      cloud.kill();
      ada.cut();
      bob.cut();

      cloud.start(POLLS_PER_SECOND);

      try (TestClient cleo = TestClient.connect(cloud.webSocketUrl(), "?name=Cleo&rooms=kept")) {
        awaitMembers(cleo, Set.of("Cleo"));
      }
    }
  }

  private static void awaitMembers(TestClient client, Set<String> names) {
    long until = System.nanoTime() + PATIENCE_NS;
    Set<String> found = new HashSet<>();
    while (!found.equals(names)) {
      assertTrue(System.nanoTime() < until, "the members stay " + found);
      found.clear();
      client
          .request("members", "\"room\":\"kept\"")
          .path("members")
          .forEach(member -> found.add(member.path("sender").asText()));
    }
  }

  private static long send(TestClient client, String text) {
    return client
        .request("sendMessage", "\"room\":\"kept\",\"message\":\"" + text + "\"")
        .path("timestamp")
        .asLong();
  }

  private static void awaitHead(TestClient client, long head) {
    long until = System.nanoTime() + PATIENCE_NS;
    while (head(client) != head) {
      assertTrue(System.nanoTime() < until, "the head does not move on");
    }
  }

  private static long head(TestClient client) {
    return client.request("ping", "\"rooms\":[\"kept\"]").path("rooms").path("kept").asLong();
  }
}
