package dev.parley.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.parley.Extremes;
import dev.parley.Limits;
import dev.parley.connection.Person;
import dev.parley.identity.Identity;
import dev.parley.message.Entry;
import dev.parley.message.Page;
import dev.parley.message.Range;
import dev.parley.role.Role;
import dev.parley.role.Standing;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReplyTest {
  private static final JsonNode REF = TextNode.valueOf("\uffff".repeat(64));

  private final Identity longest =
      new Identity("\"".repeat(128), "\ud83d\ude00".repeat(Limits.SENDER_CHARACTERS_MAX));
  private final RoomId room = new RoomId(Extremes.id("r"));
  private final Room known = new Room(room, Timestamp.MAX, "1", Timestamp.MAX.instant(), null);

  @Test
  void theFieldsAroundAPageFitBesideIt() {
    Page empty = new Page(new Range.Newest(), List.of(), false);

    Reply.You you = new Reply.You(longest, Timestamp.MAX.instant(), true);
    int bytes = bytes(Reply.joined(known, empty, false, you));

    assertTrue(bytes > 1_000 && bytes <= 1_350, bytes + " bytes");
    assertTrue(Reply.PAGE_BYTES_MAX + 1_350 <= Limits.FRAME_BYTES_MAX);
    assertTrue(bytes(Reply.history(room, empty, false)) < bytes);
  }

  @Test
  void anUnreadableEntryHasATimestampOnly() throws Exception {
    Page page =
        new Page(new Range.Newest(), List.of(new Entry.Unreadable(new Timestamp(7))), false);

    JsonNode reply = Json.MAPPER.readTree(Reply.history(room, page, true).encode(null));

    assertEquals("[{\"timestamp\":7,\"unreadable\":true}]", reply.path("messages").toString());
  }

  @Test
  void aFullPageOfTheLongestMembersIsOneFrame() {
    Person member = new Person(longest.user(), longest.sender(), Integer.MAX_VALUE);

    List<Person> full = IntStream.range(0, Limits.PAGE_MEMBERS_MAX).mapToObj(i -> member).toList();

    int bytes = bytes(Reply.members(room, full, "ffffffff"));
    assertTrue(bytes <= Limits.FRAME_BYTES_MAX, bytes + " bytes");
    Random random = new Random(5);
    for (int i = 0; i < 1_000; i++) {
      Identity other = new Identity(Extremes.user(random), Extremes.name(random));
      Person another = new Person(other.user(), other.sender(), 1_000);
      assertTrue(
          bytes(Reply.members(room, List.of(another), null))
              <= bytes(Reply.members(room, List.of(member), null)),
          other.toString());
    }
  }

  @Test
  void aFullPageOfTheLongestRoomsIsOneFrame() {
    List<Room> full = IntStream.range(0, Limits.PAGE_ROOMS_MAX).mapToObj(i -> known).toList();

    int bytes = bytes(Reply.rooms(full, room));

    assertTrue(bytes <= Limits.FRAME_BYTES_MAX, bytes + " bytes");
  }

  @Test
  void aFullPageOfOnesOwnLongestRoomsIsOneFrame() {
    String title = longest.sender();
    RoomId direct = RoomId.direct("a", "b");
    for (RoomId id : List.of(RoomId.newPrivate(), direct)) {
      boolean isDirect = id.equals(direct);
      Room mine =
          new Room(id, Timestamp.MAX, "1", null, null, null, "salt", isDirect ? null : title);
      Standing standing =
          Standing.none(longest.user(), id).as(Role.MODERATOR, isDirect ? "\"".repeat(128) : null);
      List<Standing> full =
          IntStream.range(0, Limits.PAGE_MY_ROOMS_MAX).mapToObj(i -> standing).toList();

      int bytes = bytes(Reply.mine(full, Map.of(id, mine), id));

      assertTrue(bytes <= Limits.FRAME_BYTES_MAX, bytes + " bytes");
    }
  }

  private static int bytes(Reply reply) {
    return reply.encode(REF).getBytes(UTF_8).length;
  }
}
