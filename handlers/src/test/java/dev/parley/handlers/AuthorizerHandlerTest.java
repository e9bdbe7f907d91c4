package dev.parley.handlers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.IamPolicyResponse;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.TestContext;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AuthorizerHandlerTest {
  private static final String SECRET = "q1Zk8-3nXb_0RtYw7LmPaS";

  private final AuthorizerHandler authorizer = new AuthorizerHandler(Map.of());

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

  private void assertUnauthorized(Map<String, String> query) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> authorize("c1", query));
    assertEquals("Unauthorized", refusal.getMessage());
  }

  private IamPolicyResponse authorize(String connection, @Nullable Map<String, String> query) {
    AuthorizerHandler.Event event = new AuthorizerHandler.Event();
    event.setMethodArn("arn:aws:execute-api:us-east-1:000000000000:local/production/$connect");
    event.setQueryStringParameters(query);
    event.setRequestContext(Map.of("connectionId", connection));
    return authorizer.handleRequest(event, new TestContext());
  }
}
