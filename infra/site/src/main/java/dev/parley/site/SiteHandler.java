package dev.parley.site;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;

/// The custom resource `SiteContent` of the template. On `Create` and `Update` it makes the bucket
/// hold the files that it carries and `config.json`, and nothing else; on `Delete` it empties the
/// bucket, which CloudFormation could not delete otherwise. All of it may be repeated.
///
/// It answers CloudFormation whatever happens, and before its own time is over: a stack waits for
/// the answer. The resource's id is the bucket's name, so that another bucket is another resource.
public final class SiteHandler implements RequestHandler<Map<String, Object>, @Nullable Void> {
  /// What is left of the function's time for the answer: four attempts of 2 s and the pauses
  /// between them, 9.75 s.
  private static final Duration ANSWER_TIME = Duration.ofSeconds(12);

  private static final int ANSWERS_MAX = 4;
  private static final Duration ANSWER_ATTEMPT_MAX = Duration.ofSeconds(2);
  private static final Duration ANSWER_PAUSE_MIN = Duration.ofMillis(250);

  private static final Duration ATTEMPT_MAX = Duration.ofSeconds(10);
  private static final Duration CALL_MAX = Duration.ofSeconds(30);

  /// The whole answer may have 4,096 bytes.
  private static final int REASON_CHARACTERS_MAX = 700;

  private final Path files;
  private final SdkHttpClient http;
  private final AwsCredentialsProvider credentials;
  private final S3Client s3;
  private final URI cloudFront;

  public SiteHandler() {
    this(System.getenv());
  }

  public SiteHandler(Map<String, String> environment) {
    this.files = Path.of(required(environment, "LAMBDA_TASK_ROOT"), "site");
    this.http = Apache5HttpClient.builder().socketTimeout(ATTEMPT_MAX).build();
    this.credentials = credentials(environment);
    String endpoint = environment.get("AWS_ENDPOINT_URL_S3");
    this.s3 =
        S3Client.builder()
            .httpClient(http)
            .region(Region.of(required(environment, "AWS_REGION")))
            .credentialsProvider(credentials)
            .endpointOverride(endpoint == null ? null : URI.create(endpoint))
            .forcePathStyle(endpoint != null)
            // Plain requests: the files are small, and each is in memory.
            .serviceConfiguration(plain -> plain.chunkedEncodingEnabled(false))
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .overrideConfiguration(
                call -> call.apiCallAttemptTimeout(ATTEMPT_MAX).apiCallTimeout(CALL_MAX))
            .build();
    this.cloudFront =
        URI.create(
            environment.getOrDefault(
                "AWS_ENDPOINT_URL_CLOUDFRONT", Distribution.ENDPOINT.toString()));
  }

  private static String required(Map<String, String> environment, String name) {
    return Objects.requireNonNull(environment.get(name), () -> name + " is not set");
  }

  private static AwsCredentialsProvider credentials(Map<String, String> environment) {
    String key = environment.get("AWS_ACCESS_KEY_ID");
    String secret = environment.get("AWS_SECRET_ACCESS_KEY");
    if (key == null || secret == null) {
      return DefaultCredentialsProvider.builder().build();
    }
    String token = environment.get("AWS_SESSION_TOKEN");
    return StaticCredentialsProvider.create(
        token == null
            ? AwsBasicCredentials.create(key, secret)
            : AwsSessionCredentials.create(key, secret, token));
  }

  /// @throws RuntimeException where CloudFormation cannot be answered; Lambda then tries again
  @Override
  public @Nullable Void handleRequest(Map<String, Object> event, Context context) {
    Request request = Request.of(event);
    Duration time = Duration.ofMillis(context.getRemainingTimeInMillis()).minus(ANSWER_TIME);
    Answer answer = carryOut(request, time);
    log(answer.reason().isEmpty() ? "INFO" : "ERROR", request.type() + ": " + answer, context);
    send(answer.json(request), request.responseUrl());
    return null;
  }

  // ---- The work -------------------------------------------------------------------------------

