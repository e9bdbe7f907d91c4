import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
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
/// Of the libraries, packages are left out that are used by nobody here ([#UNUSED]).
///
/// The libraries' own entries are stored, not compressed. So the package compresses each library as
/// a whole, which takes a third less than class by class, and a cold start has nothing to inflate.
///
/// Of Log4j's lists of plugins only those are left that the functions' `log4j2.xml` and Powertools'
/// layout use: Log4j loads every class that is on such a list, and runs some of each.
///
/// The same input gives the same bytes.
///
/// Usage: `java FunctionZip.java <zip> <time> <class path>`, the time as in
/// `project.build.outputTimestamp`.
public final class FunctionZip {
  /// Packages of libraries that no code of ours leads to: clients that do not wait for an answer,
  /// and commands. A test follows all code that is left.
  private static final Set<String> UNUSED =
      Set.of(
          "com/nimbusds/jose/jwk/source",
          "com/nimbusds/jose/proc",
          "org/apache/hc/client5/http/async/methods",
          "org/apache/hc/client5/http/impl/async",
          "org/apache/hc/client5/http/impl/nio",
          "org/apache/hc/core5/http/impl/bootstrap",
          "org/apache/hc/core5/http/impl/nio",
          "org/apache/hc/core5/http/nio/entity",
          "org/apache/hc/core5/http/nio/support",
          "org/apache/hc/core5/http/nio/support/classic",
          "org/apache/hc/core5/http2/impl/nio",
          "org/apache/hc/core5/http2/impl/nio/bootstrap",
          "org/apache/hc/core5/reactor",
          "org/apache/logging/log4j/core/tools",
          "org/apache/logging/log4j/core/tools/picocli",
          "software/amazon/awssdk/services/sqs/internal/batchmanager");

  /// A list of Log4j's plugins, which several libraries have.
  private static final String PLUGINS_FILE =
      "META-INF/org/apache/logging/log4j/core/config/plugins/Log4j2Plugins.dat";

  /// Category and name of those that are used. A test logs with the package.
  private static final Set<String> PLUGINS =
      Set.of(
          "configurationfactory/xmlconfigurationfactory",
          "core/appenders",
          "core/appenderref",
          "core/console",
          "core/jsontemplatelayout",
          "core/logger",
          "core/loggers",
          "core/root",
          "core/thresholdfilter",
          "jsontemplateresolverfactory/exceptionresolverfactory",
          "jsontemplateresolverfactory/levelresolverfactory",
          "jsontemplateresolverfactory/messageresolverfactory",
          "jsontemplateresolverfactory/powertoolsresolverfactory",
          "jsontemplateresolverfactory/timestampresolverfactory");

  /// A category that is used as a whole: attributes' values.
  private static final String CONVERTERS = "typeconverter";

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
          .filter(entry -> !entry.isDirectory() && !UNUSED.contains(folder(entry.getName())))
          .forEach(
              entry -> {
                try (var in = library.getInputStream(entry)) {
                  byte[] content =
                      entry.getName().equals(PLUGINS_FILE)
                          ? usedPlugins(new DataInputStream(in))
                          : in.readAllBytes();
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

  private static String folder(String name) {
    return name.substring(0, Math.max(0, name.lastIndexOf('/')));
  }

  /// The list has, for each category, its name, how many plugins it has, and of each the name, the
  /// class, the name as it was written, and two properties
  /// (`org.apache.logging.log4j.core.config.plugins.processor.PluginCache`).
  private static byte[] usedPlugins(DataInputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    int categories = in.readInt();
    out.writeInt(categories);
    for (int i = 0; i < categories; i++) {
      String category = in.readUTF();
      ByteArrayOutputStream used = new ByteArrayOutputStream();
      DataOutputStream plugins = new DataOutputStream(used);
      int count = 0;
      for (int left = in.readInt(); left > 0; left--) {
        String name = in.readUTF();
        boolean isUsed = category.equals(CONVERTERS) || PLUGINS.contains(category + "/" + name);
        DataOutputStream to =
            isUsed ? plugins : new DataOutputStream(OutputStream.nullOutputStream());
        to.writeUTF(name);
        to.writeUTF(in.readUTF());
        to.writeUTF(in.readUTF());
        to.writeBoolean(in.readBoolean());
        to.writeBoolean(in.readBoolean());
        count += isUsed ? 1 : 0;
      }
      out.writeUTF(category);
      out.writeInt(count);
      used.writeTo(out);
    }
    return bytes.toByteArray();
  }

  private ZipEntry entry(String name) {
    ZipEntry entry = new ZipEntry(name);
    entry.setTimeLocal(time);
    return entry;
  }
}
