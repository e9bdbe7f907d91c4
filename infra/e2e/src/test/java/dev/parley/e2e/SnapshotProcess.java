package dev.parley.e2e;

import static java.util.Objects.requireNonNull;

import com.amazonaws.services.lambda.crac.Core;
import com.amazonaws.services.lambda.runtime.api.client.runtimeapi.JniHelper;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// What Lambda's runtime does before and after a snapshot, with all handlers in one process: it
/// makes them, runs the hooks that they have registered, and prints what the snapshot would hold.
///
/// Arguments: `made` or `restored`, the last that is done, and the handlers' classes.
final class SnapshotProcess {
  /// What is printed on a line of its own, behind this.
  static final String STATE = "state: ";

  private SnapshotProcess() {}

  public static void main(String[] arguments) throws Exception {
    JniHelper.load(); // the runtime's native part, which the hooks use
    List<Object> made = new ArrayList<>();
    for (String handler : List.of(arguments).subList(1, arguments.length)) {
      made.add(Class.forName(handler).getConstructor().newInstance());
    }
    print("made", made);
    if (arguments[0].equals("made")) {
      return;
    }
    Core.getGlobalContext().beforeCheckpoint(requireNonNull(Core.getGlobalContext()));
    print("checkpoint", made);
    Core.getGlobalContext().afterRestore(requireNonNull(Core.getGlobalContext()));
    print("restored", made);
  }

  private static void print(String when, List<Object> handlers) throws IOException {
    LastingState state = LastingState.of(handlers);
    ObjectNode json = new ObjectMapper().createObjectNode().put("when", when);
    connections().forEach(json.putArray("connections")::add);
    ObjectNode values = json.putObject("values");
    state.values.forEach(values::put);
    ObjectNode constants = json.putObject("constants");
    state.constants.forEach((name, all) -> all.forEach(constants.withArrayProperty(name)::add));
    state.types.forEach(json.putArray("types")::add);
    System.out.println(STATE + json);
  }

  /// The TCP sockets of this process that lead somewhere, as Linux lists them.
  private static List<String> connections() throws IOException {
    List<String> sockets;
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      sockets = open.map(SnapshotProcess::file).filter(f -> f.startsWith("socket:")).toList();
    }
    List<String> connections = new ArrayList<>();
    for (String protocol : List.of("tcp", "tcp6")) {
      for (String line : Files.readAllLines(Path.of("/proc/self/net", protocol))) {
        String inode = line.strip().split(" +", -1)[9];
        if (sockets.contains("socket:[%s]".formatted(inode))) {
          connections.add(line);
        }
      }
    }
    return connections;
  }

  private static String file(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return ""; // that of the listing itself, which is closed by now
    }
  }
}
