package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.aws.LocalAccount;
import dev.parley.local.aws.LocalClients;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.URLDecoder;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// The signature of a request, by AWS Signature Version 4, for the service `execute-api`, in the
/// header `Authorization`.
///
/// Key and secret are [LocalClients#CREDENTIAL]; a session token may be any, and is signed. `Unlike
/// AWS:` the date must be in `X-Amz-Date`, where every SDK puts it, and not in `Date`.
///
/// Sources: IAM user guide, "Create a signed AWS API request"; words and types of refusals are
/// those of AWS's own answers that were published. That a session token must be signed is assumed
/// [?].
final class Signature {
  /// Why a request is refused with 403.
  ///
  /// @param type the exception that an AWS SDK makes of it
  record Refusal(String type, String message) {}

  /// How far the date of a request may be from now.
  static final Duration SKEW_MAX = Duration.ofMinutes(5);

  private static final String ALGORITHM = "AWS4-HMAC-SHA256";
  private static final String SERVICE = "execute-api";
  private static final String TERMINATOR = "aws4_request";
  private static final String DATE = "X-Amz-Date";
  private static final String TOKEN = "X-Amz-Security-Token";
  private static final String UNRESERVED =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

  private static final DateTimeFormatter BASIC =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final FullHttpRequest request;
  private final String credential;
  private final String signedHeaders;
  private final String signature;

  private Signature(
      FullHttpRequest request, String credential, String signedHeaders, String signature) {
    this.request = request;
    this.credential = credential;
    this.signedHeaders = signedHeaders;
    this.signature = signature;
  }

