package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;

/// A table on the console, row by row, and at the end a JSON file with the same rows, the machine,
/// the commit and the versions.
final class Report {
  private static final int COLUMN = 12;
  private static final int FIRST_COLUMN = 30;

  private final JsonMapper json = new JsonMapper();
  private final ObjectNode root = json.createObjectNode();
  private final ArrayNode rows;
  private boolean headed;

  Report(String name, Map<String, ?> parameters) throws IOException, InterruptedException {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    root.put("benchmark", name).put("time", Instant.now().toString());
    root.put("commit", git("rev-parse", "HEAD"));
    root.put("changed", !git("status", "--porcelain", "--untracked-files=no").isEmpty());
    ObjectNode machine = root.putObject("machine");
    machine.put("cores", system.getAvailableProcessors());
    machine.put("memoryMb", system.getTotalMemorySize() >> 20);
    machine.put("loadAtStart", system.getSystemLoadAverage());
    machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    machine.put("jdk", Runtime.version().toString());
    ObjectNode versions = root.putObject("versions");
    for (String library : new String[] {"aws-sdk", "dynamodb-local"}) {
      versions.put(library, System.getProperty("bench.version." + library));
    }
    root.set("parameters", json.valueToTree(parameters));
    rows = root.putArray("rows");
    System.out.println(json.writeValueAsString(root));
  }

  /// One row. Numbers are printed with one decimal.
  void row(String first, Map<String, ? extends Number> values) {
    if (!headed) {
      headed = true;
      StringBuilder head = new StringBuilder(" ".repeat(FIRST_COLUMN));
      values.keySet().forEach(name -> head.append(pad(name)));
      System.out.println(head);
    }
    StringBuilder line = new StringBuilder(("%-" + FIRST_COLUMN + "s").formatted(first));
    ObjectNode row = rows.addObject().put("what", first);
    values.forEach(
        (name, value) -> {
          double number = value.doubleValue();
          row.put(name, number);
          line.append(
              pad(
                  number == Math.rint(number)
                      ? Long.toString((long) number)
                      : String.format(Locale.ROOT, number < 1 ? "%.4f" : "%.1f", number)));
        });
    System.out.println(line);
  }

  private static String pad(String text) {
    return " ".repeat(Math.max(1, COLUMN - text.length())) + text;
  }

  void write(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, json.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    System.out.println(file);
  }

  private static String git(String... arguments) throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 1];
    command[0] = "git";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return process.waitFor() == 0 ? output.strip() : "unknown";
  }
}