  private Answer carryOut(Request request, Duration time) {
    FutureTask<Answer> work = new FutureTask<>(() -> carryOutUnbounded(request, time));
    Thread.ofVirtual().name("work").start(work);
    try {
      return work.get(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      return Answer.failed(request, String.valueOf(e.getCause()));
    } catch (TimeoutException e) {
      work.cancel(true);
      return Answer.failed(request, "not done within %d s".formatted(time.toSeconds()));
    } catch (InterruptedException | CancellationException e) {
      return Answer.failed(request, "interrupted");
    }
  }

  private Answer carryOutUnbounded(Request request, Duration time)
      throws IOException, InterruptedException {
    Duration patience = time.dividedBy(4);
    return switch (request.type()) {
      case "Create" -> put(request, Content.of(request.properties()), patience, false);
      case "Update" -> put(request, Content.of(request.properties()), patience, true);
      case "Delete" -> empty(request, patience);
      default -> throw new IllegalArgumentException("there is no RequestType " + request.type());
    };
  }

  /// @param known whether CloudFront may have files already. Then it is told also where none has
  ///     changed: an earlier attempt may have put them and come no further.
  private Answer put(Request request, Content content, Duration patience, boolean known)
      throws IOException, InterruptedException {
    Bucket bucket = new Bucket(s3, content.bucket(), patience);
    Map<String, String> held = bucket.etags();
    List<SiteFile> all = SiteFile.of(files, content.config());
    List<SiteFile> changed =
        all.stream().filter(file -> !file.etag().equals(held.get(file.key()))).toList();
    for (SiteFile file : changed) {
      bucket.put(file);
    }
    all.forEach(file -> held.remove(file.key()));
    bucket.remove(held.keySet());
    if (known) {
      new Distribution(http, credentials, cloudFront, content.distribution())
          .invalidate(request.requestId());
    }
    return Answer.succeeded(
        content.bucket(),
        "%d of %d files put, %d removed%s"
            .formatted(changed.size(), all.size(), held.size(), known ? ", CloudFront told" : ""));
  }

  /// Succeeds where there is nothing to empty: otherwise a stack that could not be made could not
  /// be deleted either.
  private Answer empty(Request request, Duration patience) throws InterruptedException {
    String name = request.bucket();
    if (name == null) {
      return Answer.succeeded(id(request), "there is no bucket");
    }
    Bucket bucket = new Bucket(s3, name, patience);
    try {
      Map<String, String> held = bucket.etags();
      bucket.remove(held.keySet());
      return Answer.succeeded(id(request), held.size() + " files removed");
    } catch (NoSuchBucketException e) {
      return Answer.succeeded(id(request), "there is no such bucket");
    }
  }

  /// What the resource is called until something else is told.
  private static String id(Request request) {
    if (request.physicalId() != null) {
      return request.physicalId();
    }
    return Objects.requireNonNullElse(request.bucket(), request.logicalId());
  }

  // ---- The answer -----------------------------------------------------------------------------

  /// @param reason empty where it succeeded
  private record Answer(String physicalId, String reason, String done) {
    static Answer succeeded(String physicalId, String done) {
      return new Answer(physicalId, "", done);
    }

    static Answer failed(Request request, String reason) {
      return new Answer(
          id(request),
          reason.length() <= REASON_CHARACTERS_MAX
              ? reason
              : reason.substring(0, REASON_CHARACTERS_MAX) + "…",
          "");
    }

    byte[] json(Request request) {
      return Json.of(
          Map.of(
              "Status", reason.isEmpty() ? "SUCCESS" : "FAILED",
              "Reason", toString(),
              "PhysicalResourceId", physicalId,
              "StackId", request.stackId(),
              "RequestId", request.requestId(),
              "LogicalResourceId", request.logicalId()));
    }

    @Override
    public String toString() {
      return reason.isEmpty() ? done : reason;
    }
  }

  private void send(byte[] answer, URI url) {
    for (int attempt = 1; ; attempt++) {
      try {
        int status = sendOnce(answer, url);
        if (status == 200) {
          return;
        }
        throw new IOException("CloudFormation's bucket answered " + status);
      } catch (IOException e) {
        if (attempt == ANSWERS_MAX) {
          throw new UncheckedIOException(e);
        }
        LockSupport.parkNanos(ANSWER_PAUSE_MIN.multipliedBy(1L << (attempt - 1)).toNanos());
      } catch (InterruptedException e) {
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  /// The URL is signed as it stands, for a request without a content type; the AWS SDK's HTTP
  /// clients would write both anew. A request's own timeout would end with the headers of the
  /// response, and its body could go on.
  private static int sendOnce(byte[] answer, URI url) throws IOException, InterruptedException {
    HttpClient plain = HttpClient.newHttpClient();
    try {
      HttpRequest put =
          HttpRequest.newBuilder(url).PUT(HttpRequest.BodyPublishers.ofByteArray(answer)).build();
      return plain
          .sendAsync(put, HttpResponse.BodyHandlers.discarding())
          .get(ANSWER_ATTEMPT_MAX.toMillis(), TimeUnit.MILLISECONDS)
          .statusCode();
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("CloudFormation's bucket did not answer", e);
    } finally {
      plain.shutdownNow();
    }
  }

  /// One line, as the other functions write them.
  private static void log(String level, String message, Context context) {
    System.out.println(
        Json.text(
            Map.of(
                "level", level,
                "message", message,
                "function_request_id", context.getAwsRequestId())));
  }
}
