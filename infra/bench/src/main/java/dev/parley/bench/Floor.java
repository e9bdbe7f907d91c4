package dev.parley.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.parley.connection.ConnectionId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Deque;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentLinkedDeque;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpService;
import software.amazon.awssdk.utils.AttributeMap;

/// What pushes cost at least: an HTTP client posts bytes that are ready, with the headers that AWS
/// demands, signed once and for all. No SDK, no JSON, no bookkeeping.
///
/// Safe for use by many threads.
interface Floor extends AutoCloseable {
  /// The client that the fan-out functions use (`Settings.gateway`).
  String OF_PARLEY = "apache5";

  /// All that can be compared; `jdk` is `java.net.http`, `socket` the least that can be written.
  List<String> CLIENTS = List.of(OF_PARLEY, "url-connection", "aws-crt", "jdk", "socket");

  String AUTHORIZATION =
      "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/execute-api/aws4_request,"
          + " SignedHeaders=host;x-amz-date, Signature="
          + "0".repeat(64);
  /// A post that takes longer fails.
  Duration TIMEOUT = Duration.ofSeconds(10);

  String DATE = "20260101T000000Z";

  /// Posts to one of the connections and waits for the answer.
  ///
  /// @return its status
  int post(int connection) throws IOException, InterruptedException;

  @Override
  void close();

  /// @param client one of [#CLIENTS]
  /// @param gateway where `@connections` is
  /// @param concurrency how many posts may be under way at once
  static Floor of(String client, URI gateway, List<ConnectionId> to, byte[] body, int concurrency) {
    List<URI> connections =
        to.stream()
            .map(
                connection ->
                    URI.create(
                        gateway
                            + "/@connections/"
                            + URLEncoder.encode(connection.value(), StandardCharsets.UTF_8)))
            .toList();
    return switch (client) {
      case "apache5" -> new OfSdk(sdk("Apache5", concurrency), connections, body);
      case "url-connection" -> {
        System.setProperty("http.maxConnections", Integer.toString(concurrency)); // kept alive
        yield new OfSdk(sdk("UrlConnection", concurrency), connections, body);
      }
      case "aws-crt" -> new OfSdk(sdk("AwsCrt", concurrency), connections, body);
      case "jdk" -> new OfJdk(connections, body);
      case "socket" -> new OfSocket(connections, body);
      default ->
          throw new IllegalArgumentException("there is no client " + client + ": " + CLIENTS);
    };
  }

  /// @param name what the class begins with by which the SDK would find this client
  private static SdkHttpClient sdk(String name, int connectionsMax) {
    for (SdkHttpService service : ServiceLoader.load(SdkHttpService.class)) {
      if (service.getClass().getSimpleName().startsWith(name)) {
        return service
            .createHttpClientBuilder()
            .buildWithDefaults(
                AttributeMap.builder()
                    .put(SdkHttpConfigurationOption.MAX_CONNECTIONS, connectionsMax)
                    .build());
      }
    }
    throw new IllegalStateException("no HTTP client called " + name + " is on the class path");
  }

  /// A client of the AWS SDK, without the SDK.
  final class OfSdk implements Floor {
    private final SdkHttpClient client;
    private final List<HttpExecuteRequest> requests;

    OfSdk(SdkHttpClient client, List<URI> connections, byte[] body) {
      this.client = client;
      this.requests =
          connections.stream()
              .map(
                  to ->
                      HttpExecuteRequest.builder()
                          .request(
                              SdkHttpFullRequest.builder()
                                  .method(SdkHttpMethod.POST)
                                  .uri(to)
                                  .putHeader("Host", to.getAuthority())
                                  .putHeader("Content-Length", Integer.toString(body.length))
                                  .putHeader("X-Amz-Date", DATE)
                                  .putHeader("Authorization", AUTHORIZATION)
                                  .build())
                          .contentStreamProvider(() -> new ByteArrayInputStream(body))
                          .build())
              .toList();
    }

    @Override
    public int post(int connection) throws IOException {
      HttpExecuteResponse response = client.prepareRequest(requests.get(connection)).call();
      if (response.responseBody().isPresent()) {
        try (AbortableInputStream rest = response.responseBody().get()) {
          var _ = rest.readAllBytes();
        }
      }
      return response.httpResponse().statusCode();
    }

    @Override
    public void close() {
      client.close();
    }
  }

  /// `java.net.http`, one of whose threads serves all sockets.
  final class OfJdk implements Floor {
    private final HttpClient client =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<HttpRequest> requests;

    OfJdk(List<URI> connections, byte[] body) {
      this.requests =
          connections.stream()
              .map(
                  to ->
                      HttpRequest.newBuilder(to)
                          .timeout(TIMEOUT)
                          .header("X-Amz-Date", DATE)
                          .header("Authorization", AUTHORIZATION)
                          .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                          .build())
              .toList();
    }

    @Override
    public int post(int connection) throws IOException, InterruptedException {
      return client
          .send(requests.get(connection), HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }

    @Override
    public void close() {
      client.close();
    }
  }

  /// One write and one read of a blocking socket; it takes the answer for whole once it has its
  /// headers, as one without a body is.
  final class OfSocket implements Floor {
    private static final int ANSWER_BYTES_MAX = 4_096;

    private final URI host;
    private final List<byte[]> requests;
    private final Deque<Socket> idle = new ConcurrentLinkedDeque<>();

    OfSocket(List<URI> connections, byte[] body) {
      this.host = connections.getFirst();
      this.requests = connections.stream().map(to -> request(to, body)).toList();
    }

    private static byte[] request(URI to, byte[] body) {
      ByteArrayOutputStream request = new ByteArrayOutputStream();
      request.writeBytes(
          """
          POST %s HTTP/1.1\r
          Host: %s\r
          Content-Length: %d\r
          X-Amz-Date: %s\r
          Authorization: %s\r
          \r
          """
              .formatted(to.getRawPath(), to.getAuthority(), body.length, DATE, AUTHORIZATION)
              .getBytes(US_ASCII));
      request.writeBytes(body);
      return request.toByteArray();
    }

    @Override
    public int post(int connection) throws IOException {
      Socket socket = idle.poll();
      if (socket == null) {
        socket = new Socket(InetAddress.getByName(host.getHost()), host.getPort());
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) TIMEOUT.toMillis());
      }
      socket.getOutputStream().write(requests.get(connection));
      int status = status(socket.getInputStream());
      idle.push(socket);
      return status;
    }

    /// Of `HTTP/1.1 200 OK` and headers.
    private static int status(InputStream in) throws IOException {
      byte[] answer = new byte[ANSWER_BYTES_MAX];
      int length = 0;
      do {
        int read = in.read(answer, length, answer.length - length);
        if (read <= 0) {
          throw new EOFException("an answer of " + length + " bytes has no end");
        }
        length += read;
      } while (answer[length - 1] != '\n' || answer[length - 3] != '\n');
      return Integer.parseInt(new String(answer, 9, 3, US_ASCII));
    }

    @Override
    public void close() {
      for (Socket socket : idle) {
        try {
          socket.close();
        } catch (IOException e) {
          // It is closed, then.
        }
      }
    }
  }
}
