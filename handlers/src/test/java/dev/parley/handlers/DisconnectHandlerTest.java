package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.serialization.factories.JacksonFactory;
import dev.parley.TestContext;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.table.Row;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sqs.model.Message;

class DisconnectHandlerTest {
  private static final Map<String, String> ENVIRONMENT =
      TestTables.environment("DisconnectFunction", TestSqs.environment());

  private final String room = fresh("room");

  @Test
  void theSessionIsClosedWithTheCloseCodeAndTheReason() {
    TestConnection ada = TestConnection.open(room);
    Instant closed = ada.connectedAt().plusSeconds(90);

    handle(event(ada, closeCode(1001, "Going away")), closed);

    Row session = ada.session();
    assertEquals("1001 Going away", session.string("reason"));
    assertEquals(closed.toEpochMilli(), session.number("disconnected_at"));
    assertEquals(90, session.number("duration_seconds"));
  }

  @Test
  void theConnectionLosesItsMembershipsAndItsRowAndOthersKeepTheirs() {
    String other = fresh("other");
    TestConnection ada = TestConnection.open(room, other);
    TestConnection bob = TestConnection.open(room, other);

    handle(event(ada, closeCode(1000, "")));

    assertEquals(List.of(), rows(ada));
    assertEquals(Set.of(room, other), bob.rooms(room, other));
  }

  /// Else nothing would be left that closes the session.
  @Test
  void aConnectionWhoseSessionCannotBeClosedKeepsItsRows() {
    TestConnection ada = TestConnection.open(room);
    Map<String, String> withoutSessions = new HashMap<>(ENVIRONMENT);
    withoutSessions.put("CHAT_SESSIONS_TABLE", "Nowhere");
    DisconnectHandler handler = new DisconnectHandler(withoutSessions, InstantSource.system());

    assertThrows(
        ResourceNotFoundException.class,
        () -> handler.handleRequest(event(ada, closeCode(1000, "")), new TestContext()));

    assertEquals(2, rows(ada).size());
  }

  @Test
  void theMembershipsOfAConnectionInMoreThan10RoomsAreLeftToThePruneFunction() {
    TestConnection ten = TestConnection.open(rooms(10));
    TestConnection eleven = TestConnection.open(rooms(11));

    handle(event(ten, closeCode(1000, "")));
    handle(event(eleven, closeCode(1000, "")));

    assertEquals(List.of(), rows(ten));
    assertEquals(11, rows(eleven).size());
    assertTrue(rows(eleven).stream().noneMatch(row -> row.string("room_id").equals("$connection")));
    String queue = ENVIRONMENT.getOrDefault("PRUNE_CONNECTIONS_QUEUE_URL", "");
    Set<String> either = Set.of(ten.id().value(), eleven.id().value());
    List<Message> enqueued = TestSqs.take(queue, message -> either.contains(message.body()), 1);
    enqueued.addAll(TestSqs.takeAll(queue, message -> either.contains(message.body())));
    assertEquals(List.of(eleven.id().value()), enqueued.stream().map(Message::body).toList());
  }

  @Test
  void aSecondDisconnectChangesNothing() {
    TestConnection ada = TestConnection.open(room);
    handle(event(ada, closeCode(1000, "")));
    Row closed = ada.session();

    handle(event(ada, closeCode(1006, "again")), Instant.now().plusSeconds(60));

    assertEquals(closed, ada.session());
    assertEquals("1000", closed.string("reason"));
  }

  @Test
  void aDisconnectOfAConnectionThatWasNeverOpenedWritesNothing() {
    TestConnection refused = TestConnection.closed();

    handle(event(refused, closeCode(1006, "")));

    assertEquals(List.of(), rows(refused));
    assertTrue(refused.session().attributes().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"disconnectStatusCode\":1005",
        "\"disconnectStatusCode\":1005,\"disconnectReason\":null",
        "\"disconnectStatusCode\":1005,\"disconnectReason\":\" \"",
        "\"disconnectStatusCode\":\"1005\",\"disconnectReason\":\"\"",
        "\"disconnectStatusCode\":1005,\"somethingNew\":{\"a\":[1]}"
      })
  void withoutAReasonTheCloseCodeStandsAlone(String fields) {
    TestConnection ada = TestConnection.open(room);

    handle(event(ada, fields));

    assertEquals("1005", ada.session().string("reason"));
    assertEquals(List.of(), rows(ada));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"x\":1", "\"connectedAt\":null", "\"connectedAt\":-1"})
  void withoutATimeOfConnectingTheSessionHasNoDuration(String field) {
    TestConnection ada = TestConnection.open(room);

    handle(
        parse(
            "{\"requestContext\":{\"connectionId\":\"%s\",\"disconnectStatusCode\":1000,%s}}"
                .formatted(ada.id(), field)));

    assertEquals("1000", ada.session().string("reason"));
    assertFalse(ada.session().attributes().containsKey("duration_seconds"));
  }

  @Test
  void whereTheGatewaysClockIsAheadTheDurationIsZero() {
    TestConnection ada = TestConnection.open(room);

    handle(event(ada, closeCode(1000, "")), ada.connectedAt().minus(Duration.ofSeconds(2)));

    assertEquals(0, ada.session().number("duration_seconds"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"requestContext\":null}",
        "{\"requestContext\":{}}",
        "{\"requestContext\":{\"connectionId\":\"a b\"}}"
      })
  void anEventWithoutAConnectionFails(String event) {
    assertThrows(RuntimeException.class, () -> handle(parse(event)));
  }

  private static void handle(DisconnectHandler.Event event) {
    handle(event, Instant.now());
  }

  private static void handle(DisconnectHandler.Event event, Instant now) {
    int status =
        new DisconnectHandler(ENVIRONMENT, InstantSource.fixed(now))
            .handleRequest(event, new TestContext())
            .getStatusCode();
    assertEquals(200, status);
  }

  private static String closeCode(int code, String reason) {
    return "\"disconnectStatusCode\":%d,\"disconnectReason\":\"%s\"".formatted(code, reason);
  }

  private static DisconnectHandler.Event event(TestConnection connection, String fields) {
    return parse(
        "{\"requestContext\":{\"connectionId\":\"%s\",\"connectedAt\":%d,%s}}"
            .formatted(connection.id(), connection.connectedAt().toEpochMilli(), fields));
  }

  /// As Lambda reads it.
  private static DisconnectHandler.Event parse(String json) {
    return JacksonFactory.getInstance()
        .getSerializer(DisconnectHandler.Event.class)
        .fromJson(new ByteArrayInputStream(json.getBytes(UTF_8)));
  }

  private static String[] rooms(int count) {
    return Stream.generate(() -> fresh("room")).limit(count).toArray(String[]::new);
  }

  /// All rows of a connection in ChatConnections.
  private static List<Row> rows(TestConnection connection) {
    return TestTables.dynamoDb()
        .query(
            query ->
                query
                    .tableName("ChatConnections")
                    .consistentRead(true)
                    .keyConditionExpression("connection_id = :id")
                    .expressionAttributeValues(Map.of(":id", Row.s(connection.id().value()))))
        .items()
        .stream()
        .map(Row::new)
        .toList();
  }
}
