package dev.parley.e2e;

import static java.util.Objects.requireNonNull;

import dev.parley.Limits;
import dev.parley.fanout.FanoutHandler;
import dev.parley.handlers.SendMessageHandler;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The classes that are deployed, apart from libraries.
final class OurClasses {
  private OurClasses() {}

  /// Their bytes by their names.
  static SortedMap<String, byte[]> bytes() throws IOException {
    SortedMap<String, byte[]> bytes = new TreeMap<>();
    for (Class<?> one : List.of(Limits.class, SendMessageHandler.class, FanoutHandler.class)) {
      Path place = place(one);
      if (Files.isDirectory(place)) {
        read(place, bytes);
      } else {
        try (FileSystem jar = FileSystems.newFileSystem(place)) {
          read(jar.getPath("/"), bytes);
        }
      }
    }
    return bytes;
  }

  private static Path place(Class<?> type) {
    try {
      return Path.of(
          requireNonNull(type.getProtectionDomain().getCodeSource()).getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static void read(Path root, SortedMap<String, byte[]> bytes) throws IOException {
    try (Stream<Path> files = Files.walk(root.resolve("dev"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        String name = root.relativize(file).toString();
        if (!name.endsWith("package-info.class")) {
          bytes.put(
              name.substring(0, name.length() - ".class".length()).replace('/', '.'),
              Files.readAllBytes(file));
        }
      }
    }
  }
}
