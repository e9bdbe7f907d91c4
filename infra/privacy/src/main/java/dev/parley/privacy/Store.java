package dev.parley.privacy;

import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Where a stack keeps something of users: each table with the attribute that says of whom a row
/// is, what of a row its user is given, and what an erasure leaves of it. Whoever adds a table that
/// holds users adds it here.
///
/// docs/OPERATIONS.md prints all of it as a table; a test keeps the two equal.
@SuppressWarnings("ImmutableEnumChecker") // lists made by List.of do not change
enum Store {
  /// The connections that are open. A place among the members of a room is told to nobody, also not
  /// to its user: see [dev.parley.connection.Slot].
  CONNECTIONS(
      "ChatConnections",
      List.of("connection_id", "room_id"),
      "user",
      List.of(
          "sender",
          "joined_at",
          "removed",
          "allowance",
          "send_allowance",
          "connected_at",
          "rooms",
          "admin",
          "expires_at"),
      Erasure.DELETE),

  /// Roles and bans. One of the rows, whose `room_id` is no room's name, counts the rooms.
  ROLES(
      "ChatRoles",
      List.of("user", "room_id"),
      "user",
      List.of("role", "since", "banned_until", "other", "rooms", "expires_at"),
      Erasure.LEAVE),

  /// The roles of those who have a direct room with the user. It is theirs; the user is given what
  /// the row above says of it.
  DIRECT_ROOMS("ChatRoles", List.of("user", "room_id"), "other", List.of(), Erasure.FORGET_OWNER),

  SENDS(
      "ChatSends",
      List.of("send_id"),
      "send_id",
      List.of("timestamp", "digest", "expires_at"),
      Erasure.DELETE_SEND),

  MESSAGES(
      "ChatMessages",
      List.of("room_id", "timestamp"),
      "user",
      List.of("id", "sender", "message", "trace", "expires_at"),
      Erasure.KEEP_PLACE),

  SESSIONS(
      "ChatSessions",
      List.of("connection_id"),
      "user",
      List.of(
          "sender",
          "source_ip",
          "user_agent",
          "connected_at",
          "disconnected_at",
          "duration_seconds",
          "reason",
          "expires_at"),
      Erasure.DELETE),

  /// Rooms are everybody's; only who made one is of a user.
  ROOMS(
      "ChatRooms",
      List.of("room_id"),
      "created_by",
      List.of("created_at", "title"),
      Erasure.BLANK_OWNER);

  /// What an erasure does to a row.
  enum Erasure {
    DELETE,
    /// As above, and its message's timestamp is taken.
    DELETE_SEND,
    /// What was said goes, and its timestamp stays taken.
    KEEP_PLACE,
    /// The role goes as by `leave`, so that an owner has a successor and all counts stay right.
    LEAVE,
    /// The attribute that names the user goes.
    FORGET_OWNER,
    /// The attribute that names the user is empty: without it, the next to come would be named.
    BLANK_OWNER
  }

  private static final String SEND_ID = "send_id";

  private final String table;
  private final List<String> key;
  private final String owner;
  private final List<String> exported;
  private final Erasure erasure;

  Store(String table, List<String> key, String owner, List<String> exported, Erasure erasure) {
    this.table = table;
    this.key = key;
    this.owner = owner;
    this.exported = exported;
    this.erasure = erasure;
  }

  /// The table's logical id in the template.
  String table() {
    return table;
  }

  List<String> key() {
    return key;
  }

  /// The attribute that holds the user's id, alone or, of a send, between a room and an id.
  String owner() {
    return owner;
  }

  /// What a user is given of a row, beside its key and its owner; nothing at all where it is empty.
  List<String> exported() {
    return exported;
  }

  Erasure erasure() {
    return erasure;
  }

  /// What finds a user's rows in a scan, and perhaps some others: [#isOf] decides.
  String filter() {
    return owner.equals(SEND_ID) ? "contains(#owner, :owner)" : "#owner = :owner";
  }

  /// The value of `:owner`. A room and an id of a send have no `#`.
  String filterValue(String user) {
    return owner.equals(SEND_ID) ? "#" + user + "#" : user;
  }

  boolean isOf(String user, Map<String, AttributeValue> row) {
    AttributeValue found = row.get(owner);
    String value = found == null || found.s() == null ? "" : found.s();
    if (!owner.equals(SEND_ID)) {
      return value.equals(user);
    }
    int first = value.indexOf('#');
    int last = value.lastIndexOf('#');
    return first < last && value.substring(first + 1, last).equals(user);
  }
}
