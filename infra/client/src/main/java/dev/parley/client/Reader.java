package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;

/// Joins, repairs and quits one room, one after the other, so that there is one read at a time. It
/// has no state of its own: what is to be done is decided by the [Room].
final class Reader {
  private final Room room;
  private final Room.Surroundings around;

  Reader(Room room, Room.Surroundings around) {
    this.room = room;
    this.around = around;
  }

  /// Keeps what is shown of the room up to date, until it is interrupted.
  void run() throws InterruptedException {
    while (true) {
      Connection connection = around.connections().await();
      try {
        switch (room.awaitTask(connection)) {
          case JOIN -> read(connection, "join");
          case REPAIR -> read(connection, "history");
          case QUIT -> quit(connection);
          case REACH_NOW -> older();
          case null -> {} // there is another connection
        }
      } catch (Unanswered lost) {
        // The next connection is joined anew.
      }
    }
  }

  private void read(Connection connection, String firstAction)
      throws Unanswered, InterruptedException {
    Clock.Moment begun = around.clock().moment();
    Timeline.Read read = room.begin();
    for (String action = firstAction; !read.isDone(); action = "history") {
      connection.register(room.name());
      JsonNode reply = connection.ask(action, room.bounds("after", read.after()), around.waits());
      boolean joins = action.equals("join");
      if (Room.isError(reply)) {
        if (joins) {
          room.refused(reply.path("code").asText());
        } else {
          room.outside(connection, reply.path("code").asText());
        }
        return;
      }
      Timeline.Read next =
          joins
              ? room.joined(connection, reply, read, begun)
              : room.read(read, Page.of(reply), begun);
      if (next != read) {
        begun = around.clock().moment();
        read = next;
      }
    }
  }

  private void quit(Connection connection) throws Unanswered, InterruptedException {
    // not_a_member is what was wanted, too
    connection.ask("quit", room.bounds("", null), around.waits());
    room.quit(connection);
  }

  /// Fetches the page before the stretch, and goes on where none of its rows is a message.
  ///
  /// @return false where there is none
  boolean older() throws InterruptedException {
    while (true) {
      Connection connection = around.connections().await();
      Timeline.OlderRead read = room.beginOlder();
      if (read.before() == null) {
        return false;
      }
      try {
        JsonNode reply =
            connection.ask("history", room.bounds("before", read.before()), around.waits());
        if (Room.isError(reply)) {
          room.outside(connection, reply.path("code").asText());
          return false;
        }
        Page page = Page.of(reply);
        boolean shows = !page.messages().isEmpty() || page.isEmpty();
        if (room.readOlder(read, page) && shows) {
          return true;
        }
      } catch (Unanswered lost) {
        // Again on the next connection.
      }
    }
  }
}
