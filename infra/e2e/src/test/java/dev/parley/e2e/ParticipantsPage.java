package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import dev.parley.client.Message;
import dev.parley.client.Stretch;
import dev.parley.client.TokenSource;
import dev.parley.client.Wait;
import dev.parley.client.Waits;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/// A browser with a page in which participants run the client of `web/client/`, any number of them.
///
/// Safe for use by several threads: one of its own talks to the browser.
final class ParticipantsPage implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// How long a page counts as used that was loaded. Then its waits grow with the silence.
  private static final long USE_MS = 5_000;

  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private final HttpServer site;

  /// By name, of those who sign in.
  private final Map<String, TokenSource> tokens = new ConcurrentHashMap<>();

  private final Playwright playwright;
  private final Browser browser;
  private @Nullable Page page;

  /// @param files of the site
  ParticipantsPage(Path files) throws Exception {
    site =
        SimpleFileServer.createFileServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            files.toRealPath(),
            SimpleFileServer.OutputLevel.NONE);
    site.createContext("/token", this::answerToken);
    site.start();
    playwright = here(TestBrowser::playwright);
    browser = here(() -> TestBrowser.launch(playwright));
  }

  /// `/token?<name>`: a token of somebody who signs in.
  private void answerToken(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] token =
          requireNonNull(tokens.get(exchange.getRequestURI().getQuery())).token().getBytes(UTF_8);
      exchange.sendResponseHeaders(200, token.length);
      exchange.getResponseBody().write(token);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Begins anew, with nobody in it.
  void open() {
    here(
        () -> {
          if (page != null) {
            page.close();
          }
          Page opened = browser.newPage();
          page = opened;
          // Any file will do. It is not the cloud's, whose faults would be those of the site too.
          opened.navigate("http://127.0.0.1:" + site.getAddress().getPort() + "/client/client.js");
          try (InputStream script =
              requireNonNull(getClass().getResourceAsStream("/participants.js"))) {
            return opened.evaluate(new String(script.readAllBytes(), UTF_8));
          }
        });
  }

  /// @param source of tokens of a user who signs in; null for a guest
  Participant join(URI url, String name, String secret, @Nullable TokenSource source, Waits waits) {
    Map<String, Object> options = new HashMap<>();
    if (source != null) {
      tokens.put(name, source);
      options.put("signed", true);
    } else {
      options.put("name", name);
      options.put("guest", secret);
    }
    Map<String, Long> ms = new HashMap<>();
    waits.ms().forEach((wait, value) -> ms.put(nameInPage(wait), value));
    ms.put("tickMs", waits.ms(Wait.SETTLE));
    ms.put("useMs", USE_MS);
    options.put("url", url.toString());
    options.put("waits", ms);
    call("begin", name, options);
    return new InPage(name);
  }

  /// For example `repairMsMin` for `REPAIR_MIN`.
  private static String nameInPage(Wait wait) {
    StringBuilder name = new StringBuilder();
    for (String word : wait.name().split("_", -1)) {
      if (word.equals("MIN") || word.equals("MAX")) {
        name.append("Ms");
      }
      String rest = word.substring(1).toLowerCase(Locale.ROOT);
      name.append(name.isEmpty() ? Character.toLowerCase(word.charAt(0)) : word.charAt(0))
          .append(rest);
    }
    return name.indexOf("Ms") < 0 ? name + "Ms" : name.toString();
  }

  private Object call(String what, Object... arguments) {
    return here(
        () ->
            requireNonNull(page)
                .evaluate(
                    "([what, those]) => window.participants[what](JSON.parse(those)) ?? null",
                    List.of(what, JSON.writeValueAsString(arguments))));
  }

  private <T> T here(Callable<T> task) {
    try {
      return thread.submit(task).get();
    } catch (ExecutionException e) {
      throw new CompletionException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CompletionException(e);
    }
  }

  private final class InPage implements Participant {
    private final String name;

    private InPage(String name) {
      this.name = name;
    }

    @Override
    public void join(String room) {
      call("join", name, room);
    }

    @Override
    public void quit(String room) {
      call("quit", name, room);
    }

    @Override
    public void send(String room, String text) {
      call("send", name, room, text);
    }

    @Override
    public void older(String room) {
      call("older", name, room);
    }

    @Override
    public void hint() {
      call("hint", name);
    }

    @Override
    public void reload() {
      call("reload", name);
    }

    @Override
    public int waiting() {
      return ((Number) call("waiting", name)).intValue();
    }

    @Override
    public State state() {
      try {
        JsonNode state = JSON.readTree((String) call("state", name));
        Map<String, Stretch> shown = new HashMap<>();
        for (JsonNode room : state.path("shown")) {
          List<Message> messages = new ArrayList<>();
          room.path("messages").forEach(message -> messages.add(Message.of(message)));
          shown.put(
              room.path("room").asText(),
              new Stretch(room.path("from").asLong(), messages, room.path("complete").asBoolean()));
        }
        Map<String, Long> sent = new HashMap<>();
        state
            .path("sent")
            .properties()
            .forEach(of -> sent.put(of.getKey(), of.getValue().asLong()));
        Map<String, String> failed = new HashMap<>();
        state
            .path("failed")
            .properties()
            .forEach(of -> failed.put(of.getKey(), of.getValue().asText()));
        return new State(shown, sent, failed);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void close() {
      call("end", name);
    }
  }

  @Override
  public void close() {
    here(
        () -> {
          playwright.close();
          return true;
        });
    thread.shutdown();
    site.stop(0);
  }
}
