package dev.parley.tool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.client.TextSocket;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// `parley-local.jar` as a user starts it, in a folder of theirs.
final class ToolProcess implements AutoCloseable {
  private static final Path JAR = Path.of("target", "parley-local.jar").toAbsolutePath();
  private static final int PATIENCE_S = 60;

  private final Process process;
  private final List<String> printed = new ArrayList<>();
  private final CompletableFuture<Void> end = new CompletableFuture<>();

  /// @param options of the JVM
  ToolProcess(Path folder, List<String> options, List<String> arguments) throws IOException {
    if (!Files.exists(JAR)) {
      throw new AssertionError(JAR + " is not there: mvn -DskipTests package");
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-jar", JAR.toString()));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    process = builder.start();
    Thread.startVirtualThread(this::read);
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (printed) {
          printed.add(line);
          printed.notifyAll();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      synchronized (printed) {
        end.complete(null);
        printed.notifyAll();
      }
    }
  }

  /// The first line of this kind, once it is printed.
  String await(Predicate<String> kind) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
    synchronized (printed) {
      while (true) {
        for (String line : printed) {
          if (kind.test(line)) {
            return line;
          }
        }
        long leftMs = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (end.isDone() || leftMs <= 0) {
          throw new AssertionError("it did not print that: " + String.join("\n", printed));
        }
        printed.wait(leftMs);
      }
    }
  }

  /// Where clients connect, once it is ready.
  URI awaitReady() throws InterruptedException {
    String line = await(each -> each.startsWith("Parley is ready: "));
    return URI.create(line.substring(line.indexOf("ws://")));
  }

  /// What it has printed so far.
  List<String> printed() {
    synchronized (printed) {
      return List.copyOf(printed);
    }
  }

  /// All that it prints, once it has ended by itself.
  ///
  /// @param status which it ends with
  List<String> awaitEnd(int status) throws Exception {
    if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS) || process.exitValue() != status) {
      throw new AssertionError("it goes on, or has failed: " + String.join("\n", printed()));
    }
    end.get(PATIENCE_S, TimeUnit.SECONDS);
    return printed();
  }

  /// As Ctrl-C does.
  void stop() {
    process.toHandle().destroy();
  }

  /// Sends a text over a socket of its own, and gives the answer.
  static String ask(URI address, String text) throws Exception {
    BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    TextSocket.Listener listener =
        new TextSocket.Listener() {
          @Override
          public void text(String answer) {
            answers.add(answer);
          }

          @Override
          public void closed(int code) {
            answers.add("closed " + code);
          }
        };
    try (TextSocket socket =
        TextSocket.open(address, Map.of(), listener).get(PATIENCE_S, TimeUnit.SECONDS)) {
      socket.send(text).get(PATIENCE_S, TimeUnit.SECONDS);
      String answer = answers.poll(PATIENCE_S, TimeUnit.SECONDS);
      if (answer == null) {
        throw new AssertionError("no answer");
      }
      return answer;
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
