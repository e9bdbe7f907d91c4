package dev.parley.handlers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.events.IamPolicyResponse;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Sha256;
import dev.parley.TestContext;
import dev.parley.token.TestIssuer;
import java.io.File;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AuthorizerHandlerTest {
  private static final String SECRET = "q1Zk8-3nXb_0RtYw7LmPaS";
  private static final String SOCKET_SECRET = "0123456789abcdef0123456789abcdef";

  /// `printf %s 0123456789abcdef0123456789abcdef | sha256sum`
  private static final String SOCKET_SECRET_SHA256 =
      "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9";

  private final AuthorizerHandler authorizer =
      new AuthorizerHandler(Map.of(), InstantSource.system());

  @Test
  void aGuestHasItsNameAndAStableId() {
    IamPolicyResponse first = authorize("c1", Map.of("name", " Ada ", "guest", SECRET));
    IamPolicyResponse later = authorize("c2", Map.of("name", "Ada L.", "guest", SECRET));

    assertEquals("Ada", first.getContext().get("sender"));
    assertEquals(first.getPrincipalId(), later.getPrincipalId());
    assertEquals(first.getPrincipalId(), first.getContext().get("user"));
    assertTrue(first.getPrincipalId().startsWith("guest:"));
    assertEquals(
        "Allow",
        new ObjectMapper()
            .valueToTree(first.getPolicyDocument())
            .path("Statement")
            .path(0)
            .path("Effect")
            .asText());
  }

  @Test
  void aGuestWithoutASecretIsAnotherUserOnEachConnection() {
    IamPolicyResponse first = authorize("c1", null);
    IamPolicyResponse second = authorize("c2", null);

    assertNotEquals(first.getPrincipalId(), second.getPrincipalId());
    assertTrue(String.valueOf(first.getContext().get("sender")).startsWith("Guest "));
  }

  @Test
  void aWeakSecretOrAnInvalidNameIsRefused() {
    assertUnauthorized(Map.of("guest", "password"));
    assertUnauthorized(Map.of("guest", ""));
    assertUnauthorized(Map.of("guest", "a".repeat(64)));
    assertUnauthorized(Map.of("name", "x".repeat(65), "guest", SECRET));
    assertUnauthorized(Map.of("name", "a\u0000b"));
    for (String name :
        List.of("\u3164", "A\u202eda", "Ada\u2028L", "A\uffff", "A  B", "Z" + "\u0301".repeat(9))) {
      assertUnauthorized(Map.of("name", name));
    }
  }

  @Test
  void spaceAroundANameIsTrimmed() {
    Map<String, String> padded = Map.of("name", "\ufeff\u00a0\u001cAda L\u2029\u200b");

    assertEquals("Ada L", authorize("c1", padded).getContext().get("sender"));
    assertTrue(
        String.valueOf(authorize("c1", Map.of("name", "\u00a0")).getContext().get("sender"))
            .startsWith("Guest "));
  }

  @Test
  void whereTheStackHasASecretOnlyTheDistributionComesIn() {
    AuthorizerHandler behindThePage = behindThePage();

    for (Map<String, String> headers :
        List.of(
            Map.<String, String>of(),
            Map.of("X-Parley-Socket-Secret", ""),
            Map.of("X-Parley-Socket-Secret", "another"),
            Map.of("Host", "x", "CloudFront-Viewer-Address", "198.51.100.10:46532"))) {
      assertEquals(
          "Unauthorized",
          assertThrows(
                  IllegalArgumentException.class, () -> authorize(behindThePage, headers, Map.of()))
              .getMessage(),
          headers.toString());
    }
    IamPolicyResponse allowed =
        authorize(behindThePage, Map.of("x-parley-socket-secret", SOCKET_SECRET), Map.of());
    assertFalse(allowed.getContext().containsKey("address"));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            authorize(
                behindThePage,
                Map.of("X-Parley-Socket-Secret", SOCKET_SECRET),
                Map.of("guest", "password")),
        "a guest's secret is still looked at");
  }

  @Test
  void theDistributionTellsWhereTheClientIs() {
    Map.of(
            "198.51.100.10:46532", "198.51.100.10",
            "2001:db8:85a3::8a2e:370:7334:46532", "2001:db8:85a3::8a2e:370:7334")
        .forEach(
            (told, address) ->
                assertEquals(
                    address,
                    authorize(
                            behindThePage(),
                            Map.of(
                                "X-Parley-Socket-Secret", SOCKET_SECRET,
                                "cloudfront-viewer-address", told),
                            Map.of())
                        .getContext()
                        .get("address")));
  }

  @Test
  void whereNothingStandsBeforeTheApiAnAddressIsAnybodysClaim() {
    for (AuthorizerHandler direct :
        List.of(
            authorizer,
            new AuthorizerHandler(Map.of("SOCKET_SECRET_SHA256", ""), InstantSource.system()))) {
      IamPolicyResponse allowed =
          authorize(direct, Map.of("CloudFront-Viewer-Address", "198.51.100.10:46532"), Map.of());

      assertFalse(allowed.getContext().containsKey("address"));
    }
  }

  /// The distribution shows the next secret some minutes after it is told to.
  @Test
  void whileTheSecretIsChangedEitherComesIn() {
    String next = "fedcba9876543210fedcba9876543210";
    String both = SOCKET_SECRET_SHA256 + "," + Sha256.hex(next);
    AuthorizerHandler changing = behindThePage(both);

    for (String secret : List.of(SOCKET_SECRET, next)) {
      authorize(changing, Map.of("X-Parley-Socket-Secret", secret), Map.of());
    }
    for (String secret : List.of("another", SOCKET_SECRET_SHA256, both)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> authorize(changing, Map.of("X-Parley-Socket-Secret", secret), Map.of()));
    }
  }

  private static AuthorizerHandler behindThePage() {
    return behindThePage(SOCKET_SECRET_SHA256);
  }

  private static AuthorizerHandler behindThePage(String digests) {
    return new AuthorizerHandler(Map.of("SOCKET_SECRET_SHA256", digests), InstantSource.system());
  }

  private void assertUnauthorized(Map<String, String> query) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> authorize("c1", query));
    assertEquals("Unauthorized", refusal.getMessage());
  }

  private IamPolicyResponse authorize(String connection, @Nullable Map<String, String> query) {
    return authorize(authorizer, connection, null, query);
  }

  private static IamPolicyResponse authorize(
      AuthorizerHandler handler, Map<String, String> headers, Map<String, String> query) {
    return authorize(handler, "c1", headers, query);
  }

  private static IamPolicyResponse authorize(
      AuthorizerHandler handler,
      String connection,
      @Nullable Map<String, String> headers,
      @Nullable Map<String, String> query) {
    AuthorizerHandler.Event event = new AuthorizerHandler.Event();
    event.setMethodArn("arn:aws:execute-api:us-east-1:000000000000:local/production/$connect");
    event.setHeaders(headers);
    event.setQueryStringParameters(query);
    event.setRequestContext(Map.of("connectionId", connection));
    return handler.handleRequest(event, new TestContext());
  }

  // ---- Tokens ---------------------------------------------------------------------------------

  @Test
  void aTokenComesBySubprotocolOrInTheAddress() {
    try (TestIssuer issuer = new TestIssuer()) {
      AuthorizerHandler signing = signing(issuer, Map.of());
      Instant now = Instant.now();
      String token = TestIssuer.sign(TestIssuer.claims(now));

      for (IamPolicyResponse allowed :
          List.of(
              authorize(
                  signing,
                  Map.of("sec-websocket-protocol", "parley.v1, bearer." + token),
                  Map.of()),
              authorize(signing, Map.of("Sec-WebSocket-Protocol", "bearer." + token), Map.of()),
              authorize(signing, Map.of(), Map.of("token", token)))) {
        assertEquals(
            Map.of(
                "user", "ada", "sender", "Ada", "expires", now.plusSeconds(3_600).getEpochSecond()),
            allowed.getContext());
        assertEquals("ada", allowed.getPrincipalId());
        assertFalse(String.valueOf(new ObjectMapper().valueToTree(allowed)).contains(token));
      }
    }
  }

  @Test
  void theAdminRoleIsToldOfWhoHasIt() {
    try (TestIssuer issuer = new TestIssuer()) {
      String token =
          TestIssuer.sign(
              TestIssuer.claims(Instant.now()).claim("roles", List.of("staff", "chat-admin")));

      assertEquals(
          "true",
          authorize(signing(issuer, Map.of()), Map.of(), Map.of("token", token))
              .getContext()
              .get("admin"));
      assertFalse(
          authorize(
                  signing(issuer, Map.of("TOKEN_ADMIN_ROLE", "")), Map.of(), Map.of("token", token))
              .getContext()
              .containsKey("admin"));
    }
  }

  /// A name and a guest's secret beside a token tell nothing.
  @Test
  void aTokenThatDoesNotHoldMakesNoGuest() {
    try (TestIssuer issuer = new TestIssuer()) {
      AuthorizerHandler signing = signing(issuer, Map.of());
      String good = TestIssuer.sign(TestIssuer.claims(Instant.now()));
      String expired = TestIssuer.sign(TestIssuer.claims(Instant.now().minusSeconds(3_601)));

      for (String bad : List.of("", "x", expired, good + "x")) {
        assertUnauthorized(signing, Map.of(), Map.of("token", bad, "name", "Ada", "guest", SECRET));
        assertUnauthorized(
            signing, Map.of("Sec-WebSocket-Protocol", "parley.v1,bearer." + bad), Map.of());
      }
      assertUnauthorized(
          signing, Map.of("Sec-WebSocket-Protocol", "bearer." + good), Map.of("token", good));
      assertUnauthorized(
          signing,
          Map.of("Sec-WebSocket-Protocol", "bearer.%s, bearer.%s".formatted(good, good)),
          Map.of());
      assertEquals(
          "Mallory",
          authorize(signing, Map.of(), Map.of("name", "Mallory")).getContext().get("sender"),
          "without a token, somebody is a guest");
    }
  }

  @Test
  void whereThereIsNoIssuerATokenIsRefused() {
    String token = TestIssuer.sign(TestIssuer.claims(Instant.now()));

    assertUnauthorized(authorizer, Map.of(), Map.of("token", token, "name", "Ada"));
  }

  @Test
  void guestsAreRefusedWhereTheyAreNotAllowed() {
    try (TestIssuer issuer = new TestIssuer()) {
      AuthorizerHandler closed = signing(issuer, Map.of("ALLOW_GUESTS", "false"));

      assertUnauthorized(closed, Map.of(), Map.of());
      assertUnauthorized(closed, Map.of(), Map.of("name", "Ada", "guest", SECRET));
      authorize(
          closed, Map.of(), Map.of("token", TestIssuer.sign(TestIssuer.claims(Instant.now()))));
    }
  }

  /// It is no refusal: the gateway answers 500, and clients come again.
  @Test
  void whereTheIssuerCannotBeAskedTheHandshakeFails() {
    TestIssuer issuer = new TestIssuer();
    AuthorizerHandler signing = signing(issuer, Map.of());
    issuer.close();

    assertThrows(
        UncheckedIOException.class,
        () ->
            authorize(
                signing,
                Map.of(),
                Map.of("token", TestIssuer.sign(TestIssuer.claims(Instant.now())))));
  }

  /// What is not loaded takes no time of a cold start.
  @Test
  void whereThereIsNoIssuerTheLibraryForTokensIsNotLoaded() throws Exception {
    try (WithoutTokenLibrary loader = new WithoutTokenLibrary()) {
      Class<?> type = loader.loadClass(AuthorizerHandler.class.getName());
      Object handler =
          type.getConstructor(Map.class, InstantSource.class)
              .newInstance(Map.of("TOKEN_ISSUER", ""), InstantSource.system());
      Class<?> eventType = loader.loadClass(AuthorizerHandler.Event.class.getName());
      Object event = eventType.getConstructor().newInstance();
      eventType.getMethod("setMethodArn", String.class).invoke(event, "arn");
      eventType
          .getMethod("setQueryStringParameters", Map.class)
          .invoke(event, Map.of("name", "Ada"));

      Object answer =
          type.getMethod("handleRequest", eventType, Context.class)
              .invoke(handler, event, new TestContext());

      assertEquals("Ada", ((IamPolicyResponse) answer).getContext().get("sender"));
    }
  }

  /// Loads our classes anew, and nothing of the library.
  private static final class WithoutTokenLibrary extends URLClassLoader {
    WithoutTokenLibrary() {
      super(classPath(), AuthorizerHandlerTest.class.getClassLoader());
    }

    private static URL[] classPath() {
      return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(
              entry -> {
                try {
                  return Path.of(entry).toUri().toURL();
                } catch (MalformedURLException e) {
                  throw new AssertionError(entry, e);
                }
              })
          .toArray(URL[]::new);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("com.nimbusds.")) {
        throw new ClassNotFoundException(name + " is not to be loaded");
      }
      if (!name.startsWith("dev.parley.token.") && !name.startsWith("dev.parley.handlers.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        return known == null ? findClass(name) : known;
      }
    }
  }

  private static AuthorizerHandler signing(TestIssuer issuer, Map<String, String> instead) {
    Map<String, String> environment = new HashMap<>(issuer.settings());
    environment.putAll(instead);
    return new AuthorizerHandler(environment, InstantSource.system());
  }

  private static void assertUnauthorized(
      AuthorizerHandler handler, Map<String, String> headers, Map<String, String> query) {
    assertEquals(
        "Unauthorized",
        assertThrows(IllegalArgumentException.class, () -> authorize(handler, headers, query))
            .getMessage());
  }
}
