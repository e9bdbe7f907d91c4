package dev.parley.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Limits;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Person;
import dev.parley.connection.Removal;
import dev.parley.identity.Identity;
import dev.parley.message.Entry;
import dev.parley.message.Message;
import dev.parley.message.Page;
import dev.parley.platform.Trace;
import dev.parley.role.Role;
import dev.parley.role.Standing;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A reply to a client's frame: it travels as the route's response, to that client only. The `ref`
/// is added when it is encoded.
public final class Reply {
  private final ObjectNode json = Json.object();

  private Reply(String type) {
    json.put("type", type);
  }

  /// The bytes of a frame that a page of messages may take. The rest is for the fields around it,
  /// which take at most 1,350 bytes with `ref`.
  public static final int PAGE_BYTES_MAX = Limits.FRAME_BYTES_MAX - 2 * 1024;

  /// As whom a connection is known.
  ///
  /// @param expires when the connection's token expires; null where none ends it
  /// @param admin whether that token has the admin role
  public record You(Identity identity, @Nullable Instant expires, boolean admin) {
    private ObjectNode json() {
      ObjectNode json = Json.object().put("user", identity.user()).put("sender", identity.sender());
      if (expires != null) {
        json.put("expires", Timestamp.of(expires).micros());
      }
      if (admin) {
        json.put("admin", true);
      }
      return json;
    }
  }

  public static Reply joined(Room room, Page page, boolean complete, You you) {
    Reply reply = page("joined", room.id(), page);
    reply.json.put("head", micros(room.head()));
    if (room.title() != null) {
      reply.json.put("title", room.title());
    }
    reply.json.put("complete", complete);
    reply.json.set("you", you.json());
    return reply;
  }

  /// As whom a connection is known by another token.
  public static Reply authenticated(Instant now, You you) {
    Reply reply = new Reply("authenticated");
    reply.json.put("time", Timestamp.of(now).micros());
    reply.json.set("you", you.json());
    return reply;
  }

  public static Reply history(RoomId room, Page page, boolean complete) {
    Reply reply = page("history", room, page);
    reply.json.put("complete", complete);
    return reply;
  }

  /// A private room is there now.
  ///
  /// @param title null where it has none
  /// @param user the other user of a direct room, or null
  public static Reply created(RoomId room, @Nullable String title, @Nullable String user) {
    Reply reply = new Reply("created");
    reply.json.put("room", room.name());
    reply.json.put("title", title);
    if (user != null) {
      reply.json.put("user", user);
    }
    return reply;
  }

  public static Reply left(RoomId room) {
    Reply reply = new Reply("left");
    reply.json.put("room", room.name());
    return reply;
  }

  /// Something was done to a user in a room.
  ///
  /// @param type what, for example `kicked`
  public static Reply done(String type, RoomId room, String user) {
    Reply reply = new Reply(type);
    reply.json.put("room", room.name());
    reply.json.put("user", user);
    return reply;
  }

  /// A user has another role now.
  public static Reply roleSet(RoomId room, String user, Role role) {
    Reply reply = done("roleSet", room, user);
    reply.json.put("role", role.word());
    return reply;
  }

  private static Reply page(String type, RoomId room, Page page) {
    Reply reply = new Reply(type);
    reply.json.put("room", room.name());
    var messages = reply.json.putArray("messages");
    page.entries().forEach(entry -> messages.add(json(entry)));
    reply.json.put("more", page.more());
    return reply;
  }

  public static Reply quit(RoomId room) {
    Reply reply = new Reply("quit");
    reply.json.put("room", room.name());
    return reply;
  }

  public static Reply reported(RoomId room, Timestamp timestamp) {
    Reply reply = new Reply("reported");
    reply.json.put("room", room.name());
    reply.json.put("timestamp", timestamp.micros());
    return reply;
  }

  /// @param trace where the send's trace goes on, or null
  public static Reply sent(
      RoomId room, String id, Timestamp timestamp, Trace.@Nullable Context trace) {
    Reply reply = new Reply("sent");
    reply.json.put("room", room.name());
    reply.json.put("id", id);
    reply.json.put("timestamp", timestamp.micros());
    if (trace != null) {
      reply.json.put("trace", trace.traceId());
    }
    return reply;
  }

  /// @param cursor where the next page begins, or null
  public static Reply members(RoomId room, List<Person> page, @Nullable String cursor) {
    Reply reply = new Reply("members");
    reply.json.put("room", room.name());
    var members = reply.json.putArray("members");
    for (Person person : page) {
      ObjectNode member = members.addObject();
      member.put("user", person.user());
      member.put("sender", person.sender());
      member.put("connections", person.connections());
    }
    reply.json.put("cursor", cursor);
    return reply;
  }

