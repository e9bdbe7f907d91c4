package dev.parley.local.lambda;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/// What the processes of one local cloud have in common: a folder with what they run, the thread
/// that serves their Runtime APIs, and a watchdog.
///
/// The watchdog is a shell. Once its standard input ends, which is when this is closed or the local
/// cloud has died in whatever way, it kills the processes that are left, each of which has a file
/// in the folder, and removes the folder. A runtime whose API is gone ends by itself, too, unless
/// the function keeps it busy.
///
/// Safe for use by many threads.
public final class ProcessHost implements AutoCloseable {
  private static final int CLOSE_TIMEOUT_MS = 2_000;

  /// `$1` is the folder.
  private static final String WATCHDOG =
      """
      trap '' HUP INT TERM
      while read -r _; do :; done
      for process in "$1"/processes/*; do kill -KILL "${process##*/}"; done
      rm -rf "$1"
      """;

  /// A terminal sends Ctrl-C to the processes, too, and they have invocations to finish: what is
  /// ignored here stays so in what is run.
  private static final List<String> IGNORING_CTRL_C =
      List.of("/bin/sh", "-c", "trap '' HUP INT; exec \"$@\"", "function");

  private final Path folder;
  private final Process watchdog;
  private final JavaRuntime java;
  private final EventLoopGroup eventLoops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Map<Path, Path> unpacked = new ConcurrentHashMap<>();

  /// @throws IOException where there is no place for the folder, or no shell
  /// @throws IllegalArgumentException where functions in Java cannot run in processes
  public ProcessHost() throws IOException {
    JavaRuntime.requireThisMachine();
    folder = Files.createTempDirectory("parley-functions-");
    Files.createDirectory(folder.resolve("processes"));
    java = new JavaRuntime(folder);
    watchdog =
        new ProcessBuilder("/bin/sh", "-c", WATCHDOG, "watchdog", folder.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
  }

  /// Is removed at the end.
  public Path folder() {
    return folder;
  }

  public JavaRuntime java() {
    return java;
  }

  /// Unpacks a function's package, once.
  ///
  /// @param code a zip, or a folder, which is used as it is
  /// @return what is `LAMBDA_TASK_ROOT`
  /// @throws ZipException where it is none, or names files outside of it
  public Path unpack(Path code) throws IOException {
    if (Files.isDirectory(code)) {
      return code.toAbsolutePath().normalize();
    }
    Path known = unpacked.get(code);
    if (known != null) {
      return known;
    }
    Path root = Files.createTempDirectory(folder, code.getFileName() + "-");
    try (ZipFile zip = new ZipFile(code.toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        Path path = root.resolve(entry.getName()).normalize();
        if (!path.startsWith(root)) {
          throw new ZipException("it names a file outside of it: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else {
          Files.createDirectories(Objects.requireNonNull(path.getParent()));
          Files.copy(zip.getInputStream(entry), path);
        }
      }
    }
    unpacked.put(code, root);
    return root;
  }

  EventLoopGroup eventLoops() {
    return eventLoops;
  }

  /// Starts a process, whose standard output has its errors, too.
  ///
  /// @param environment all that it has
  Process start(List<String> command, Path directory, Map<String, String> environment)
      throws IOException {
    List<String> whole = new ArrayList<>(IGNORING_CTRL_C);
    whole.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(whole)
            .directory(directory.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    Path left = folder.resolve("processes").resolve(Long.toString(process.pid()));
    try {
      Files.createFile(left);
    } catch (IOException e) { // the watchdog would not find it
      process.destroyForcibly();
      throw e;
    }
    var _ = process.onExit().thenRun(() -> left.toFile().delete());
    return process;
  }

  @Override
  public void close() throws IOException {
    eventLoops.shutdownGracefully(0, 500, TimeUnit.MILLISECONDS).awaitUninterruptibly(600);
    watchdog.getOutputStream().close();
    try {
      if (!watchdog.waitFor(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
        watchdog.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
