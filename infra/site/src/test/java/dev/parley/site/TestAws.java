package dev.parley.site;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// An HTTP server that plays one bucket of S3, CloudFront, and the bucket in which CloudFormation
/// waits for answers. It refuses a request whose signature is not that of the credentials in its
/// [#environment].
///
/// Sources: S3 API reference, ListObjectsV2, PutObject, DeleteObjects; CloudFront API reference,
/// CreateInvalidation; "Signature Version 4 signing process".
public final class TestAws implements AutoCloseable {
  public static final String BUCKET = "page-bucket";
  public static final String DISTRIBUTION = "E2EXAMPLE";

  /// So that lists have pages.
  private static final int PAGE_MAX = 10;

  private static final String KEY = "AKIDEXAMPLE";
  private static final String SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  private static final Pattern AUTHORIZATION =
      Pattern.compile(
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/(\\d{8}/([^/]+)/([^/]+)/aws4_request),"
              + " SignedHeaders=([^,]+), Signature=([0-9a-f]{64})");

  /// An object of the bucket.
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  public record Stored(byte[] content, String contentType) {
    public String etag() {
      return '"' + digest("MD5", content) + '"';
    }
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, Stored> objects = new ConcurrentSkipListMap<>();
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final List<String> invalidations = new CopyOnWriteArrayList<>();
  private final BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> faults = new LinkedBlockingQueue<>();
  private volatile boolean bucketExists = true;
  private volatile boolean allowed = true;

  public TestAws() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /// What the function finds in its environment.
  ///
  /// @param taskRoot where its package is
  public Map<String, String> environment(String taskRoot) {
    return Map.of(
        "AWS_REGION",
        "eu-west-1",
        "AWS_ACCESS_KEY_ID",
        KEY,
        "AWS_SECRET_ACCESS_KEY",
        SECRET,
        "AWS_ENDPOINT_URL_S3",
        url(""),
        "AWS_ENDPOINT_URL_CLOUDFRONT",
        url(""),
        "LAMBDA_TASK_ROOT",
        taskRoot);
  }

  /// Where CloudFormation waits for an answer.
  public String responseUrl() {
    return url("/response?X-Amz-Credential=a%2Fb&X-Amz-Signature=0a");
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  /// By key.
  public Map<String, Stored> objects() {
    return objects;
  }

  /// What was asked so far, each as the IAM action and the resource that it needs.
  public List<String> calls() {
    return List.copyOf(calls);
  }

  /// The references of the invalidations that were made.
  List<String> invalidations() {
    return List.copyOf(invalidations);
  }

  /// The next answer to CloudFormation.
  public JsonNode answer() throws InterruptedException {
    JsonNode answer = answers.poll(30, TimeUnit.SECONDS);
    if (answer == null) {
      throw new AssertionError("CloudFormation is not answered");
    }
    return answer;
  }

  boolean isAnswered() {
    return !answers.isEmpty();
  }

  /// The next calls have these faults, one each: a status, `hangs`, or `stalls` after the headers
  /// of the response; nothing where it is empty.
  void fail(String... next) {
    faults.addAll(List.of(next));
  }

  /// From here on the role does not hold what a call needs.
  void forbid() {
    allowed = false;
  }

  void deleteBucket() {
    bucketExists = false;
  }

  /// What a request is answered with.
  private record Response(int status, String body) {}

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      Response response = answerTo(exchange, body);
      byte[] bytes = response.body().getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/xml");
      exchange.sendResponseHeaders(response.status(), bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Response answerTo(HttpExchange exchange, byte[] body)
      throws IOException, InterruptedException {
    String path = exchange.getRequestURI().getPath();
    String fault = faults.poll();
    if (fault != null && !fault.isEmpty()) {
      if (fault.equals("stalls")) {
        exchange.sendResponseHeaders(200, 1);
        exchange.getResponseBody().flush();
      }
      if (fault.equals("hangs") || fault.equals("stalls")) {
        Thread.sleep(TimeUnit.MINUTES.toMillis(1));
      }
      return new Response(Integer.parseInt(fault), "<Error><Code>Fault</Code></Error>");
    }
    if (path.equals("/response")) {
      // Its URL was signed for a request without a content type.
      boolean bare = !exchange.getRequestHeaders().containsKey("Content-type");
      String query = exchange.getRequestURI().getRawQuery();
      if (!bare || !"X-Amz-Credential=a%2Fb&X-Amz-Signature=0a".equals(query)) {
        return new Response(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>");
      }
      answers.add(new ObjectMapper().readTree(body));
      return new Response(200, "");
    }
    if (!allowed) {
      return new Response(403, "<Error><Code>AccessDenied</Code></Error>");
    }
    if (!isSigned(exchange, body)) {
      return new Response(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>");
    }
    return path.startsWith("/2020-05-31/")
        ? invalidate(path, new String(body, UTF_8))
        : s3(exchange, path, body);
  }

  private Response s3(HttpExchange exchange, String path, byte[] body) {
    if (!bucketExists || !(path + "/").startsWith("/" + BUCKET + "/")) {
      return new Response(404, "<Error><Code>NoSuchBucket</Code></Error>");
    }
    String arn = "arn:aws:s3:::" + BUCKET;
    String key = path.replaceFirst("^/[^/]*/?", "");
    String query = String.valueOf(exchange.getRequestURI().getRawQuery());
    return switch (exchange.getRequestMethod()) {
      case "GET" -> {
        calls.add("s3:ListBucket on " + arn);
        yield list(query);
      }
      case "PUT" -> {
        calls.add("s3:PutObject on " + arn + "/" + key);
        String type = String.valueOf(exchange.getRequestHeaders().getFirst("Content-type"));
        objects.put(key, new Stored(body, type));
        yield new Response(200, "");
      }
      default -> {
        Matcher keys = Pattern.compile("<Key>([^<]*)</Key>").matcher(new String(body, UTF_8));
        while (keys.find()) {
          calls.add("s3:DeleteObject on " + arn + "/" + keys.group(1));
          objects.remove(keys.group(1));
        }
        yield new Response(200, "<DeleteResult/>");
      }
    };
  }

  private Response list(String query) {
    Matcher token = Pattern.compile("continuation-token=([^&]*)").matcher(query);
    String after = token.find() ? URLDecoder.decode(token.group(1), UTF_8) : "";
    List<Map.Entry<String, Stored>> rest =
        objects.entrySet().stream().filter(o -> o.getKey().compareTo(after) > 0).toList();
    List<Map.Entry<String, Stored>> page = rest.stream().limit(PAGE_MAX).toList();
    boolean more = page.size() < rest.size();
    String contents =
        page.stream()
            .map(
                object ->
                    "<Contents><Key>%s</Key><ETag>%s</ETag></Contents>"
                        .formatted(
                            object.getKey(), object.getValue().etag().replace("\"", "&quot;")))
            .collect(Collectors.joining());
    return new Response(
        200,
        "<ListBucketResult>%s<IsTruncated>%b</IsTruncated>%s</ListBucketResult>"
            .formatted(
                contents,
                more,
                more
                    ? "<NextContinuationToken>%s</NextContinuationToken>"
                        .formatted(page.getLast().getKey())
                    : ""));
  }

  private Response invalidate(String path, String body) {
    calls.add(
        "cloudfront:CreateInvalidation on arn:aws:cloudfront::000000000000:distribution/"
            + path.split("/", -1)[3]);
    Matcher reference =
        Pattern.compile(
                "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">"
                    + "<Paths><Quantity>1</Quantity><Items><Path>/\\*</Path></Items></Paths>"
                    + "<CallerReference>([^<]+)</CallerReference></InvalidationBatch>")
            .matcher(body);
    if (!path.equals("/2020-05-31/distribution/" + DISTRIBUTION + "/invalidation")) {
      return new Response(404, "<ErrorResponse><Error><Code>NoSuchDistribution</Code></Error>");
    }
    if (!reference.matches()) {
      return new Response(400, "<ErrorResponse><Error><Code>MalformedXML</Code></Error>");
    }
    if (!invalidations.contains(reference.group(1))) {
      invalidations.add(reference.group(1));
    }
    return new Response(201, "<Invalidation/>");
  }

  // ---- Signatures -----------------------------------------------------------------------------

  private static boolean isSigned(HttpExchange exchange, byte[] body) {
    Matcher authorization = AUTHORIZATION.matcher(header(exchange, "Authorization"));
    if (!authorization.matches()) {
      return false;
    }
    boolean cloudFront = exchange.getRequestURI().getPath().startsWith("/2020-05-31/");
    String region = cloudFront ? "us-east-1" : "eu-west-1";
    String service = cloudFront ? "cloudfront" : "s3";
    String payload = header(exchange, "X-amz-content-sha256");
    List<String> names = List.of(authorization.group(4).split(";", -1));
    if (!authorization.group(2).equals(region)
        || !authorization.group(3).equals(service)
        || !names.contains("host")
        || !List.of("UNSIGNED-PAYLOAD", digest("SHA-256", body)).contains(payload)) {
      return false;
    }
    List<String> canonical = new ArrayList<>();
    canonical.add(exchange.getRequestMethod());
    canonical.add(exchange.getRequestURI().getRawPath());
    canonical.add(query(exchange.getRequestURI().getRawQuery()));
    names.forEach(name -> canonical.add(name + ":" + header(exchange, name)));
    canonical.add("");
    canonical.add(authorization.group(4));
    canonical.add(payload);
    String request = digest("SHA-256", String.join("\n", canonical).getBytes(UTF_8));
    String toSign =
        String.join(
            "\n",
            "AWS4-HMAC-SHA256",
            header(exchange, "X-amz-date"),
            authorization.group(1),
            request);
    byte[] key = ("AWS4" + SECRET).getBytes(UTF_8);
    for (String part : authorization.group(1).split("/", -1)) {
      key = hmac(key, part);
    }
    return HexFormat.of().formatHex(hmac(key, toSign)).equals(authorization.group(5));
  }

  private static String header(HttpExchange exchange, String name) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "" : value.strip();
  }

  private static String query(@Nullable String raw) {
    Map<String, String> parameters = new TreeMap<>();
    if (raw != null) {
      for (String parameter : raw.split("&", -1)) {
        String[] parts = parameter.split("=", 2);
        parameters.put(parts[0], parts.length == 2 ? parts[1] : "");
      }
    }
    return parameters.entrySet().stream()
        .map(parameter -> parameter.getKey() + "=" + parameter.getValue())
        .collect(Collectors.joining("&"));
  }

  private static String digest(String algorithm, byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] hmac(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text.getBytes(UTF_8));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
