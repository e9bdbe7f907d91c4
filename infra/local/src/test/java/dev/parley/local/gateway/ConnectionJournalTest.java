package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
final class ConnectionJournalTest {
  private static final String OK = "{\"statusCode\":200}";

  @TempDir private Path data = Path.of("");

  private static GatewayTester tester(Path data) throws IOException {
    return new GatewayTester()
        .authorizer(
            _ ->
                """
                {"principalId": "ada", "context": {"user": "guest:ada", "years": 36},
                 "policyDocument": {"Statement": [
                   {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]}}
                """)
        .oneWay(
            "$connect",
            e ->
                e.at("/queryStringParameters/refuse").isMissingNode() ? OK : "{\"statusCode\":403}")
        .oneWay("$disconnect", _ -> OK)
        .twoWay("$default", e -> "{\"statusCode\":200,\"body\":" + e.path("body") + "}")
        .journal(ConnectionJournal.in(data));
  }

  private static List<Path> entries(Path data) {
    try (Stream<Path> files = Files.list(data.resolve("connections"))) {
      return files.toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// What a process that is killed now would leave behind.
  private Path left(String name) throws IOException {
    Path copy = Files.createDirectories(data.resolve(name).resolve("connections"));
    for (Path entry : entries(data)) {
      Files.copy(entry, copy.resolve(entry.getFileName()));
    }
    return data.resolve(name);
  }

  @Test
  void whatWasOpenWhenAProcessWasKilledIsToldToTheNext() throws Exception {
    JsonNode connect;
    Path left;
    try (GatewayTester killed = tester(data).start()) {
      killed.connect("", "User-Agent", "tester");
      connect = killed.event("$connect").path("requestContext");
      left = left("left");
    }

    try (GatewayTester next = tester(left).start()) {
      JsonNode disconnect = next.event("$disconnect").path("requestContext");

      for (String same : List.of("connectionId", "connectedAt", "authorizer", "domainName")) {
        assertEquals(connect.path(same), disconnect.path(same), same);
      }
      assertEquals("guest:ada", disconnect.at("/authorizer/user").asText());
      assertEquals("tester", disconnect.at("/identity/userAgent").asText());
      assertEquals("127.0.0.1", disconnect.at("/identity/sourceIp").asText());
      assertEquals(1006, disconnect.path("disconnectStatusCode").asInt());
      assertEquals("Connection Closed Abnormally", disconnect.path("disconnectReason").asText());
      Wait.until(() -> entries(left).isEmpty());
      assertTrue(next.hasNoEvent("$disconnect"));
    }
  }

  @Test
  void whatWasNotToldBeforeAStopIsToldAfterTheNextStart() throws Exception {
    try (GatewayTester stopped =
        tester(data).oneWay("$disconnect", _ -> sleepLongerThanAStopWaits()).start()) {
      stopped.connect();
      stopped.event("$connect");
    }
    assertEquals(1, entries(data).size());

    try (GatewayTester next = tester(data).start()) {
      assertEquals(
          1006, next.event("$disconnect").at("/requestContext/disconnectStatusCode").asInt());
    }
  }

  private static String sleepLongerThanAStopWaits() throws InterruptedException {
    Thread.sleep(20_000);
    return OK;
  }

  @Test
  void aConnectionThatEndedOrWasRefusedLeavesNothing() throws Exception {
    try (GatewayTester tester = tester(data).start()) {
      Client client = tester.connect();
      assertEquals(1, entries(data).size());
      assertThrows(ExecutionException.class, () -> tester.connect("?refuse=1"));
      assertEquals(1, entries(data).size());
      client.abort();

      Wait.until(() -> entries(data).isEmpty());
    }
  }

  @Test
  void aDamagedEntryCostsOnlyItself() throws Exception {
    Path left;
    try (GatewayTester killed = tester(data).start()) {
      killed.connect();
      left = left("left");
    }
    Path folder = left.resolve("connections");
    Path good = entries(left).getFirst();
    Files.copy(good, folder.resolve("of another name"));
    Files.writeString(folder.resolve("empty"), "");
    Files.writeString(folder.resolve("torn"), Files.readString(good).substring(0, 40));
    Files.writeString(folder.resolve("null"), "null");
    Files.write(folder.resolve("bytes"), new byte[] {0, (byte) 0xff, '{'});

    List<ConnectionJournal.Left> found = ConnectionJournal.in(left).left();

    assertEquals(1, found.size());
    assertEquals(List.of(good), entries(left));
  }

  @Test
  void aConnectionThatCannotBeWrittenDownIsServed() throws Exception {
    try (GatewayTester tester = tester(data).start()) {
      Files.delete(data.resolve("connections"));

      Client client = tester.connect();
      client.send("hello");

      assertEquals("hello", client.receive());
      client.abort();
      tester.event("$disconnect");
    }
  }
}
