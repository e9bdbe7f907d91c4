package dev.parley.local.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.aws.LocalAccount;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/// What the local cloud proves its names with: a certificate for `localhost`, which a person may
/// trust, and one for the names of AWS that it serves, which only functions trust. Each signs
/// itself. The JDK's `keytool` makes them on first use, and a folder of the user keeps them, so
/// that who trusts the first need not do so again:
///
/// ```
/// tls.p12          both, with their keys; only the user can read it
/// localhost.pem    the first, for tools
/// ```
///
/// Safe for use by many threads.
public final class Certificates {
  private static final String STORE = "tls.p12";
  private static final String PEM = "localhost.pem";
  private static final String LOCALHOST = "localhost";
  private static final String AWS = "aws";

  /// Without `*.localhost`: OpenSSL and Node take no wildcard before a single label.
  private static final String NAMES_OF_LOCALHOST = "dns:localhost,ip:127.0.0.1,ip:0:0:0:0:0:0:0:1";

  /// It guards nothing; a key store must have one.
  private static final String PASSWORD = "parley";

  /// The most that clients take of a server.
  private static final int VALID_DAYS = 825;

  /// So long before their end others are made.
  private static final Duration MARGIN = Duration.ofDays(30);

  private static final int KEYTOOL_SECONDS_MAX = 60;

  private static final int PEM_LINE_CHARACTERS = 64;

  private final KeyStore keys;
  private final Path folder;

  /// Made when first asked for: the JDK's TLS takes a while to load.
  private final Map<String, SslContext> servers = new ConcurrentHashMap<>();

  private Certificates(KeyStore keys, Path folder) {
    this.keys = keys;
    this.folder = folder;
  }

  /// Reads the certificates of a folder. Where there are none that are valid for another month, it
  /// makes some.
  ///
  /// @throws IOException where the folder cannot be read or written, or there is no `keytool`
  public static Certificates in(Path folder) throws IOException {
    Path store = folder.resolve(STORE);
    Path pem = folder.resolve(PEM);
    try {
      KeyStore keys = Files.exists(store) ? read(store) : null;
      if (keys == null || !isOfUse(keys)) {
        keys = make(Files.createDirectories(folder), store);
      }
      String text = pem(List.of(certificate(keys, LOCALHOST)));
      if (!Files.exists(pem) || !Files.readString(pem).equals(text)) {
        Path draft = Files.createTempFile(folder, "localhost", ".pem");
        Files.move(Files.writeString(draft, text), pem, StandardCopyOption.ATOMIC_MOVE);
      }
      return new Certificates(keys, folder);
    } catch (GeneralSecurityException e) {
      throw unusable(e);
    }
  }

  private static IOException unusable(GeneralSecurityException e) {
    return new IOException("its certificates cannot be used: " + e.getMessage(), e);
  }

  private static KeyStore read(Path store) throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private static X509Certificate certificate(KeyStore keys, String alias)
      throws GeneralSecurityException {
    if (keys.getCertificate(alias) instanceof X509Certificate certificate) {
      return certificate;
    }
    throw new GeneralSecurityException("there is none for " + alias);
  }

  private static boolean isOfUse(KeyStore keys) throws GeneralSecurityException {
    Instant soon = Instant.now().plus(MARGIN);
    for (String alias : List.of(LOCALHOST, AWS)) {
      if (!keys.isKeyEntry(alias)
          || certificate(keys, alias).getNotAfter().toInstant().isBefore(soon)) {
        return false;
      }
    }
    var names = certificate(keys, AWS).getSubjectAlternativeNames();
    return names != null
        && names.stream().map(List::getLast).toList().containsAll(LocalAccount.SERVED_HOSTS);
  }

