package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static com.sun.net.httpserver.SimpleFileServer.OutputLevel.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Response;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// What pages of other people, open in the browser of somebody who runs the local cloud, can do.
class StrangersTest extends PageTest {
  /// `*.example` is this machine for [TestBrowser], as a stranger's name may be by DNS.
  private static final String STRANGER = "http://evil.example:";

  private static final String CONNECT =
      """
      url => new Promise(resolve => {
        const socket = new WebSocket(url);
        socket.onmessage = socket.onopen = () => { resolve('opened'); socket.close(); };
        socket.onclose = () => resolve('closed');
      })
      """;

  private HttpServer server;

  @BeforeEach
  void serve(@TempDir Path site) throws IOException {
    Files.writeString(
        site.resolve("index.html"),
        "<!doctype html><form method=post target=answer><input name=Action value=SendMessage>"
            + "<input name=MessageBody></form><iframe name=answer></iframe>");
    server =
        SimpleFileServer.createFileServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), site.toRealPath(), NONE);
    server.start();
  }

  @AfterEach
  void stopServing() {
    server.stop(0);
  }

  /// A page that another server serves, under this name.
  private Page visit(String host) {
    Page page = browser.newPage();
    page.navigate(host + server.getAddress().getPort() + "/");
    return page;
  }

  @Test
  void aStrangersPageCannotConnectAndAPageOfAnyPortOfThisMachineCan() {
    Page stranger = visit(STRANGER);

    for (String host : List.of("localhost", "127.0.0.1", "evil.example")) {
      String url = "ws://%s:%d/production?rooms=lobby".formatted(host, cloud.port());
      assertEquals("closed", stranger.evaluate(CONNECT, url), url);
      assertEquals("closed", sandboxed(stranger, url), url);
    }
    String url = cloud.webSocketUrl().toString();
    assertEquals("opened", visit("http://localhost:").evaluate(CONNECT, url));
    assertEquals("opened", visit("http://127.0.0.1:").evaluate(CONNECT, url));
    assertEquals("opened", visit("http://ada.localhost:").evaluate(CONNECT, url));
  }

  /// In a frame whose origin is `null`.
  private static Object sandboxed(Page page, String url) {
    return page.evaluate(
        """
        ([connect, url]) => new Promise(resolve => {
          const frame = document.createElement('iframe');
          frame.sandbox = 'allow-scripts';
          frame.srcdoc = `<script>(${connect})('${url}').then(r => parent.postMessage(r, '*'))</`
              + 'script>';
          addEventListener('message', e => resolve(e.data), { once: true });
          document.body.append(frame);
        })
        """,
        List.of(CONNECT.strip(), url));
  }

  @Test
  void aFormReachesNoQueueAndNoMember() {
    TestPage ada = TestPage.open(cloud, browser.newContext(), "Ada", "forged");
    String job =
        "{\"room\":\"forged\",\"attempt\":0}\n{\"type\":\"message\",\"message\":\"forged\"}";
    for (Page page : List.of(visit(STRANGER), visit("http://localhost:"))) {
      String queue = cloud.sqs().url() + "/000000000000/PushRetries";

      Response answer =
          page.waitForResponse(
              queue,
              () ->
                  page.evaluate(
                      """
                      ([queue, job]) => {
                        const form = document.forms[0];
                        form.action = queue;
                        form.MessageBody.value = job;
                        form.submit();
                      }
                      """,
                      List.of(queue, job)));

      assertEquals(403, answer.status());
    }
    assertEquals(
        Map.of(
            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES, "0",
            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE, "0"),
        cloud
            .sqs()
            .client()
            .getQueueAttributes(
                get ->
                    get.queueUrl("https://sqs.us-east-1.amazonaws.com/000000000000/PushRetries")
                        .attributeNames(
                            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
                            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE))
            .attributes());
    ada.say("nothing else was said");
    assertThat(ada.texts()).hasText(new String[] {"nothing else was said"});
  }

  /// The stranger's own name resolves to 127.0.0.1, so its pages and the local cloud's ports are of
  /// one origin to the browser.
  @Test
  void anotherNameOfThisMachineReadsNothing() {
    int[] ports = {
      cloud.port(), cloud.dynamoDb().url().getPort(), cloud.sqs().url().getPort(),
    };
    for (int port : ports) {
      for (String path :
          List.of(
              "/",
              "/config.json",
              "/_local/xray/Traces",
              "/_local/",
              "/_local/metrics",
              "/health")) {
        Page page = browser.newPage();

        Response response = page.navigate(STRANGER + port + path);

        assertNotNull(response);
        assertEquals(403, response.status(), port + path);
      }
    }
  }

  @Test
  void noPageFramesTheChatAndTheChatConnectsNowhereElse() {
    Page framing = visit("http://localhost:");
    framing.evaluate(
        """
        url => new Promise(resolve => {
          const frame = document.querySelector('iframe');
          frame.onload = resolve;
          frame.src = url;
        })
        """,
        "http://localhost:" + cloud.port() + "/");
    assertTrue(
        framing.frames().stream().noneMatch(f -> f.locator("#composer").count() > 0), "framed");

    TestPage ada = TestPage.open(cloud, browser.newContext(), "Ada", "confined");
    int elsewhere = server.getAddress().getPort();
    assertEquals(
        "connect-src",
        ada.page()
            .evaluate(
                """
                url => new Promise(resolve => {
                  document.addEventListener('securitypolicyviolation',
                      e => resolve(e.effectiveDirective), { once: true });
                  new WebSocket(url);
                })
                """,
                "ws://localhost:" + elsewhere + "/"));
  }

  /// A name has at most 64 characters; a room's none of these.
  @Test
  void whatAStrangerSaysAndIsCalledIsTextOnThePage() {
    TestPage ada = TestPage.open(cloud, browser.newContext(), "Ada", "texts");
    String title = ada.page().title();
    String name = "<img src=x onerror=document.title='hacked'>";
    String text = "<iframe srcdoc=x></iframe><a href=javascript:alert(1)>here</a>";
    TestPage mallory = TestPage.open(cloud, browser.newContext(), name, "texts");

    mallory.say(text);

    assertThat(ada.texts()).hasText(new String[] {text});
    assertThat(ada.element("members")).containsText(name);
    assertThat(ada.messages().first()).containsText(name);
    assertThat(ada.page().locator("iframe, img[src=x], a[href^=javascript]")).hasCount(0);
    assertEquals(title, ada.page().title());
  }
}