  /// @param verified whether the signature is to be verified; else it is enough that there is one
  /// @return null where there is none
  static @Nullable Refusal refusal(FullHttpRequest request, boolean verified, Instant now) {
    HttpHeaders headers = request.headers();
    String authorization = headers.get(HttpHeaderNames.AUTHORIZATION);
    if (authorization == null) {
      return new Refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    Map<String, String> parameters = parameters(authorization);
    List<String> missing = new ArrayList<>();
    for (String name : List.of("Credential", "Signature", "SignedHeaders")) {
      if (parameters.getOrDefault(name, "").isEmpty()) {
        missing.add("Authorization header requires '" + name + "' parameter.");
      }
    }
    if (verified && !headers.contains(DATE)) {
      missing.add("Authorization header requires existence of a 'X-Amz-Date' header.");
    }
    if (!missing.isEmpty()) {
      return new Refusal("IncompleteSignatureException", String.join(" ", missing));
    }
    return verified
        ? new Signature(
                request,
                parameters.getOrDefault("Credential", ""),
                parameters.getOrDefault("SignedHeaders", ""),
                parameters.getOrDefault("Signature", ""))
            .refusal(now)
        : null;
  }

  /// Of another algorithm none.
  private static Map<String, String> parameters(String authorization) {
    Map<String, String> parameters = new HashMap<>();
    if (authorization.startsWith(ALGORITHM + " ")) {
      for (String parameter : authorization.substring(ALGORITHM.length()).split(",", -1)) {
        String[] parts = parameter.strip().split("=", 2);
        parameters.put(parts[0], parts[parts.length - 1]);
      }
    }
    return parameters;
  }

  private @Nullable Refusal refusal(Instant now) {
    String date = header(DATE);
    Instant signedAt;
    try {
      signedAt = BASIC.parse(date, Instant::from);
    } catch (DateTimeException _) {
      return new Refusal(
          "IncompleteSignatureException",
          "Date must be in ISO-8601 'basic format'. Got '%s'.".formatted(date));
    }
    String late = tooEarlyOrLate(signedAt, now);
    if (late != null) {
      return invalid(late);
    }
    List<String> names = List.of(signedHeaders.split(";", -1));
    if (!names.contains("host")) {
      return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    }
    for (String name : List.of(DATE, TOKEN)) {
      if (request.headers().contains(name) && names.stream().noneMatch(name::equalsIgnoreCase)) {
        return invalid("'%s' must be a 'SignedHeader' in the AWS Authorization.".formatted(name));
      }
    }
    String[] scope = credential.split("/", -1);
    if (scope.length != 5) {
      return new Refusal(
          "IncompleteSignatureException",
          ("Credential must have exactly 5 slash-delimited elements, e.g."
                  + " keyid/date/region/service/term, got '%s'")
              .formatted(credential));
    }
    String outside = outOfScope(scope, date);
    if (!outside.isEmpty()) {
      return invalid(outside);
    }
    if (!scope[0].equals(LocalClients.CREDENTIAL)) {
      return new Refusal(
          "UnrecognizedClientException", "The security token included in the request is invalid.");
    }
    return mismatch(names, date, String.join("/", scope[1], scope[2], scope[3], scope[4]));
  }

  private static Refusal invalid(String message) {
    return new Refusal("InvalidSignatureException", message);
  }

  private String header(String name) {
    return String.valueOf(request.headers().get(name)).strip();
  }

  private static @Nullable String tooEarlyOrLate(Instant signedAt, Instant now) {
    Instant earliest = now.minus(SKEW_MAX);
    if (signedAt.isBefore(earliest)) {
      return "Signature expired: %s is now earlier than %s (%s - 5 min.)"
          .formatted(BASIC.format(signedAt), BASIC.format(earliest), BASIC.format(now));
    }
    Instant latest = now.plus(SKEW_MAX);
    if (signedAt.isAfter(latest)) {
      return "Signature not yet current: %s is still later than %s (%s + 5 min.)"
          .formatted(BASIC.format(signedAt), BASIC.format(latest), BASIC.format(now));
    }
    return null;
  }

  /// What is wrong with the scope of a credential, all of it, or an empty text.
  private static String outOfScope(String[] scope, String date) {
    List<String> wrong = new ArrayList<>();
    if (!scope[2].equals(LocalAccount.REGION)) {
      wrong.add("Credential should be scoped to a valid region, not '%s'.".formatted(scope[2]));
    }
    if (!scope[3].equals(SERVICE)) {
      wrong.add("Credential should be scoped to correct service: '" + SERVICE + "'.");
    }
    if (!scope[4].equals(TERMINATOR)) {
      wrong.add(
          "Credential should be scoped with a valid terminator: '%s', not '%s'."
              .formatted(TERMINATOR, scope[4]));
    }
    if (!date.startsWith(scope[1]) || scope[1].length() != 8) {
      wrong.add(
          ("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from"
                  + " HTTP: '%s' != '%s', from '%s'.")
              .formatted(scope[1], date.substring(0, 8), date));
    }
    return String.join(" ", wrong);
  }

  /// The text that API Gateway gives, with what it has signed.
  private @Nullable Refusal mismatch(List<String> names, String date, String scope) {
    String canonical = canonical(names);
    String toSign =
        String.join("\n", ALGORITHM, date, scope, hex(sha256(canonical.getBytes(UTF_8))));
    byte[] key = ("AWS4" + LocalClients.CREDENTIAL).getBytes(UTF_8);
    for (String part : scope.split("/", -1)) {
      key = hmac(key, part);
    }
    String expected = hex(hmac(key, toSign));
    if (MessageDigest.isEqual(expected.getBytes(UTF_8), signature.getBytes(UTF_8))) {
      return null;
    }
    return invalid(
        """
        The request signature we calculated does not match the signature you provided. Check your \
        AWS Secret Access Key and signing method. Consult the service documentation for details.

        The Canonical String for this request should have been
        '%s'

        The String-to-Sign should have been
        '%s'
        """
            .formatted(canonical, toSign));
  }

  /// The path is encoded once more than it is sent: `%3D` is `%253D`.
  private String canonical(List<String> names) {
    String[] target = request.uri().split("\\?", 2);
    String path =
        Arrays.stream(target[0].split("/", -1))
            .map(Signature::encoded)
            .collect(Collectors.joining("/"));
    String headers =
        names.stream()
            .map(
                name ->
                    name
                        + ":"
                        + request.headers().getAll(name).stream()
                            .map(value -> value.strip().replaceAll(" +", " "))
                            .collect(Collectors.joining(","))
                        + "\n")
            .collect(Collectors.joining());
    return String.join(
        "\n",
        request.method().name(),
        path,
        target.length == 1 ? "" : query(target[1]),
        headers,
        signedHeaders,
        hex(sha256(ByteBufUtil.getBytes(request.content()))));
  }

  /// Sorted by names, then by values, both as they are encoded: `id=1` is before `id2=2`.
  private static String query(String raw) {
    return Stream.of(raw.split("&", -1))
        .filter(parameter -> !parameter.isEmpty())
        .map(parameter -> parameter.split("=", 2))
        .map(parts -> Map.entry(recoded(parts[0]), parts.length == 1 ? "" : recoded(parts[1])))
        .sorted(
            Map.Entry.<String, String>comparingByKey().thenComparing(Map.Entry.comparingByValue()))
        .map(parameter -> parameter.getKey() + "=" + parameter.getValue())
        .collect(Collectors.joining("&"));
  }

  private static String recoded(String text) {
    return encoded(URLDecoder.decode(text.replace("+", "%2B"), UTF_8));
  }

  /// RFC 3986, with all but unreserved characters encoded.
  private static String encoded(String text) {
    StringBuilder encoded = new StringBuilder();
    for (byte octet : text.getBytes(UTF_8)) {
      if (UNRESERVED.indexOf((char) octet) >= 0) {
        encoded.append((char) octet);
      } else {
        encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits(octet));
      }
    }
    return encoded.toString();
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  private static byte[] hmac(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text.getBytes(UTF_8));
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every JDK has HmacSHA256", e);
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
