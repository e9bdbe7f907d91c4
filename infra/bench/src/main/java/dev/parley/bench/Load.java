package dev.parley.bench;

import java.util.Locale;

/// What connections do beside being there. In rooms, one page in [Bill#HOURS] is in use,
/// and everybody stays for that many hours; else all pages are hidden, and nobody comes or
/// leaves.
///
/// @param members of each room, 0 for no rooms
/// @param messagesAnHour in each room
/// @param burstMembers of a first room of another size, 0 for none, in which is said so much for
///     so long
/// @param office connections that go at once and come back
record Load(
    String name,
    int members,
    double messagesAnHour,
    int burstMembers,
    double burstMessagesASecond,
    int burstSeconds,
    int office) {

  static Load idle() {
    return new Load("idle, all pages hidden", 0, 0, 0, 0, 0, 0);
  }

  static Load rooms(String name, int members, double messagesAnHour) {
    String text = String.format(Locale.ROOT, "%s, rooms of %,d", name, members);
    return new Load(text, members, messagesAnHour, 0, 0, 0, 0);
  }

  Load withBurst(int ofMembers, double messagesASecond, int seconds) {
    String text =
        String.format(
            Locale.ROOT,
            "%s; %.0f messages/s into a room of %,d for %d s",
            name,
            messagesASecond,
            ofMembers,
            seconds);
    return new Load(text, members, messagesAnHour, ofMembers, messagesASecond, seconds, office);
  }

  Load withOffice(int connections) {
    String text =
        String.format(Locale.ROOT, "%s; an office of %,d goes and comes back", name, connections);
    return new Load(
        text,
        members,
        messagesAnHour,
        burstMembers,
        burstMessagesASecond,
        burstSeconds,
        connections);
  }
}
