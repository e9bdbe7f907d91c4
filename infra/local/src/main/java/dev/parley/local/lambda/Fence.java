package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.parley.local.tls.Certificates;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Where the names of AWS's hosts lead a function in a process of its own: those that are served
/// here to the local cloud, and all others nowhere. So no function reaches the real AWS by
/// accident.
///
/// The clients of the Runtime API for Java ([FenceAgent]), Python and Node keep to it, in all that
/// a function's libraries connect to by a name. Not those of a runtime of the function's own, nor
/// programs that a function starts, nor libraries in C, nor addresses that stand in its code; they
/// only have no keys that AWS knows, and no profiles.
///
/// Immutable.
public final class Fence {
  /// What names of AWS's hosts end with.
  private static final List<String> REFUSED =
      List.of(".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws");

  private static final String AGENT = "fence.jar";
  private static final String PEM = "trusted.pem";
  private static final String STORE = "trusted.jks";

  private final Map<String, Integer> served;
  private final @Nullable Certificates certificates;

  private Fence(Map<String, Integer> served, @Nullable Certificates certificates) {
    this.served = served;
    this.certificates = certificates;
  }

  /// Nothing of AWS is served.
  public static Fence closed() {
    return new Fence(Map.of(), null);
  }

  /// @param served the port where each host of AWS is served by TLS
  /// @param certificates what functions are to trust
  public static Fence around(Map<String, Integer> served, Certificates certificates) {
    return new Fence(Map.copyOf(served), certificates);
  }

  /// What the runtimes are told: `local.execute-api.us-east-1.amazonaws.com=8080,.amazonaws.com=`.
  /// A host with a port is served there, at 127.0.0.1; other names with an end that has none are
  /// refused.
  String argument() {
    return Stream.concat(
            new TreeMap<>(served)
                .entrySet().stream().map(host -> host.getKey() + "=" + host.getValue()),
            REFUSED.stream().map(name -> name + "="))
        .collect(Collectors.joining(","));
  }

  /// Writes what the runtimes need into a folder.
  void writeInto(Path folder) throws IOException {
    if (certificates != null) {
      certificates.writeTrusted(folder.resolve(PEM), folder.resolve(STORE));
    }
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.putValue("Premain-Class", FenceAgent.class.getName());
    attributes.putValue("Can-Retransform-Classes", "true");
    try (JarOutputStream jar =
        new JarOutputStream(Files.newOutputStream(folder.resolve(AGENT)), manifest)) {
      for (Class<?> type :
          List.of(FenceAgent.class, FenceAgent.Names.class, FenceAgent.Redirection.class)) {
        String file = type.getName().replace('.', '/') + ".class";
        try (InputStream bytes = Fence.class.getResourceAsStream("/" + file)) {
          jar.putNextEntry(new JarEntry(file));
          Objects.requireNonNull(bytes, file).transferTo(jar);
        }
      }
      jar.putNextEntry(new JarEntry("META-INF/services/" + FenceAgent.SERVICE));
      jar.write(FenceAgent.class.getName().getBytes(US_ASCII));
    }
  }

  /// @param folder that was written into
  List<String> optionsOfJava(Path folder) {
    List<String> options = new ArrayList<>();
    options.add("-javaagent:%s=%s".formatted(folder.resolve(AGENT), argument()));
    if (certificates != null) {
      options.add("-Djavax.net.ssl.trustStore=" + folder.resolve(STORE));
      options.add("-Djavax.net.ssl.trustStoreType=JKS");
    }
    return options;
  }

  /// What makes libraries trust the local cloud: botocore and the AWS CLI, OpenSSL and with it
  /// Python, Python's Requests, and Node.
  ///
  /// @param folder that was written into
  void addTo(Map<String, String> environment, Path folder) {
    if (certificates != null) {
      String pem = folder.resolve(PEM).toString();
      for (String name :
          List.of("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")) {
        environment.putIfAbsent(name, pem);
      }
    }
  }
}
