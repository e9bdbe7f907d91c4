package dev.parley.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Limits;
import dev.parley.Text;
import dev.parley.identity.Identity;
import dev.parley.message.Range;
import dev.parley.role.Role;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A frame from a client, for example `{"action":"join","room":"lobby","ref":1}`. Each accessor
/// reads one field, and throws a [Rejection] where the field is not what the protocol says. A field
/// that is `null` counts as missing; fields of other names are ignored.
public final class ClientFrame {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final Pattern USER =
      Pattern.compile("[!-~]{1," + Limits.USER_CHARACTERS_MAX + "}");
  private static final Pattern SEALED = Pattern.compile("[0-9a-f]{32}");

  private final JsonNode fields;
  private final int bytes;

  private ClientFrame(JsonNode fields, int bytes) {
    this.fields = fields;
    this.bytes = bytes;
  }

  /// @throws Rejection `invalid_json` where the text is not one JSON object
  public static ClientFrame parse(@Nullable String text) {
    try {
      JsonNode node = Json.MAPPER.readTree(text == null ? "" : text);
      if (node instanceof ObjectNode) {
        return new ClientFrame(node, text == null ? 0 : text.getBytes(UTF_8).length);
      }
    } catch (JsonProcessingException e) {
      // The client is told below. The text must not be logged.
    }
    throw new Rejection(ErrorCode.INVALID_JSON);
  }

  /// How long it is, in UTF-8.
  public int bytes() {
    return bytes;
  }

  /// What the reply repeats, or null. A number is repeated without a fraction or an exponent.
  public @Nullable JsonNode ref() {
    JsonNode ref = field("ref");
    if (ref == null) {
      return null;
    }
    if (ref.isTextual()) {
      String text = ref.textValue();
      if (Text.codePoints(text) <= Limits.ID_CHARACTERS_MAX && Text.isWellFormed(text)) {
        return ref;
      }
    }
    Long number = wholeNumber(ref);
    if (number == null) {
      throw new Rejection(ErrorCode.INVALID_REF);
    }
    return LongNode.valueOf(number);
  }

  public RoomId room() {
    JsonNode room = field("room");
    if (room == null) {
      throw new Rejection(ErrorCode.INVALID_ROOM);
    }
    return room(room, ErrorCode.INVALID_ROOM);
  }

  /// The room, or `otherwise` where the client names none.
  public RoomId roomOr(RoomId otherwise) {
    JsonNode room = field("room");
    return room == null ? otherwise : room(room, ErrorCode.INVALID_ROOM);
  }

  /// At most 50 rooms; none where the field is missing.
  public Set<RoomId> rooms() {
    JsonNode rooms = field("rooms");
    Set<RoomId> found = new LinkedHashSet<>();
    if (rooms == null) {
      return found;
    }
    if (!rooms.isArray() || rooms.size() > Limits.ROOMS_PER_CONNECTION_MAX) {
      throw new Rejection(ErrorCode.INVALID_ROOMS);
    }
    rooms.forEach(room -> found.add(room(room, ErrorCode.INVALID_ROOMS)));
    return found;
  }

  /// The message's text, trimmed: `message`, or `data` where there is no `message`.
  public String message() {
    return shown(messageField(), Limits.MESSAGE_CHARACTERS_MAX, ErrorCode.INVALID_MESSAGE);
  }

  /// Whether this is the message's text, trimmed; not where it is no text.
  public boolean isMessage(String text) {
    JsonNode message = field(messageField());
    return message != null && message.isTextual() && Text.trim(message.textValue()).equals(text);
  }

  private String messageField() {
    return field("message") == null ? "data" : "message";
  }

  /// Why a message is reported, trimmed.
  public String why() {
    return shown("why", Limits.REPORT_CHARACTERS_MAX, ErrorCode.INVALID_WHY);
  }

  private String shown(String name, int charactersMax, ErrorCode otherwise) {
    JsonNode field = field(name);
    String text = field == null || !field.isTextual() ? "" : Text.trim(field.textValue());
    if (Text.isBlank(text) || Text.codePoints(text) > charactersMax || !Text.isWellFormed(text)) {
      throw new Rejection(otherwise);
    }
    return text;
  }

  public @Nullable String id() {
    return text("id", ID, ErrorCode.INVALID_ID);
  }

  /// Who is speaking: a guest may give another display name with each message.
  public Identity sender(Identity identity) {
    JsonNode sender = field("sender");
    if (sender == null) {
      return identity;
    }
    String name = sender.isTextual() ? Text.trim(sender.textValue()) : "";
    if (!identity.isGuest() || !Text.isName(name)) {
      throw new Rejection(ErrorCode.INVALID_SENDER);
    }
    return new Identity(identity.user(), name);
  }

  public @Nullable Timestamp after() {
    return timestamp("after", ErrorCode.INVALID_AFTER);
  }

  /// That of the message which the frame is about.
  public Timestamp timestamp() {
    Timestamp timestamp = timestamp("timestamp", ErrorCode.INVALID_TIMESTAMP);
    if (timestamp == null) {
      throw new Rejection(ErrorCode.INVALID_TIMESTAMP);
    }
    return timestamp;
  }

