package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.parley.local.net.Loopback;
import dev.parley.local.tls.Certificates;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class GatewayTlsTest {
  private static final String DYNAMODB = "dynamodb.us-east-1.amazonaws.com";

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static Certificates certificates;

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static SSLContext trusting;

  @SuppressWarnings("NullAway.Init") // set before the first test
  @TempDir
  static Path folder;

  private final GatewayTester tester = new GatewayTester();

  @BeforeAll
  static void make() throws Exception {
    certificates = Certificates.in(folder);
    certificates.writeTrusted(folder.resolve("trusted.pem"), folder.resolve("trusted.jks"));
    KeyStore trusted = KeyStore.getInstance("JKS");
    try (InputStream in = new FileInputStream(folder.resolve("trusted.jks").toFile())) {
      trusted.load(in, null);
    }
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    trusting = SSLContext.getInstance("TLS");
    trusting.init(null, managers.getTrustManagers(), null);
  }

  @AfterEach
  void stop() {
    tester.close();
  }

  private void start(Map<String, Integer> services) throws Exception {
    tester
        .tls(new Tls(certificates, services))
        .oneWay("$connect", _ -> "{\"statusCode\":200}")
        .twoWay("$default", event -> "{\"statusCode\":200,\"body\":" + event.path("body") + "}")
        .start();
  }

  @Test
  void onePortTakesBothPlainClientsAndThoseThatSpeakTls() throws Exception {
    start(Map.of());
    HttpClient http = HttpClient.newBuilder().sslContext(trusting).build();
    try {
      for (String host : List.of("localhost", "127.0.0.1")) {
        Client client =
            Client.connect(http, URI.create("wss://%s:%d/test".formatted(host, tester.port())));
        assertEquals("https", tester.event("$connect").at("/headers/X-Forwarded-Proto").asText());
        client.send("x".repeat(30_000));
        assertEquals("x".repeat(30_000), client.receive(), host);
        client.close();
      }
      URI config = URI.create("https://localhost:%d/config.json".formatted(tester.port()));
      String told =
          http.send(HttpRequest.newBuilder(config).build(), HttpResponse.BodyHandlers.ofString())
              .body();
      assertTrue(told.contains("\"wss://localhost:%d/test\"".formatted(tester.port())), told);
    } finally {
      http.shutdownNow(); // its sockets, too
    }

    Client plain = tester.connect();
    assertEquals("http", tester.event("$connect").at("/headers/X-Forwarded-Proto").asText());
    plain.send("plain");
    assertEquals("plain", plain.receive());
  }

  /// As a function calls it, which finds DynamoDB by its name on AWS.
  @Test
  void theNameOfAnotherServiceLeadsToIt() throws Exception {
    HttpServer service = HttpServer.create(new InetSocketAddress(Loopback.V4, 0), 0);
    service.createContext(
        "/",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    service.start();
    try {
      start(Map.of(DYNAMODB, service.getAddress().getPort()));
      String body = "{}".repeat(500_000);

      String answer =
          exchange(
              DYNAMODB,
              "POST / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                  .formatted(DYNAMODB, body.length(), body));

      assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer.substring(0, 100));
      assertTrue(answer.endsWith("\r\n\r\n" + body));
    } finally {
      service.stop(0);
    }
  }

  @Test
  void aServiceThatHasEndedEndsTheSocket() throws Exception {
    start(Map.of(DYNAMODB, Loopback.freePort()));

    assertEquals("", exchange(DYNAMODB, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  }

  private String exchange(String name, String request) throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            trusting
                .getSocketFactory()
                .createSocket(new Socket(Loopback.V4, tester.port()), name, 443, true)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(name)));
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket.getOutputStream().write(request.getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    } catch (SSLException | java.net.SocketException _) {
      return ""; // its end came before the request was written
    }
  }

  @Test
  void aNameOfAwsIsNotProvenToAPerson() throws Exception {
    start(Map.of());
    SSLContext person = SSLContext.getInstance("TLS");
    KeyStore localhost = KeyStore.getInstance("JKS");
    localhost.load(null, null);
    try (InputStream in = new FileInputStream(certificates.pem().toFile())) {
      localhost.setCertificateEntry(
          "localhost",
          java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(localhost);
    person.init(null, managers.getTrustManagers(), null);

    try (SSLSocket socket =
        (SSLSocket)
            person
                .getSocketFactory()
                .createSocket(
                    new Socket(Loopback.V4, tester.port()),
                    "local.execute-api.us-east-1.amazonaws.com",
                    443,
                    true)) {
      assertThrows(SSLException.class, socket::startHandshake);
    }
  }

  /// Bytes that are neither TLS nor HTTP, a handshake that does not go on, and an alert at once.
  @Test
  void whatIsNoHandshakeEndsWithItsSocket() throws Exception {
    tester.requestTimeout(Duration.ofSeconds(2)); // its last client comes within it
    start(Map.of());
    for (byte[] bytes :
        List.of(
            new byte[] {22},
            new byte[] {22, 3, 1, 0, 100, 1},
            new byte[] {22, 22, 22, 22, 22, 22, 22, 22},
            new byte[] {22, 3, 1, (byte) 0xff, (byte) 0xff, 1, 2, 3},
            new byte[] {21, 3, 1, 0, 2, 2, 40})) {
      try (Socket socket = new Socket(Loopback.V4, tester.port())) {
        socket.getOutputStream().write(bytes);
        byte[] answer = socket.getInputStream().readAllBytes(); // until it ends
        assertTrue(answer.length < 200, () -> Arrays.toString(bytes));
      } catch (java.net.SocketException _) {
        // it was reset, which ends it too
      }
    }

    tester.connect().send("still here");
  }
}
