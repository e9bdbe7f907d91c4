package dev.parley.fanout;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;

/// SQS that refuses entries of a `SendMessageBatch`, as it does by itself when it is in trouble;
/// the other entries of the same call reach the real queue.
///
/// Source: SQS API reference, SendMessageBatch: "the result of sending each message is reported
/// individually".
final class RefusingSqs implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client = HttpClient.newHttpClient();
  private final URI sqs;
  private volatile Predicate<JsonNode> refused = entry -> false;

  RefusingSqs() throws IOException {
    sqs = URI.create(TestQueues.endpoint());
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(executor);
    server.createContext("/", this::pass);
    server.start();
  }

  String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /// @param entries by their fields, for example `MessageBody`
  void refuse(Predicate<JsonNode> entries) {
    refused = entries;
  }

  private void pass(HttpExchange exchange) throws IOException {
    try (exchange) {
      ObjectNode request = (ObjectNode) JSON.readTree(exchange.getRequestBody());
      ArrayNode passed = JSON.createArrayNode();
      ArrayNode failed = JSON.createArrayNode();
      for (JsonNode entry : request.path("Entries")) {
        if (refused.test(entry)) {
          failed
              .addObject()
              .put("Id", entry.path("Id").textValue())
              .put("SenderFault", false)
              .put("Code", "InternalError");
        } else {
          passed.add(entry);
        }
      }
      ObjectNode response =
          passed.isEmpty()
              ? JSON.createObjectNode()
              : (ObjectNode) JSON.readTree(forward(exchange, request.set("Entries", passed)));
      response.set("Failed", failed);
      byte[] body = response.toString().getBytes(UTF_8);
      exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.0");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private String forward(HttpExchange exchange, JsonNode request) {
    HttpRequest.Builder forward =
        HttpRequest.newBuilder(sqs.resolve(exchange.getRequestURI()))
            .POST(HttpRequest.BodyPublishers.ofString(request.toString()));
    for (String header : List.of("Authorization", "Content-Type", "X-Amz-Target", "X-Amz-Date")) {
      forward.header(header, exchange.getRequestHeaders().getFirst(header));
    }
    try {
      return client.send(forward.build(), HttpResponse.BodyHandlers.ofString()).body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    executor.close();
    client.close();
  }
}
