package dev.parley.local.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class CertificatesTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void theyAreMadeOnceAndKept() throws Exception {
    Path home = folder.resolve("not/there");

    Path pem = Certificates.in(home).pem();
    String made = Files.readString(pem);
    byte[] keys = Files.readAllBytes(home.resolve("tls.p12"));
    Certificates.in(home);

    assertEquals(home.resolve("localhost.pem"), pem);
    assertEquals(made, Files.readString(pem));
    assertArrayEquals(keys, Files.readAllBytes(home.resolve("tls.p12")));
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("tls.p12"))));
    try (Stream<Path> files = Files.list(home)) {
      assertEquals(2, files.count(), "no draft is left");
    }
  }

  @Test
  void whatAPersonTrustsIsForThisMachineOnly() throws Exception {
    Path pem = Certificates.in(folder).pem();

    List<X509Certificate> trusted = read(pem);

    assertEquals(1, trusted.size());
    assertEquals(
        List.of("localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"), // OpenSSL takes no *.localhost
        trusted.getFirst().getSubjectAlternativeNames().stream().map(List::getLast).toList());
    assertEquals(-1, trusted.getFirst().getBasicConstraints(), "it signs no other");
  }

  @Test
  void aPemThatIsLostOrForeignIsWrittenAgain() throws Exception {
    String made = Files.readString(Certificates.in(folder).pem());
    Files.writeString(folder.resolve("localhost.pem"), "another");

    assertEquals(made, Files.readString(Certificates.in(folder).pem()));
    Files.delete(folder.resolve("localhost.pem"));
    assertEquals(made, Files.readString(Certificates.in(folder).pem()));
  }

  @Test
  void keysThatAreNotForAllNamesAreMadeAnew() throws Exception {
    String made = Files.readString(Certificates.in(folder).pem());
    Path store = folder.resolve("tls.p12");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, "parley".toCharArray());
    }
    keys.deleteEntry("aws");
    try (var out = Files.newOutputStream(store)) {
      keys.store(out, "parley".toCharArray());
    }

    assertNotEquals(made, Files.readString(Certificates.in(folder).pem()));
  }

  @Test
  void aFunctionTrustsBothAndWhatTheJvmTrusts() throws Exception {
    Path pem = folder.resolve("trusted.pem");
    Path store = folder.resolve("trusted.jks");

    Certificates.in(folder.resolve("home")).writeTrusted(pem, store);

    KeyStore trusted = KeyStore.getInstance("JKS");
    try (InputStream in = Files.newInputStream(store)) {
      trusted.load(in, null);
    }
    List<X509Certificate> read = read(pem);
    assertEquals(Collections.list(trusted.aliases()).size(), read.size());
    assertTrue(read.size() > 50, read.size() + " certificates");
    for (X509Certificate certificate : read) {
      assertFalse(trusted.getCertificateAlias(certificate) == null, certificate::toString);
    }
  }

  @Test
  void nothingIsLeftOfThoseThatAreDeleted() throws Exception {
    Path home = folder.resolve("home");

    Certificates.in(home).delete();

    assertFalse(Files.exists(home));
  }

  @Test
  void aFolderThatCannotBeUsedIsTold() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThrows(IOException.class, () -> Certificates.in(file));

    Files.writeString(folder.resolve("tls.p12"), "damaged");
    assertThrows(IOException.class, () -> Certificates.in(folder));
    assertEquals("damaged", Files.readString(folder.resolve("tls.p12")), "it may be another's");
  }

  private static List<X509Certificate> read(Path pem) throws Exception {
    try (InputStream in = Files.newInputStream(pem)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
          .map(X509Certificate.class::cast)
          .toList();
    }
  }
}
