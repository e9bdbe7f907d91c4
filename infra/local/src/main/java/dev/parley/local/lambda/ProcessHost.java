package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the processes of one local cloud have in common: a folder with what they run, the thread
/// that serves their Runtime APIs, and a watchdog.
///
/// Each process begins a session of its own. So Ctrl-C, which a terminal sends to all of its
/// programs, leaves it the time to finish its invocation; and what it has started is a group, which
/// is killed when the process has ended.
///
/// The watchdog is a shell, which kills. It is told of each process that has ended. Once its
/// standard input ends, which is when this is closed or the local cloud has died in whatever way,
/// it kills the processes that are left, each of which has a file in the folder, and removes the
/// folder. A runtime whose API is gone ends by itself, too, unless the function keeps it busy.
///
/// Safe for use by many threads.
public final class ProcessHost implements AutoCloseable {
  private static final int CLOSE_TIMEOUT_MS = 2_000;

  /// `$1` is the folder. A process that has just been started has no session yet.
  private static final String WATCHDOG =
      """
      while read -r ended; do kill -KILL "-$ended"; done
      for left in "$1"/processes/*; do left=${left##*/}; kill -KILL "$left" "-$left"; done
      rm -rf "$1"
      """;

  /// What begins a session and then becomes the program that its arguments name: the same process.
  /// One is of util-linux and BusyBox. macOS has none of that name, but Perl.
  static final List<List<String>> SESSION_STARTERS =
      List.of(
          List.of("setsid"),
          List.of("perl", "-MPOSIX", "-e", "POSIX::setsid(); exec { $ARGV[0] } @ARGV; exit 127"));

  private static final List<String> BOOTSTRAPS = List.of("bootstrap.py", "bootstrap.mjs");

  /// Of a file in a package that names none: `rw-r--r--`.
  private static final Set<PosixFilePermission> NOT_EXECUTABLE =
      PosixFilePermissions.fromString("rw-r--r--");

  private static final Logger LOG = LoggerFactory.getLogger(ProcessHost.class);

  private final Path folder;
  private final Fence fence;
  private final List<String> sessionStarter = sessionStarter();
  private final Process watchdog;
  private final JavaRuntime java;
  private final EventLoopGroup eventLoops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Map<List<Object>, Path> unpacked = new ConcurrentHashMap<>();

  /// @param fence around all functions
  /// @throws IOException where there is no place for the folder, or no shell or none of
  ///     [#SESSION_STARTERS]
  public ProcessHost(Fence fence) throws IOException {
    this.fence = fence;
    folder = Files.createTempDirectory("parley-functions-");
    Files.createDirectory(folder.resolve("processes"));
    Files.createDirectory(bootstraps());
    for (String bootstrap : BOOTSTRAPS) {
      try (InputStream script = ProcessHost.class.getResourceAsStream(bootstrap)) {
        Files.copy(Objects.requireNonNull(script, bootstrap), bootstraps().resolve(bootstrap));
      }
    }
    fence.writeInto(bootstraps());
    java = new JavaRuntime(folder);
    watchdog =
        new ProcessBuilder(
                inASession(List.of("/bin/sh", "-c", WATCHDOG, "watchdog", folder.toString())))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
  }

  private static List<String> sessionStarter() throws IOException {
    return SESSION_STARTERS.stream()
        .filter(starter -> !Programs.named(starter.getFirst(), Programs.PATH).isEmpty())
        .findFirst()
        .orElseThrow(() -> new IOException("there is neither setsid nor perl"));
  }

  private List<String> inASession(List<String> command) {
    return Stream.of(sessionStarter, command).flatMap(List::stream).toList();
  }

  /// Is removed at the end.
  public Path folder() {
    return folder;
  }

  public JavaRuntime java() {
    return java;
  }

  /// Around all functions; what it has written is in [#bootstraps].
  Fence fence() {
    return fence;
  }

  /// Where the clients of the Runtime API are that are ours: `LAMBDA_RUNTIME_DIR`.
  Path bootstraps() {
    return folder.resolve("runtime");
  }

  /// Makes the package of a function whose code is in its template.
  ///
  /// @param file what Lambda calls its only file
  /// @return what is `LAMBDA_TASK_ROOT`
  public Path write(String file, String code) throws IOException {
    Path root = Files.createTempDirectory(folder, "inline-");
    Files.writeString(root.resolve(file), code);
    return root;
  }

  /// Unpacks a function's package, once for as long as it stays the same.
  ///
  /// @param code a zip or a jar, or a folder, which is used as it is
  /// @return what is `LAMBDA_TASK_ROOT`
  /// @throws ZipException where it is none, or names files outside of it
  public Path unpack(Path code) throws IOException {
    if (Files.isDirectory(code)) {
      return code.toAbsolutePath().normalize();
    }
    List<Object> state = List.of(code, Files.getLastModifiedTime(code), Files.size(code));
    Path known = unpacked.get(state);
    if (known != null) {
      return known;
    }
    Path root = Files.createTempDirectory(folder, code.getFileName() + "-");
    Map<String, ?> permissions =
        Map.of("enablePosixFileAttributes", true, "defaultPermissions", NOT_EXECUTABLE);
    // It refuses a zip that names files outside of it.
    try (FileSystem zip = FileSystems.newFileSystem(code, permissions);
        Stream<Path> entries = Files.walk(zip.getPath("/"))) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        Path path = root.resolve(entry.toString().substring(1));
        if (Files.isDirectory(entry)) {
          Files.createDirectories(path);
        } else {
          Files.copy(entry, path);
          Files.setPosixFilePermissions(path, Files.getPosixFilePermissions(entry));
        }
      }
    } catch (ProviderNotFoundException _) {
      throw new ZipException("it is neither a zip nor a folder");
    }
    LOG.info("{} was packaged at {}", code, Files.getLastModifiedTime(code));
    unpacked.put(state, root);
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
    ProcessBuilder builder =
        new ProcessBuilder(inASession(command))
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
    var _ = process.onExit().thenRun(() -> killGroup(process.pid(), left));
    return process;
  }

  /// Kills what a process that has ended has left, as AWS does with a whole environment.
  private void killGroup(long process, Path left) {
    try {
      OutputStream told = watchdog.getOutputStream();
      told.write((process + "\n").getBytes(UTF_8));
      told.flush();
      Files.deleteIfExists(left);
    } catch (IOException e) { // this is closed, and the watchdog finds the file
      LOG.debug("What process {} has left is killed at the end", process, e);
    }
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