  /// Another local cloud may do so in the same folder: the last one's stay, and each has its own.
  private static KeyStore make(Path folder, Path store)
      throws IOException, GeneralSecurityException {
    Path drafts = Files.createTempDirectory(folder, "tls"); // which only the user can read
    Path draft = drafts.resolve(STORE);
    try {
      makeKey(draft, LOCALHOST, NAMES_OF_LOCALHOST);
      makeKey(
          draft,
          AWS,
          LocalAccount.SERVED_HOSTS.stream().map("dns:"::concat).collect(Collectors.joining(",")));
      KeyStore keys = read(draft);
      Files.move(draft, store, StandardCopyOption.ATOMIC_MOVE);
      return keys;
    } finally {
      Files.deleteIfExists(draft);
      Files.delete(drafts);
    }
  }

  private static void makeKey(Path store, String alias, String names) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-keystore",
            store.toString(),
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
            "-alias",
            alias,
            "-dname",
            "CN=%s, O=Parley's local cloud".formatted(alias),
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-validity",
            Integer.toString(VALID_DAYS),
            "-ext",
            "san=" + names,
            "-ext",
            "eku=serverAuth");
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      keytool.getOutputStream().close(); // it has nothing to ask
      String said = new String(keytool.getInputStream().readAllBytes(), UTF_8).strip();
      if (!keytool.waitFor(KEYTOOL_SECONDS_MAX, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
        throw new IOException("keytool: " + said);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("keytool was interrupted", e);
    } finally {
      keytool.destroyForcibly();
    }
    if (store.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.setPosixFilePermissions(store, PosixFilePermissions.fromString("rw-------"));
    }
  }

  /// The certificate of `localhost`, for a tool that is to trust it.
  public Path pem() {
    return folder.resolve(PEM).toAbsolutePath().normalize();
  }

  /// Removes their files, and the folder, in which nothing else may be.
  public void delete() throws IOException {
    Files.deleteIfExists(folder.resolve(STORE));
    Files.deleteIfExists(folder.resolve(PEM));
    Files.deleteIfExists(folder);
  }

  /// What a server proves one of its names with.
  ///
  /// @param name as the client asks for it, or null where it does not say
  public SslContext server(@Nullable String name) {
    boolean aws = name != null && name.endsWith(LocalAccount.HOST_SUFFIX);
    return servers.computeIfAbsent(aws ? AWS : LOCALHOST, this::context);
  }

  private SslContext context(String alias) {
    try {
      return SslContextBuilder.forServer(
              (PrivateKey) keys.getKey(alias, PASSWORD.toCharArray()), certificate(keys, alias))
          .build();
    } catch (GeneralSecurityException | SSLException e) {
      throw new IllegalStateException("keytool's key cannot be used", e);
    }
  }

  /// Writes what a function trusts: both of these, and whatever this JVM does.
  ///
  /// @param pem gets them as text
  /// @param store gets them as a key store of the type `JKS`, of which no password is asked
  public void writeTrusted(Path pem, Path store) throws IOException {
    try {
      List<X509Certificate> trusted = new ArrayList<>();
      trusted.add(certificate(keys, LOCALHOST));
      trusted.add(certificate(keys, AWS));
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509TrustManager known) {
          Collections.addAll(trusted, known.getAcceptedIssuers());
        }
      }
      Files.writeString(pem, pem(trusted));
      KeyStore all = KeyStore.getInstance("JKS");
      all.load(null, null);
      for (int i = 0; i < trusted.size(); i++) {
        all.setCertificateEntry("trusted" + i, trusted.get(i));
      }
      try (OutputStream out = Files.newOutputStream(store)) {
        all.store(out, PASSWORD.toCharArray());
      }
    } catch (GeneralSecurityException e) {
      throw unusable(e);
    }
  }

  private static String pem(List<X509Certificate> certificates) throws GeneralSecurityException {
    Base64.Encoder lines = Base64.getMimeEncoder(PEM_LINE_CHARACTERS, "\n".getBytes(US_ASCII));
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : certificates) {
      text.append("-----BEGIN CERTIFICATE-----\n")
          .append(lines.encodeToString(certificate.getEncoded()))
          .append("\n-----END CERTIFICATE-----\n");
    }
    return text.toString();
  }
}
