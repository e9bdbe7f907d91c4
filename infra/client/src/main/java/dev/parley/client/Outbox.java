package dev.parley.client;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What somebody wants to say, until it is answered, and the answers. It outlives a [Client]: the
/// next one that is made with it goes on where the last one stopped.
///
/// Safe for use by several threads.
public final class Outbox {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final List<Send> waiting = new ArrayList<>();
  private final Map<String, Long> sent = new HashMap<>();
  private final Map<String, String> failed = new HashMap<>();

  /// @param attemptedAtMs when it was sent for the first time, in epoch milliseconds of the
  ///     server's clock; 0 for not yet
  /// @param after the newest timestamp that was known in the room then
  record Send(String room, String id, String text, long attemptedAtMs, long after) {}

  synchronized String add(String room, String text) {
    byte[] id = new byte[18];
    RANDOM.nextBytes(id);
    Send send =
        new Send(room, Base64.getUrlEncoder().withoutPadding().encodeToString(id), text, 0, 0);
    waiting.add(send);
    return send.id();
  }

  /// The one that is next in a room.
  synchronized @Nullable Send first(String room) {
    return waiting.stream().filter(send -> send.room().equals(room)).findFirst().orElse(null);
  }

  /// Notes the first attempt, before it is made.
  synchronized Send attempt(Send send, long nowMs, long after) {
    if (send.attemptedAtMs() != 0) {
      return send;
    }
    Send attempted = new Send(send.room(), send.id(), send.text(), nowMs, after);
    waiting.replaceAll(other -> other.id().equals(send.id()) ? attempted : other);
    return attempted;
  }

  synchronized void sent(String id, long timestamp) {
    if (waiting.removeIf(send -> send.id().equals(id))) {
      sent.put(id, timestamp);
    }
  }

  synchronized void failed(String id, String why) {
    if (waiting.removeIf(send -> send.id().equals(id))) {
      failed.put(id, why);
    }
  }

  synchronized Set<String> rooms() {
    return waiting.stream().map(Send::room).collect(Collectors.toSet());
  }

  /// How many are not answered yet.
  public synchronized int waiting() {
    return waiting.size();
  }

  synchronized boolean isWaiting(String id) {
    return waiting.stream().anyMatch(send -> send.id().equals(id));
  }

  /// By id, the timestamps of those that are in the table.
  public synchronized Map<String, Long> sent() {
    return Map.copyOf(sent);
  }

  /// By id, why the others are not.
  public synchronized Map<String, String> failed() {
    return Map.copyOf(failed);
  }
}
