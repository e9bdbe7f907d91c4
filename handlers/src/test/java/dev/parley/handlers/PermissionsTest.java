package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import dev.parley.role.Permission;
import dev.parley.role.Rank;
import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import java.time.InstantSource;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every action does what [Permission] says, for everybody, in every kind of room.
class PermissionsTest {
  private static final Map<String, String> ENVIRONMENT =
      TestTables.environment("JoinFunction", Map.of());
  private static final Map<
          String, RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse>>
      HANDLERS =
          Map.of(
              "join", new JoinHandler(ENVIRONMENT, InstantSource.system()),
              "quit", new QuitHandler(ENVIRONMENT, InstantSource.system()),
              "sendMessage", new SendMessageHandler(ENVIRONMENT, InstantSource.system()),
              "history", new HistoryHandler(ENVIRONMENT, InstantSource.system()),
              "members", new MembersHandler(ENVIRONMENT, InstantSource.system()),
              "rooms", new RoomsHandler(ENVIRONMENT, InstantSource.system()),
              "ping", new PingHandler(ENVIRONMENT, InstantSource.system()));

  /// Who tries.
  enum Who {
    OWNER,
    MODERATOR,
    MEMBER,
    STRANGER,
    BANNED,
    ADMIN,
    GUEST
  }

  /// Where it is tried.
  enum Where {
    PUBLIC(RoomKind.PUBLIC),
    PRIVATE(RoomKind.PRIVATE),
    DIRECT(RoomKind.DIRECT),
    ABSENT_PRIVATE(RoomKind.PRIVATE),
    ABSENT_DIRECT(RoomKind.DIRECT);

    final RoomKind kind;

    Where(RoomKind kind) {
      this.kind = kind;
    }

    boolean isThere() {
      return this == PUBLIC || this == PRIVATE || this == DIRECT;
    }
  }

  static Stream<Arguments> everything() {
    return Stream.of(Where.values())
        .flatMap(where -> Stream.of(Who.values()).map(who -> Arguments.of(where, who)));
  }

  @ParameterizedTest
  @MethodSource("everything")
  void everyActionDoesWhatTheTableSays(Where where, Who who) {
    for (Permission permission : Permission.values()) {
      Scene scene = new Scene(where, who);

      JsonNode reply = scene.play(permission);

      assertEquals(
          scene.expected(permission),
          reply.path("code").asText("allowed"),
          "%s, %s, %s: %s".formatted(permission, where, who, reply));
    }
  }

  /// A room, somebody who tries to do something in it, and a member to whom it is done.
  private static final class Scene {
    private final Where where;
    private final TestConnection actor;
    private final String target;
    private final String room;

    /// As which rank the actor is there.
    private final Rank rank;

    private final boolean joined;

    Scene(Where where, Who who) {
      this.where = where;
      boolean guest = who == Who.GUEST;
      this.actor = TestConnection.of(fresh(guest ? "guest:actor" : "actor"));
      this.target = fresh("target");
      this.room =
          switch (where) {
            case PUBLIC -> fresh("room");
            case PRIVATE -> privateRoom(who);
            case DIRECT -> directRoom(who);
            case ABSENT_PRIVATE -> RoomId.newPrivate().name();
            case ABSENT_DIRECT -> RoomId.direct(actor.user(), target).name();
          };
      if (who == Who.ADMIN) {
        actor.asAdmin();
      }
      if (where == Where.PUBLIC && who == Who.BANNED) {
        done(TestConnection.of(fresh("admin")).asAdmin(), "ban", actor.user());
      }
      this.rank = rank(who);
      this.joined = Permission.JOIN.allows(where.kind, rank);
      if (joined) {
        assertEquals("joined", send(actor, "join", "").path("type").asText());
      }
    }

    private Rank rank(Who who) {
      boolean direct = where == Where.DIRECT;
      return switch (who) {
        case OWNER -> where == Where.PRIVATE ? Rank.OWNER : direct ? Rank.MEMBER : Rank.STRANGER;
        case MODERATOR ->
            where == Where.PRIVATE ? Rank.MODERATOR : direct ? Rank.MEMBER : Rank.STRANGER;
        case MEMBER -> where == Where.PRIVATE || direct ? Rank.MEMBER : Rank.STRANGER;
        case ADMIN -> where == Where.PUBLIC ? Rank.ADMIN : Rank.STRANGER;
        case BANNED -> where.isThere() ? Rank.BANNED : Rank.STRANGER;
        case STRANGER, GUEST -> Rank.STRANGER;
      };
    }

