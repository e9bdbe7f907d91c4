package dev.parley.connection;

import static dev.parley.connection.TestConnections.connection;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestTables;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SessionTableTest {
  private final SessionTable sessions =
      new SessionTable(TestTables.dynamoDb(), TestTables.settings());
  private final Instant now = Instant.now();
  private final Connection connection = connection(now);

  @Test
  void aSessionIsClosedOnce() {
    open();

    assertTrue(sessions.close(connection.id(), now, now.plusSeconds(61), "1001 Going away"));
    assertFalse(sessions.close(connection.id(), now, now.plusSeconds(99), "gone"));

    assertEquals(61, session().number("duration_seconds"));
    assertEquals("1001 Going away", session().string("reason"));
  }

  @Test
  void aSessionIsKeptForAsLongAsTheParameterSays() {
    Settings week =
        new Settings(
            TestTables.environment("ConnectFunction", Map.of("SESSION_RETENTION_DAYS", "7")));

    new ConnectionTable(TestTables.dynamoDb(), week)
        .open(
            connection,
            List.of(),
            TestTables::admission,
            now,
            List.of(new SessionTable(TestTables.dynamoDb(), week).opening(connection)));

    assertEquals(
        connection.connectedAt().plus(Duration.ofDays(7)).getEpochSecond(),
        session().number("expires_at"));
  }

  @Test
  void aSessionThatWasNeverOpenedIsNotClosed() {
    assertFalse(sessions.close(connection.id(), now, now.plusSeconds(1), "gone"));

    assertTrue(session().attributes().isEmpty());
  }

  @Test
  void whereItIsNotKnownWhenASessionBeganItHasNoDuration() {
    open();

    assertTrue(sessions.close(connection.id(), null, now.plusSeconds(61), "expired"));

    assertFalse(session().attributes().containsKey("duration_seconds"));
    assertEquals("expired", session().string("reason"));
  }

  private void open() {
    new ConnectionTable(TestTables.dynamoDb(), TestTables.settings())
        .open(
            connection,
            List.of(),
            TestTables::admission,
            now,
            List.of(sessions.opening(connection)));
  }

  private Row session() {
    return new Row(
        TestTables.dynamoDb()
            .getItem(
                get ->
                    get.tableName("ChatSessions")
                        .key(Map.of("connection_id", Row.s(connection.id().value()))))
            .item());
  }
}