  /// `before` or `after`, or neither.
  public Range range() {
    Timestamp after = after();
    Timestamp before = timestamp("before", ErrorCode.INVALID_BEFORE);
    if (after != null && before != null) {
      throw new Rejection(ErrorCode.INVALID_RANGE);
    }
    if (after != null) {
      return new Range.After(after);
    }
    return before == null ? new Range.Newest() : new Range.Before(before);
  }

  public int limit() {
    JsonNode limit = field("limit");
    if (limit == null) {
      return Limits.PAGE_MESSAGES_DEFAULT;
    }
    Long number = wholeNumber(limit);
    if (number == null || number < 1 || number > Limits.PAGE_MESSAGES_MAX) {
      throw new Rejection(ErrorCode.INVALID_LIMIT);
    }
    return number.intValue();
  }

  /// The room that the client and an invited user are both in; null where it names none.
  public @Nullable RoomId via() {
    JsonNode via = field("via");
    return via == null ? null : room(via, ErrorCode.INVALID_ROOM);
  }

  /// Another user than the one who is asking.
  public String user(Identity asking) {
    String user = userOrNull(asking);
    if (user == null) {
      throw new Rejection(ErrorCode.INVALID_USER);
    }
    return user;
  }

  /// As above; null where the client names none.
  public @Nullable String userOrNull(Identity asking) {
    String user = text("user", USER, ErrorCode.INVALID_USER);
    if (asking.user().equals(user)) {
      throw new Rejection(ErrorCode.INVALID_USER);
    }
    return user;
  }

  /// What people call a room; null where the client gives no title.
  public @Nullable String title() {
    JsonNode title = field("title");
    if (title == null) {
      return null;
    }
    String text = title.isTextual() ? Text.trim(title.textValue()) : "";
    if (!Text.isName(text)) {
      throw new Rejection(ErrorCode.INVALID_TITLE);
    }
    return text;
  }

  public Role role() {
    JsonNode role = field("role");
    return Optional.ofNullable(role == null ? null : role.textValue())
        .flatMap(Role::of)
        .orElseThrow(() -> new Rejection(ErrorCode.INVALID_ROLE));
  }

  /// How long; null where the client does not say.
  public @Nullable Duration seconds() {
    JsonNode seconds = field("seconds");
    if (seconds == null) {
      return null;
    }
    Long number = wholeNumber(seconds);
    if (number == null || number < 1 || number > Limits.BAN_SECONDS_MAX) {
      throw new Rejection(ErrorCode.INVALID_SECONDS);
    }
    return Duration.ofSeconds(number);
  }

  /// Whether only the client's own private rooms are asked for.
  public boolean mine() {
    JsonNode mine = field("mine");
    if (mine != null && !mine.isBoolean()) {
      throw new Rejection(ErrorCode.INVALID_MINE);
    }
    return mine != null && mine.booleanValue();
  }

  /// Where a page of members begins.
  public @Nullable String memberCursor() {
    return text("cursor", SEALED, ErrorCode.INVALID_CURSOR);
  }

  /// Where a page of rooms begins.
  public @Nullable RoomId roomCursor() {
    JsonNode cursor = field("cursor");
    return cursor == null ? null : room(cursor, ErrorCode.INVALID_CURSOR);
  }

  /// A token, as its issuer has written it. It must not be logged.
  public String token() {
    JsonNode token = field("token");
    if (token == null || !token.isTextual()) {
      throw new Rejection(ErrorCode.INVALID_TOKEN);
    }
    return token.textValue();
  }

  private static RoomId room(JsonNode room, ErrorCode otherwise) {
    if (!room.isTextual() || !RoomId.valid(room.textValue())) {
      throw new Rejection(otherwise);
    }
    return new RoomId(room.textValue());
  }

  private @Nullable Timestamp timestamp(String name, ErrorCode otherwise) {
    JsonNode value = field(name);
    if (value == null) {
      return null;
    }
    Long micros = wholeNumber(value);
    if (micros == null || micros < 0) {
      throw new Rejection(otherwise);
    }
    return new Timestamp(micros);
  }

  /// A whole number below 2^53 in magnitude, however it is written: some libraries write `1.0` and
  /// `1.7956E15`. It is what JavaScript would read, so that below 2^53 it is exact.
  private static @Nullable Long wholeNumber(JsonNode value) {
    double number = value.doubleValue();
    return value.isNumber() && number == Math.rint(number) && Math.abs(number) <= Limits.NUMBER_MAX
        ? (Long) (long) number
        : null;
  }

  private @Nullable String text(String name, Pattern pattern, ErrorCode otherwise) {
    JsonNode value = field(name);
    if (value == null) {
      return null;
    }
    if (!value.isTextual() || !pattern.matcher(value.textValue()).matches()) {
      throw new Rejection(otherwise);
    }
    return value.textValue();
  }

  private @Nullable JsonNode field(String name) {
    JsonNode value = fields.get(name);
    return value == null || value.isNull() ? null : value;
  }
}
