package dev.parley.e2e;

import dev.parley.client.Client;
import dev.parley.client.Outbox;
import dev.parley.client.TokenSource;
import dev.parley.client.Waits;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The client in Java.
final class JavaParticipant implements Participant {
  private final URI url;
  private final String name;
  private final String secret;
  private final @Nullable TokenSource tokens;
  private final Waits waits;
  private final Outbox outbox = new Outbox();
  private final Set<String> rooms = new TreeSet<>();
  private final Map<String, String> texts = new ConcurrentHashMap<>();
  private Client client;

  JavaParticipant(URI url, String name, String secret, Waits waits) {
    this(url, name, secret, null, waits);
  }

  /// @param tokens of a user who signs in; null for a guest
  JavaParticipant(URI url, String name, String secret, @Nullable TokenSource tokens, Waits waits) {
    this.url = url;
    this.tokens = tokens;
    this.waits = waits;
    this.name = name;
    this.secret = secret;
    this.client = begin();
  }

  private Client begin() {
    return tokens == null
        ? new Client(url, name, secret, waits, outbox)
        : new Client(url, tokens, waits, outbox);
  }

  @Override
  public void join(String room) {
    rooms.add(room);
    client.join(room);
  }

  @Override
  public void quit(String room) {
    rooms.remove(room);
    client.quit(room);
  }

  @Override
  public void send(String room, String text) {
    texts.put(client.send(room, text), text);
  }

  @Override
  public void older(String room) {
    Client scrolling = client;
    Thread.startVirtualThread(
        () -> {
          try {
            scrolling.older(room);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Override
  public void hint() {
    client.hint();
  }

  @Override
  public void reload() {
    client.close();
    client = begin();
    rooms.forEach(client::join);
  }

  @Override
  public int waiting() {
    return outbox.waiting();
  }

  @Override
  public State state() {
    return new State(client.shown(), byText(outbox.sent()), byText(outbox.failed()));
  }

  private <T> Map<String, T> byText(Map<String, T> byId) {
    return new HashMap<>(
        byId.entrySet().stream()
            .collect(Collectors.toMap(of -> texts.get(of.getKey()), Map.Entry::getValue)));
  }

  @Override
  public void close() {
    client.close();
  }
}