    /// It has a target, a member.
    private String privateRoom(Who who) {
      TestConnection owner = who == Who.OWNER ? actor : TestConnection.of(fresh("owner"));
      String made = owner.role("{\"action\":\"createRoom\"}").path("room").asText();
      invite(owner, made, target);
      if (who == Who.MODERATOR || who == Who.MEMBER || who == Who.BANNED) {
        invite(owner, made, actor.user());
      }
      if (who == Who.MODERATOR) {
        owner.role(frame("setRole", made, actor.user(), ",\"role\":\"moderator\""));
      }
      if (who == Who.BANNED) {
        owner.role(frame("ban", made, actor.user(), ""));
      }
      return made;
    }

    /// Whose name is that of the actor and the target; but for a stranger, who knows another one.
    private String directRoom(Who who) {
      boolean stranger = who == Who.STRANGER || who == Who.ADMIN || who == Who.GUEST;
      TestConnection other = TestConnection.of(target);
      String user = stranger ? fresh("third") : actor.user();
      String made =
          other.role("{\"action\":\"createRoom\",\"user\":\"" + user + "\"}").path("room").asText();
      if (who == Who.BANNED) {
        other.role(frame("ban", made, actor.user(), ""));
      }
      return made;
    }

    private static void invite(TestConnection by, String room, String user) {
      assertEquals("invited", by.role(frame("invite", room, user, "")).path("type").asText());
    }

    private void done(TestConnection by, String action, String user) {
      assertTrue(!by.role(frame(action, room, user, "")).has("code"));
    }

    private static String frame(String action, String room, String user, String more) {
      return "{\"action\":\"%s\",\"room\":\"%s\",\"user\":\"%s\"%s}"
          .formatted(action, room, user, more);
    }

    private JsonNode send(TestConnection by, String action, String more) {
      return by.send(
          requireNonNull(HANDLERS.get(action)),
          "{\"action\":\"%s\",\"room\":\"%s\"%s}".formatted(action, room, more));
    }

    JsonNode play(Permission permission) {
      return switch (permission) {
        case CREATE_ROOM ->
            actor.role(
                where.kind == RoomKind.DIRECT
                    ? "{\"action\":\"createRoom\",\"user\":\"" + target + "\"}"
                    : "{\"action\":\"createRoom\"}");
        case SEND_MESSAGE -> send(actor, "sendMessage", ",\"message\":\"hello\"");
        case ROOMS, PING -> {
          String more = permission == Permission.PING ? ",\"rooms\":[\"" + room + "\"]" : "";
          JsonNode reply = send(actor, permission.action(), more);
          assertEquals(
              permission == Permission.PING && joined,
              reply.path("rooms").path(room).isNumber(),
              reply.toString());
          JsonNode mine = send(actor, "rooms", ",\"mine\":true");
          assertEquals(where.kind != RoomKind.PUBLIC && joined, mine.toString().contains(room));
          assertTrue(
              where.kind == RoomKind.PUBLIC || !send(actor, "rooms", "").toString().contains(room));
          yield reply;
        }
        case JOIN, QUIT, HISTORY, MEMBERS -> send(actor, permission.action(), "");
        case INVITE -> actor.role(frame("invite", room, fresh("new"), ""));
        case LEAVE -> actor.role(frame("leave", room, target, ""));
        case KICK, BAN, UNBAN -> actor.role(frame(permission.action(), room, target, ""));
        case SET_ROLE -> actor.role(frame("setRole", room, target, ",\"role\":\"moderator\""));
      };
    }

    String expected(Permission permission) {
      if (permission == Permission.ROOMS || permission == Permission.PING) {
        return "allowed"; // what is in the answer depends on who asks
      }
      if (permission == Permission.CREATE_ROOM) {
        // A room of the actor's own, or the one with the target, who may have banned the actor.
        return where == Where.DIRECT && rank == Rank.BANNED ? "banned" : "allowed";
      }
      boolean mayBeThere = permission.need() != Permission.Need.JOINED || joined;
      boolean ofOthers =
          permission.need() == Permission.Need.ONE_OF_BOTH
              && where.kind == RoomKind.DIRECT
              && !room.equals(RoomId.direct(actor.user(), target).name());
      if (mayBeThere && !ofOthers && permission.allows(where.kind, rank)) {
        return "allowed";
      }
      if (permission.need() == Permission.Need.JOINED) {
        return where.kind == RoomKind.PUBLIC ? "not_a_member" : "no_such_room";
      }
      return switch (rank) {
        case BANNED -> "banned";
        case STRANGER -> where.kind == RoomKind.PUBLIC ? "not_allowed" : "no_such_room";
        default -> "not_allowed";
      };
    }
  }
}
