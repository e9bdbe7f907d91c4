package dev.parley.role;

import static dev.parley.role.Rank.ADMIN;
import static dev.parley.role.Rank.BANNED;
import static dev.parley.role.Rank.MEMBER;
import static dev.parley.role.Rank.MODERATOR;
import static dev.parley.role.Rank.OWNER;
import static dev.parley.role.Rank.STRANGER;

import dev.parley.room.RoomKind;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/// Who may do what, in which kind of room: the one table of all actions. docs/PROTOCOL.md prints
/// it; a test keeps the two equal.
///
/// Actions of a connection that [Need#JOINED] look at nothing but its membership, so that a send
/// reads no role: who may not be in a room is not in it.
@SuppressWarnings("ImmutableEnumChecker") // its sets are made by Set.of
public enum Permission {
  CREATE_ROOM("createRoom", Need.NOTHING, nobody(), everybody(), Set.of(STRANGER, MEMBER)),
  JOIN("join", Need.NOTHING, others(), roles(), both()),
  QUIT("quit", Need.JOINED, others(), roles(), both()),
  SEND_MESSAGE("sendMessage", Need.JOINED, others(), roles(), both()),
  HISTORY("history", Need.JOINED, others(), roles(), both()),
  MEMBERS("members", Need.JOINED, others(), roles(), both()),
  ROOMS("rooms", Need.NOTHING, everybody(), roles(), both()),
  PING("ping", Need.JOINED, others(), roles(), both()),
  INVITE("invite", Need.NOTHING, nobody(), Set.of(OWNER, MODERATOR), nobody()),
  LEAVE("leave", Need.NOTHING, nobody(), roles(), both()),
  KICK("kick", Need.OUTRANKS, Set.of(ADMIN), Set.of(OWNER, MODERATOR), nobody()),
  BAN("ban", Need.OUTRANKS, Set.of(ADMIN), Set.of(OWNER, MODERATOR), both()),
  UNBAN(
      "unban", Need.ONE_OF_BOTH, Set.of(ADMIN), Set.of(OWNER, MODERATOR), Set.of(STRANGER, MEMBER)),
  SET_ROLE("setRole", Need.OUTRANKS, nobody(), Set.of(OWNER), nobody());

  /// What an action needs beside the rank.
  public enum Need {
    NOTHING(""),
    /// The connection is in the room.
    JOINED("has joined"),
    /// The user that the action names is another one, of a lower rank; in a direct room the other
    /// one.
    OUTRANKS("outranks the user it names"),
    /// In a direct room, the room is that of the two users, the one who asks and the one that the
    /// action names: who has left it lifts a ban that nobody else can.
    ONE_OF_BOTH("is one of the two users of a direct room");

    private final String words;

    Need(String words) {
      this.words = words;
    }
  }

  private final String action;
  private final Need need;
  private final Set<Rank> inPublic;
  private final Set<Rank> inPrivate;
  private final Set<Rank> inDirect;

  Permission(
      String action, Need need, Set<Rank> inPublic, Set<Rank> inPrivate, Set<Rank> inDirect) {
    this.action = action;
    this.need = need;
    this.inPublic = inPublic;
    this.inPrivate = inPrivate;
    this.inDirect = inDirect;
  }

  private static Set<Rank> nobody() {
    return Set.of();
  }

  private static Set<Rank> everybody() {
    return Set.of(Rank.values());
  }

  private static Set<Rank> roles() {
    return Set.of(OWNER, MODERATOR, MEMBER);
  }

  /// Of a direct room.
  private static Set<Rank> both() {
    return Set.of(MEMBER);
  }

  /// In a public room, whoever is not banned.
  private static Set<Rank> others() {
    return Set.of(STRANGER, ADMIN);
  }

  /// The action's name on the wire.
  public String action() {
    return action;
  }

  public Need need() {
    return need;
  }

  /// Who may do it in a room of a kind.
  public Set<Rank> allowed(RoomKind kind) {
    return switch (kind) {
      case PUBLIC -> inPublic;
      case PRIVATE -> inPrivate;
      case DIRECT -> inDirect;
    };
  }

  /// Whether somebody may do it, as far as the rank tells.
  public boolean allows(RoomKind kind, Rank who) {
    return allowed(kind).contains(who);
  }

  /// Whether somebody may do it to another user.
  public boolean allows(RoomKind kind, Rank who, Rank whom) {
    return allows(kind, who)
        && (need != Need.OUTRANKS || kind == RoomKind.DIRECT || who.outranks(whom));
  }

  /// The table as the documents print it, in Markdown.
  public static String table() {
    String head =
        """
        | action | in a public room | in a private room | in a direct room | who also |
        |---|---|---|---|---|
        """;
    return Arrays.stream(values())
        .map(
            permission ->
                "| `%s` | %s | %s | %s | %s |\n"
                    .formatted(
                        permission.action,
                        words(permission.inPublic),
                        words(permission.inPrivate),
                        words(permission.inDirect),
                        permission.need.words))
        .collect(Collectors.joining("", head, ""))
        .replace("|  |", "| |");
  }

  private static String words(Set<Rank> ranks) {
    if (ranks.isEmpty()) {
      return "nobody";
    }
    if (ranks.equals(everybody())) {
      return "everybody";
    }
    Set<Rank> sorted = EnumSet.copyOf(ranks);
    return ranks.contains(STRANGER) && !ranks.contains(BANNED)
        ? "whoever is not banned"
        : sorted.stream().map(Rank::word).collect(Collectors.joining(", "));
  }
}
