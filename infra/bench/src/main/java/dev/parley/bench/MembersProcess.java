package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.connection.Framing;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.URI;
import java.util.List;

/// Members in a process of their own, so that a process holds one end of their sockets only: with
/// both ends, 10,000 members would be more files than it may have open.
///
/// A number on its standard input connects so many more; it answers each with a line. It ends with
/// its input.
final class MembersProcess implements AutoCloseable {
  private final Process process;
  private final Writer numbers;
  private final BufferedReader answers;
  private int members;

  private MembersProcess(Process process) {
    this.process = process;
    this.numbers = process.outputWriter(UTF_8);
    this.answers = process.inputReader(UTF_8);
  }

  static MembersProcess start(URI url, String room) throws IOException {
    Process process =
        new ProcessBuilder(
                List.of(
                    ProcessHandle.current().info().command().orElse("java"),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Xmx1g",
                    "-classpath",
                    System.getProperty("java.class.path", ""),
                    MembersProcess.class.getName(),
                    url.toString(),
                    room))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    return new MembersProcess(process);
  }

  /// Connects more, until there are so many.
  void grow(int to) throws IOException {
    if (to > members) {
      numbers.write((to - members) + "\n");
      numbers.flush();
      if (answers.readLine() == null) {
        throw new IOException("the process of the members has ended");
      }
      members = to;
    }
  }

  @Override
  public void close() {
    process.destroy();
  }

  /// @param arguments where to connect, and the room
  public static void main(String[] arguments) throws Exception {
    try (BufferedReader numbers = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
      int connected = 0;
      String line;
      while ((line = numbers.readLine()) != null) {
        int count = Integer.parseInt(line);
        var _ =
            Members.connect(
                URI.create(arguments[0]),
                arguments[1],
                "member-" + connected,
                count,
                Framing.BATCHED);
        connected += count;
        System.out.println(connected);
      }
    }
    Runtime.getRuntime().halt(0);
  }
}
