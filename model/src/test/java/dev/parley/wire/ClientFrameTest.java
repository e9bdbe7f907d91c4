package dev.parley.wire;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.parley.identity.Identity;
import dev.parley.message.Range;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientFrameTest {
  private static final Identity GUEST = new Identity("guest:1", "Ada");
  private static final Identity MEMBER = new Identity("ada@example.org", "Ada");

  @ParameterizedTest
  @ValueSource(strings = {"", "hello", "[]", "\"join\"", "42", "{", "{} {}", "{\"a\":}", "null"})
  void textThatIsNotOneObjectIsRefused(String text) {
    assertEquals(ErrorCode.INVALID_JSON, refusal(() -> ClientFrame.parse(text)));
  }

  @Test
  void aMissingTextIsRefused() {
    assertEquals(ErrorCode.INVALID_JSON, refusal(() -> ClientFrame.parse(null)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "room|{}|INVALID_ROOM",
        "room|{\"room\":null}|INVALID_ROOM",
        "room|{\"room\":\"\"}|INVALID_ROOM",
        "room|{\"room\":\"a b\"}|INVALID_ROOM",
        "room|{\"room\":\"$connection\"}|INVALID_ROOM",
        "room|{\"room\":\"ä\"}|INVALID_ROOM",
        "room|{\"room\":7}|INVALID_ROOM",
        "room|{\"room\":[\"a\"]}|INVALID_ROOM",
        "message|{}|INVALID_MESSAGE",
        "message|{\"message\":null}|INVALID_MESSAGE",
        "message|{\"message\":\"\"}|INVALID_MESSAGE",
        "message|{\"message\":\" \\n\\t \"}|INVALID_MESSAGE",
        "message|{\"message\":\"\\u00a0\\ufeff\\u001c\"}|INVALID_MESSAGE",
        "message|{\"message\":\"\\u3164\"}|INVALID_MESSAGE",
        "message|{\"message\":\"\\u200d\\ufe0f \\uffff\"}|INVALID_MESSAGE",
        "message|{\"message\":5}|INVALID_MESSAGE",
        "message|{\"message\":{\"text\":\"a\"}}|INVALID_MESSAGE",
        "message|{\"message\":\"half \\ud83d a pair\"}|INVALID_MESSAGE",
        "id|{\"id\":\"\"}|INVALID_ID",
        "id|{\"id\":\"a#b\"}|INVALID_ID",
        "id|{\"id\":1}|INVALID_ID",
        "sender|{\"sender\":\"\"}|INVALID_SENDER",
        "sender|{\"sender\":\"a\\u0007b\"}|INVALID_SENDER",
        "sender|{\"sender\":\"\\u3164\"}|INVALID_SENDER",
        "sender|{\"sender\":\"A\\u202eda\"}|INVALID_SENDER",
        "sender|{\"sender\":\"A  B\"}|INVALID_SENDER",
        "sender|{\"sender\":\"A\\u2028B\"}|INVALID_SENDER",
        "sender|{\"sender\":\"A\\uffff\"}|INVALID_SENDER",
        "sender|{\"sender\":[]}|INVALID_SENDER",
        "timestamp|{}|INVALID_TIMESTAMP",
        "timestamp|{\"timestamp\":null}|INVALID_TIMESTAMP",
        "timestamp|{\"timestamp\":\"1\"}|INVALID_TIMESTAMP",
        "timestamp|{\"timestamp\":-1}|INVALID_TIMESTAMP",
        "timestamp|{\"timestamp\":1.5}|INVALID_TIMESTAMP",
        "timestamp|{\"timestamp\":9007199254740992}|INVALID_TIMESTAMP",
        "why|{}|INVALID_WHY",
        "why|{\"why\":7}|INVALID_WHY",
        "why|{\"why\":\" \\u3164 \"}|INVALID_WHY",
        "why|{\"why\":\"half \\ud83d a pair\"}|INVALID_WHY",
        "after|{\"after\":\"1\"}|INVALID_AFTER",
        "after|{\"after\":1.5}|INVALID_AFTER",
        "after|{\"after\":-1}|INVALID_AFTER",
        "after|{\"after\":-1E999999999}|INVALID_AFTER",
        "after|{\"after\":9007199254740992}|INVALID_AFTER",
        "after|{\"after\":9007199254740993}|INVALID_AFTER",
        "after|{\"after\":9.007199254740992E15}|INVALID_AFTER",
        "range|{\"before\":true}|INVALID_BEFORE",
        "range|{\"before\":1E-5}|INVALID_BEFORE",
        "range|{\"before\":2,\"after\":1}|INVALID_RANGE",
        "limit|{\"limit\":0}|INVALID_LIMIT",
        "limit|{\"limit\":101}|INVALID_LIMIT",
        "limit|{\"limit\":\"10\"}|INVALID_LIMIT",
        "limit|{\"limit\":10.5}|INVALID_LIMIT",
        "limit|{\"limit\":1e400}|INVALID_LIMIT",
        "limit|{\"limit\":1E999999999}|INVALID_LIMIT",
        "limit|{\"limit\":-1.0}|INVALID_LIMIT",
        "members|{\"cursor\":\"abc\"}|INVALID_CURSOR",
        "members|{\"cursor\":\"93B885AD93B885AD93B885AD93B885AD\"}|INVALID_CURSOR",
        "members|{\"cursor\":12}|INVALID_CURSOR",
        "list|{\"cursor\":\"a/b\"}|INVALID_CURSOR",
        "mine|{\"mine\":\"true\"}|INVALID_MINE",
        "mine|{\"mine\":1}|INVALID_MINE",
        "user|{}|INVALID_USER",
        "user|{\"user\":\"\"}|INVALID_USER",
        "user|{\"user\":\"a b\"}|INVALID_USER",
        "user|{\"user\":7}|INVALID_USER",
        "user|{\"user\":\"guest:1\"}|INVALID_USER",
        "via|{\"via\":\"a b\"}|INVALID_ROOM",
        "title|{\"title\":\"\"}|INVALID_TITLE",
        "title|{\"title\":\"\\u202eevil\"}|INVALID_TITLE",
        "title|{\"title\":[\"a\"]}|INVALID_TITLE",
        "role|{}|INVALID_ROLE",
        "role|{\"role\":\"admin\"}|INVALID_ROLE",
        "role|{\"role\":\"Owner\"}|INVALID_ROLE",
        "role|{\"role\":1}|INVALID_ROLE",
        "seconds|{\"seconds\":0}|INVALID_SECONDS",
        "seconds|{\"seconds\":-1}|INVALID_SECONDS",
        "seconds|{\"seconds\":1.5}|INVALID_SECONDS",
        "seconds|{\"seconds\":315360001}|INVALID_SECONDS",
        "seconds|{\"seconds\":\"60\"}|INVALID_SECONDS",
        "rooms|{\"rooms\":\"a\"}|INVALID_ROOMS",
        "rooms|{\"rooms\":[1]}|INVALID_ROOMS",
        "rooms|{\"rooms\":[\"a\",\"b c\"]}|INVALID_ROOMS",
        "ref|{\"ref\":{}}|INVALID_REF",
        "ref|{\"ref\":true}|INVALID_REF",
        "ref|{\"ref\":1e400}|INVALID_REF",
        "ref|{\"ref\":1E999999999}|INVALID_REF",
        "ref|{\"ref\":1.5}|INVALID_REF",
        "ref|{\"ref\":-9007199254740992}|INVALID_REF",
        "ref|{\"ref\":\"half \\ud83d a pair\"}|INVALID_REF",
        "ref|{\"ref\":9007199254740992}|INVALID_REF"
      })
  void anInvalidFieldIsRefused(String field, String json, ErrorCode code) {
    ClientFrame frame = ClientFrame.parse(json);
    Function<ClientFrame, Object> read =
        switch (field) {
          case "room" -> ClientFrame::room;
          case "message" -> ClientFrame::message;
          case "id" -> ClientFrame::id;
          case "sender" -> f -> f.sender(GUEST);
          case "timestamp" -> ClientFrame::timestamp;
          case "why" -> ClientFrame::why;
          case "after" -> ClientFrame::after;
          case "range" -> ClientFrame::range;
          case "limit" -> ClientFrame::limit;
          case "members" -> ClientFrame::memberCursor;
          case "list" -> ClientFrame::roomCursor;
          case "mine" -> ClientFrame::mine;
          case "user" -> f -> f.user(GUEST);
          case "via" -> ClientFrame::via;
          case "title" -> ClientFrame::title;
          case "role" -> ClientFrame::role;
          case "seconds" -> ClientFrame::seconds;
          case "rooms" -> ClientFrame::rooms;
          case "ref" -> ClientFrame::ref;
          default -> throw new IllegalArgumentException(field);
        };

    assertEquals(code, refusal(() -> read.apply(frame)));
  }

  /// Gson and others write whole numbers like this.
  @Test
  void aWholeNumberMayBeWrittenWithAFractionOrAnExponent() {
    assertEquals(1, ClientFrame.parse("{\"limit\":1.0}").limit());
    assertEquals(100, ClientFrame.parse("{\"limit\":1e2}").limit());
    assertEquals(
        new Timestamp(1_795_600_000_000_000L), ClientFrame.parse("{\"after\":1.7956E15}").after());
    assertEquals(Timestamp.MIN, ClientFrame.parse("{\"after\":-0.0}").after());
    assertEquals(
        new Range.Before(new Timestamp(1_795_167_012_345_678L)),
        ClientFrame.parse("{\"before\":1.795167012345678E15}").range());
    assertEquals(Timestamp.MAX, ClientFrame.parse("{\"after\":9007199254740991.0}").after());
  }

  @Test
  void aRefIsRepeatedWithTheSameValue() {
    String emoji = "\ud83d\ude00";

    assertEquals("1", ref("1.0"));
    assertEquals("1795600000000000", ref("1.7956E15"));
    assertEquals("-9007199254740991", ref("-9007199254740991"));
    assertEquals("\"1.0\"", ref("\"1.0\""));
    assertEquals("\"" + emoji.repeat(64) + "\"", ref("\"" + emoji.repeat(64) + "\""));
    assertEquals(ErrorCode.INVALID_REF, refusal(() -> ref("\"" + emoji.repeat(65) + "\"")));
  }

  private static String ref(String json) {
    return Json.text(requireNonNull(ClientFrame.parse("{\"ref\":" + json + "}").ref()));
  }

  @Test
  void aMessageLosesTheSpaceAtItsEndsAndNothingElse() {
    assertEquals("a \u00a0 b", frame("message", "\ufeff\u00a0\u001ca \u00a0 b\u200b\n").message());
    assertEquals("\u202eabc\u0007", frame("message", "\u202eabc\u0007").message());
  }

  @Test
  void aMessageHasAtMost4000CharactersWhateverTheirBytes() {
    String emoji = "\ud83d\ude80";

    assertEquals(
        emoji.repeat(4_000), frame("message", "  " + emoji.repeat(4_000) + "\n").message());
    assertEquals(
        ErrorCode.INVALID_MESSAGE, refusal(() -> frame("message", emoji.repeat(4_001)).message()));
  }

  @Test
  void pingAsksForAtMost50Rooms() {
    String fifty = "\"r\",".repeat(49) + "\"s\"";

    assertEquals(2, ClientFrame.parse("{\"rooms\":[" + fifty + "]}").rooms().size());
    assertEquals(
        ErrorCode.INVALID_ROOMS,
        refusal(() -> ClientFrame.parse("{\"rooms\":[" + fifty + ",\"t\"]}").rooms()));
  }

  @Test
  void onlyAGuestChoosesASender() {
    assertEquals("Bob", frame("sender", " Bob ").sender(GUEST).sender());
    assertEquals("guest:1", frame("sender", "Bob").sender(GUEST).user());
    assertEquals(MEMBER, ClientFrame.parse("{}").sender(MEMBER));
    assertEquals(ErrorCode.INVALID_SENDER, refusal(() -> frame("sender", "Bob").sender(MEMBER)));
  }

  @Test
  void missingFieldsHaveDefaults() {
    ClientFrame empty = ClientFrame.parse("{}");

    assertEquals(RoomId.GLOBAL, empty.roomOr(RoomId.GLOBAL));
    assertEquals(new Range.Newest(), empty.range());
    assertEquals(50, empty.limit());
    assertNull(empty.ref());
    assertNull(empty.id());
    assertNull(empty.after());
  }

  private static ClientFrame frame(String name, String value) {
    return ClientFrame.parse(Json.text(Json.object().put(name, value)));
  }

  private static ErrorCode refusal(org.junit.jupiter.api.function.Executable action) {
    return assertThrows(Rejection.class, action).code();
  }

  @Test
  void validFieldsAreGivenAsTheyAre() {
    ClientFrame frame =
        ClientFrame.parse(
            "{\"room\":\"a\",\"rooms\":[\"b\",\"a\"],\"id\":\"i\",\"before\":7,\"cursor\":\"c\"}");

    assertEquals(new RoomId("a"), frame.room());
    assertEquals(Set.of(new RoomId("a"), new RoomId("b")), frame.rooms());
    assertEquals("i", frame.id());
    assertEquals(new Range.Before(new Timestamp(7)), frame.range());
    assertEquals(new RoomId("c"), frame.roomCursor());
    assertEquals(
        "0123456789abcdef0123456789abcdef",
        ClientFrame.parse("{\"cursor\":\"0123456789abcdef0123456789abcdef\"}").memberCursor());
  }
}