  /// @param cursor where the next page begins, or null
  public static Reply rooms(List<Room> page, @Nullable RoomId cursor) {
    Reply reply = new Reply("rooms");
    var rooms = reply.json.putArray("rooms");
    for (Room room : page) {
      rooms.addObject().put("room", room.id().name()).put("head", micros(room.head()));
    }
    reply.json.put("cursor", cursor == null ? null : cursor.name());
    return reply;
  }

  /// The private rooms of the user who asks.
  ///
  /// @param rooms by name; one that is not there is left out
  /// @param cursor where the next page begins, or null
  public static Reply mine(List<Standing> page, Map<RoomId, Room> rooms, @Nullable RoomId cursor) {
    Reply reply = new Reply("rooms");
    var listed = reply.json.putArray("rooms");
    for (Standing standing : page) {
      Room room = rooms.get(standing.room());
      Role role = standing.role();
      if (room == null || role == null) {
        continue;
      }
      ObjectNode one = listed.addObject();
      one.put("room", room.id().name()).put("head", micros(room.head()));
      one.put("title", room.title()).put("role", role.word());
      if (standing.other() != null) {
        one.put("user", standing.other());
      }
    }
    reply.json.put("cursor", cursor == null ? null : cursor.name());
    return reply;
  }

  /// The head of a room that the connection is in is never null, which tells the client to join
  /// again. It is 0 where nothing was said yet. Where it is lost it is the time, which no client
  /// has seen as a head, so that each reads what it may have missed.
  ///
  /// @param rooms those that were asked for, in their order
  /// @param joined those of them that the connection is in
  /// @param removed those of them that somebody has taken the connection out of
  public static Reply pong(
      Instant now,
      You you,
      Collection<RoomId> rooms,
      Map<RoomId, Room> joined,
      Map<RoomId, Removal> removed) {
    Reply reply = new Reply("pong");
    Timestamp time = Timestamp.of(now);
    reply.json.put("time", time.micros());
    reply.json.set("you", you.json());
    ObjectNode heads = reply.json.putObject("rooms");
    for (RoomId id : rooms) {
      Room room = joined.get(id);
      heads.put(id.name(), micros(room == null ? null : head(room, time)));
    }
    if (!removed.isEmpty()) {
      ObjectNode reasons = reply.json.putObject("removed");
      removed.forEach((id, why) -> reasons.put(id.name(), why.word()));
    }
    return reply;
  }

  /// The answer to a message that only keeps the connection open: a `pong` without heads, which a
  /// page shows that shows the `message` of whatever comes.
  public static Reply heartbeat() {
    Reply reply = new Reply("pong");
    reply.json.put("message", "pong");
    return reply;
  }

  private static Timestamp head(Room room, Timestamp time) {
    Timestamp head = room.head();
    if (head != null) {
      return head;
    }
    return room.headLost() ? time : Timestamp.MIN;
  }

  private static @Nullable Long micros(@Nullable Timestamp timestamp) {
    return timestamp == null ? null : (Long) timestamp.micros();
  }

  public static Reply error(Rejection rejection) {
    Reply reply = new Reply("error");
    reply.json.put("code", rejection.code().code());
    reply.json.put("message", rejection.code().meaning());
    Duration retryAfter = rejection.retryAfter();
    if (retryAfter != null) {
      reply.json.put("retryAfterMs", retryAfter.toMillis());
    }
    Removal removal = rejection.removal();
    if (removal != null) {
      reply.json.put("reason", removal.word());
    }
    return reply;
  }

  /// Adds what the gateway knows of a connection, under the names that `GET @connections` uses.
  ///
  /// @param connectedAt ISO-8601
  /// @param lastActiveAt ISO-8601
  public Reply withConnection(
      ConnectionId connection,
      String connectedAt,
      String sourceIp,
      @Nullable String userAgent,
      String lastActiveAt) {
    json.put("connectionId", connection.value());
    json.put("connectedAt", connectedAt);
    json.putObject("identity").put("sourceIp", sourceIp).put("userAgent", userAgent);
    json.put("lastActiveAt", lastActiveAt);
    return this;
  }

  /// What may be logged of it, for example `sent` or `error not_a_member`.
  public String summary() {
    JsonNode code = json.get("code");
    String type = json.get("type").textValue();
    return code == null ? type : type + " " + code.textValue();
  }

  /// The frame.
  ///
  /// @param ref what the client sent along, or null
  public String encode(@Nullable JsonNode ref) {
    if (ref != null) {
      json.set("ref", ref);
    }
    return Json.text(json);
  }

  /// The size of an entry in a page, in bytes.
  public static int size(Entry entry) {
    return Json.bytes(json(entry)).length + 1;
  }

  private static ObjectNode json(Entry entry) {
    ObjectNode json = Json.object().put("timestamp", entry.timestamp().micros());
    return switch (entry) {
      case Message message ->
          json.put("id", message.id())
              .put("user", message.from().user())
              .put("sender", message.from().sender())
              .put("message", message.text());
      case Entry.Unreadable unreadable -> json.put("unreadable", true);
    };
  }
}
