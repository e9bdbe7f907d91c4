import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// Writes a Java function's package: the classes, with their libraries under `lib/` (Lambda
/// developer guide, "Deploy Java Lambda functions with .zip").
///
/// The libraries' own entries are stored, not compressed. So the package compresses each library as
/// a whole, which takes a third less than class by class, and a cold start has nothing to inflate.
///
/// The same input gives the same bytes.
///
/// Usage: `java FunctionZip.java <zip> <time> <class path>`, the time as in
/// `project.build.outputTimestamp`.
public final class FunctionZip {
  private final LocalDateTime time;

  private FunctionZip(LocalDateTime time) {
    this.time = time;
  }

  public static void main(String[] arguments) throws IOException {
    LocalDateTime time =
        OffsetDateTime.parse(arguments[1]).withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime();
    List<Path> classPath = Stream.of(arguments[2].split(":")).map(Path::of).toList();
    Path zip = Path.of(arguments[0]);
    Files.createDirectories(zip.getParent());
    try (OutputStream out = Files.newOutputStream(zip)) {
      new FunctionZip(time).write(classPath, out);
    }
  }

  private void write(List<Path> classPath, OutputStream out) throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    for (Path entry : classPath) {
      if (Files.isDirectory(entry)) {
        files.putAll(classes(entry));
      } else {
        byte[] previous = files.put("lib/" + entry.getFileName(), stored(entry));
        if (previous != null) {
          throw new IOException("two libraries are called " + entry.getFileName());
        }
      }
    }
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setLevel(Deflater.BEST_COMPRESSION);
      for (var file : files.entrySet()) {
        zip.putNextEntry(entry(file.getKey()));
        zip.write(file.getValue());
      }
    }
  }

  private static SortedMap<String, byte[]> classes(Path folder) throws IOException {
    SortedMap<String, byte[]> classes = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        classes.put(name, Files.readAllBytes(file));
      }
    }
    return classes;
  }

  /// A library whose entries are stored, in their order: a manifest comes first.
  private byte[] stored(Path jar) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipFile library = new ZipFile(jar.toFile());
        ZipOutputStream out = new ZipOutputStream(bytes)) {
      out.setMethod(ZipOutputStream.STORED);
      library.stream()
          .filter(entry -> !entry.isDirectory())
          .forEach(
              entry -> {
                try (var in = library.getInputStream(entry)) {
                  byte[] content = in.readAllBytes();
                  CRC32 crc = new CRC32();
                  crc.update(content);
                  ZipEntry copy = entry(entry.getName());
                  copy.setSize(content.length);
                  copy.setCrc(crc.getValue());
                  out.putNextEntry(copy);
                  out.write(content);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
    return bytes.toByteArray();
  }

  private ZipEntry entry(String name) {
    ZipEntry entry = new ZipEntry(name);
    entry.setTimeLocal(time);
    return entry;
  }
}
