package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Mouse;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.BoundingBox;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ViewportSize;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The page `/_local/traces`, in a real browser, with documents that were put through X-Ray's API.
class TracesPageTest extends PageTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Of any credentials: none is verified.
  private static final String SIGNATURE =
      "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=d";

  private static final AtomicInteger ids = new AtomicInteger(1);

  @Test
  void whatIsDecidedWithoutABrowserIsDecidedRight() throws Exception {
    String said =
        TestBrowser.node(
            Path.of("..", "local", "src", "test", "pages", "index.js").toAbsolutePath());

    assertTrue(said.endsWith("tests passed\n"), said);
  }

  @Test
  void aMessageThatIsSaidIsInTheListAndItsStepsInTheWaterfall() {
    TestPage.open(cloud, browser.newContext(), "Ada", "traced").say("follow me");
    Page page = open("");

    Locator trace =
        page.getByTestId("trace")
            .filter(new Locator.FilterOptions().setHasText("SendMessageFunction"));
    trace.first().click();

    assertThat(page.getByTestId("trace-name")).hasText("SendMessageFunction");
    Locator step = span(page, "## handleRequest");
    assertThat(step).hasAttribute("aria-level", Pattern.compile("[23]"));
    int level = Integer.parseInt(step.getAttribute("aria-level"));
    assertThat(span(page, "write")).hasAttribute("aria-level", String.valueOf(level + 1));
  }

  @Test
  void aFilterNarrowsTheListAndAWrongOneSaysWhyAndTakesNothingAway() throws Exception {
    put(segment(newTrace(), "Narrow", 0, 0.1, "room", "wide"));
    put(segment(newTrace(), "Narrow", 0, 0.2, "room", "slim"));
    Page page = open("");
    assertThat(traces(page, "Narrow")).hasCount(2);

    filter(page, "service(\"Narrow\") AND annotation.room = \"slim\"");
    assertThat(page.getByTestId("trace")).hasCount(1);
    assertThat(page.getByTestId("trace")).containsText("room slim");
    assertEquals("", page.getByTestId("filter-error").textContent());

    filter(page, "duration > nonsense");
    assertThat(page.getByTestId("filter-error")).containsText("nonsense");
    assertThat(page.getByTestId("filter")).hasAttribute("aria-invalid", "true");
    assertThat(page.getByTestId("trace")).isVisible();

    filter(page, "service(\"Narrow\") AND duration > 1000");
    assertThat(page.getByTestId("list-note")).containsText("No trace matches");
    page.getByText("Show all traces").click();
    assertThat(traces(page, "Narrow")).hasCount(2);
    assertThat(page.getByTestId("filter")).hasValue("");
  }

  @Test
  void theWaterfallNestsWhatCameInSeveralDocumentsAndTellsAllOfASpan() throws Exception {
    String trace = newTrace();
    ObjectNode send = segment(trace, "Send", 0, 0.04, "room", "lobby");
    ObjectNode write = subsegment(send, "write", 0.01, 0.04);
    ObjectNode call = subsegment(write, "DynamoDB", 0.005, 0.025).put("namespace", "aws");
    call.putObject("aws").put("operation", "PutItem").put("table_name", "Messages");
    call.put("fault", true).putObject("cause").put("working_directory", "/").putArray("exceptions");
    ((ObjectNode) call.path("cause"))
        .withArray("exceptions")
        .addObject()
        .put("id", newId())
        .put("type", "InternalServerError")
        .put("message", "<b>it broke</b>");
    ObjectNode fanout = segment(trace, "Fanout", 0.2, 0.3, "function_trace", newTrace());
    fanout.put("parent_id", write.path("id").asText());
    fanout.putObject("metadata").putObject("default").put("batch", 7);
    subsegment(fanout, "example.com", 0.01, 0.09).put("namespace", "remote");
    ObjectNode push = segment(trace, "Push", 0.2, 0.3, "room", "lobby");
    push.put("in_progress", true).put("parent_id", newId()).remove("end_time");
    put(fanout, push, send);

    Page page = open("#trace=" + trace);

    assertThat(page.getByTestId("span")).hasCount(6);
    assertEquals(
        List.of("1 Send", "2 write", "3 DynamoDB", "3 Fanout", "4 example.com", "1 Push"),
        page.getByTestId("span").all().stream()
            .map(s -> s.getAttribute("aria-level") + " " + s.locator(".name").textContent())
            .toList());
    assertThat(span(page, "DynamoDB")).containsText("PutItem Messages");
    assertThat(span(page, "DynamoDB").locator(".badge")).hasText(new String[] {"aws", "Fault"});
    assertThat(span(page, "example.com").locator(".badge")).hasText("remote");
    assertThat(span(page, "Push").locator(".badge"))
        .hasText(new String[] {"in progress", "no parent"});
    assertThat(page.getByTestId("notices")).containsText("1 span without a parent");
    assertThat(page.getByTestId("trace-status")).hasText("In progress");

    span(page, "DynamoDB").click();
    assertThat(page.getByTestId("details")).containsText("<b>it broke</b>");
    span(page, "write").locator(".caret").click();
    assertThat(page.getByTestId("span")).hasCount(3);
    assertThat(span(page, "write")).hasAttribute("aria-selected", "true");
    span(page, "write").locator(".caret").click();
    assertThat(page.getByTestId("span")).hasCount(6);
    span(page, "Fanout").click();
    assertThat(page.getByTestId("details")).containsText("160 ms since write had ended");
    assertThat(page.getByTestId("details")).containsText("batch");
    span(page, "Send").click();
    page.getByTestId("details").getByText("find").click();
    assertThat(page.getByTestId("filter")).hasValue("annotation.room = \"lobby\"");
  }

  @Test
  void theMapShowsWhoCallsWhomAndLeadsToTheirTraces() throws Exception {
    String trace = newTrace();
    ObjectNode caller = segment(trace, "MapCaller", 0, 0.04, "room", "map");
    caller.put("origin", "AWS::Lambda::Function");
    ObjectNode call = subsegment(caller, "DynamoDB", 0.01, 0.03).put("namespace", "aws");
    call.putObject("aws").put("operation", "Query").put("table_name", "MapTable");
    call.put("throttle", true).put("error", true);
    put(caller);

    Page page = open("#tab=map");
    Locator table = node(page, "MapTable");
    assertThat(table).containsText("20.0 ms");
    assertThat(table).containsText("DynamoDB table");
    assertThat(table).hasAttribute("aria-label", Pattern.compile("MapTable.*1 call.*100 %.*"));
    assertTrue(
        table.boundingBox().x > node(page, "MapCaller").boundingBox().x, "callers are to the left");

    node(page, "MapCaller").click();
    assertThat(page.getByTestId("node")).containsText("MapTable");
    page.getByText("Traces that went by it").click();
    assertThat(page.getByTestId("trace")).hasCount(1);
    assertThat(page.getByTestId("filter")).hasValue("service(\"MapCaller\")");
  }

  @Test
  void anArrowKeyLeadsTheWayThatItPoints() throws Exception {
    ObjectNode caller = segment(newTrace(), "ArrowCaller", 0, 0.04, "room", "map");
    for (String name : List.of("ArrowTableA", "ArrowTableB")) {
      ObjectNode call = subsegment(caller, "DynamoDB", 0.01, 0.03).put("namespace", "aws");
      call.putObject("aws").put("operation", "Query").put("table_name", name);
    }
    put(caller);
    Page page = open("#tab=map");
    Locator focused = page.locator(".node:focus");

    for (String table : List.of("ArrowTableA", "ArrowTableB")) {
      node(page, table).focus();
      page.keyboard().press("ArrowLeft");

      assertThat(node(page, table)).not().isFocused();
      assertTrue(
          focused.boundingBox().x < node(page, table).boundingBox().x,
          "left of it is " + focused.textContent());
    }
  }

  @Test
  void anAddressOpensWhatItSaysAndBackGoesToWhatWasBefore() throws Exception {
    String trace = newTrace();
    ObjectNode segment = segment(trace, "Linked", 0, 0.1, "room", "link");
    ObjectNode step = subsegment(segment, "step", 0.02, 0.05);
    put(segment);

    Page page = open("#trace=%s&segment=%s".formatted(trace, step.path("id").asText()));
    assertThat(page.getByTestId("details")).containsText("30.0 ms");
    assertThat(span(page, "step")).hasAttribute("aria-selected", "true");

    page.navigate("about:blank");
    page.navigate(url("?trace=" + trace));
    assertThat(page.getByTestId("trace-name")).hasText("Linked");

    page.navigate(url("#filter=service(%22Linked%22)"));
    page.getByTestId("trace").click();
    assertThat(page.getByTestId("trace-name")).hasText("Linked");
    page.getByTestId("tab-map").click();
    assertThat(page.getByTestId("map")).isVisible();
    page.goBack();
    assertThat(page.getByTestId("trace-id")).hasText(trace);
    page.goBack();
    assertThat(page.getByTestId("filter")).hasValue("service(\"Linked\")");
    assertThat(page.getByTestId("trace")).hasCount(1);
  }

  @Test
  void everythingIsReachedByTheKeyboard() throws Exception {
    put(segment(newTrace(), "Keys", 0, 0.1, "room", "second"));
    ObjectNode last = segment(newTrace(), "Keys", 1, 1.1, "room", "first");
    subsegment(subsegment(last, "outer", 0, 0.1), "inner", 0, 0.1);
    put(last);
    Page page = open("");
    assertThat(page.getByTestId("trace").first()).isVisible();

    page.keyboard().press("/");
    page.keyboard().type("service(\"Keys\")");
    page.keyboard().press("Enter");
    assertThat(page.getByTestId("trace")).hasCount(2);
    page.keyboard().press("ArrowDown");
    page.keyboard().press("ArrowDown");
    assertThat(page.locator("[aria-selected=true]")).containsText("first");
    page.keyboard().press("j");
    assertThat(page.locator("[aria-selected=true]")).containsText("second");
    page.keyboard().press("k");
    page.keyboard().press("Enter");
    assertThat(page.getByTestId("spans")).isFocused();
    for (String key : List.of("j", "ArrowRight", "ArrowRight")) {
      page.keyboard().press(key);
    }
    assertThat(page.getByTestId("details")).containsText("inner");
    page.keyboard().press("ArrowLeft");
    page.keyboard().press("ArrowLeft");
    assertThat(page.getByTestId("span")).hasCount(2);
    page.keyboard().press("Enter");
    assertThat(page.getByTestId("details")).isFocused();
    for (int escapes = 0; escapes < 3; escapes++) {
      page.keyboard().press("Escape");
    }
    assertThat(page.getByTestId("list")).isFocused();
    assertThat(page.locator("[aria-selected=true]")).containsText("first");

    page.getByTestId("tab-map").click();
    assertThat(page.getByTestId("map-node").first()).isVisible();
    page.getByTestId("tab-map").blur();
    page.keyboard().press("ArrowRight");
    page.keyboard().press("Enter");
    assertThat(page.getByTestId("node")).isVisible();
    page.keyboard().press("Escape");
    assertThat(page.getByTestId("node")).isHidden();
  }

  @Test
  void newTracesComeByThemselvesUnlessTheReaderPausesOrIsInTheList() throws Exception {
    put(segment(newTrace(), "Live", 0, 0.1, "room", "old"));
    Page page = browser.newPage();
    page.clock().install();
    page.navigate(url("#filter=service(%22Live%22)"));
    assertThat(page.getByTestId("trace")).hasCount(1);

    put(segment(newTrace(), "Live", 1, 1.1, "room", "new"));
    assertThat(page.getByTestId("trace")).hasCount(2);
    assertThat(page.getByTestId("trace").first()).containsText("new");

    page.getByTestId("trace").first().hover();
    put(segment(newTrace(), "Live", 2, 2.1, "room", "newest"));
    assertThat(page.getByTestId("newer")).hasText("Show 1 new trace");
    assertThat(page.getByTestId("trace")).hasCount(2);
    page.getByTestId("newer").click();
    assertThat(page.getByTestId("trace")).hasCount(3);

    page.getByTestId("live").click();
    assertThat(page.getByTestId("live")).hasAttribute("aria-pressed", "false");
    List<String> asked = new ArrayList<>();
    page.onRequest(request -> asked.add(request.url()));
    page.clock().fastForward(60_000);
    // Requests are told in their order: once this one is, those before it were.
    page.waitForRequest("**/later", () -> page.evaluate("() => void fetch('/_local/later')"));
    assertEquals(
        List.of("http://localhost:%d/_local/later".formatted(cloud.port())), asked, "paused");
    page.waitForRequest("**/TraceSummaries", () -> page.getByTestId("live").click());
  }

  @Test
  void whatComesLaterOfATraceIsAddedWhereTheReaderIs() throws Exception {
    String trace = newTrace();
    ObjectNode segment = segment(trace, "Grows", 0, 0.1, "room", "live");
    put(segment);
    Page page = open("#trace=" + trace + "&segment=" + segment.path("id").asText());
    assertThat(page.getByTestId("span")).hasCount(1);

    put(
        segment(trace, "Later", 0.2, 0.4, "room", "live")
            .put("parent_id", segment.path("id").asText()));

    assertThat(page.getByTestId("span")).hasCount(2);
    assertThat(page.getByTestId("figures")).containsText("400 ms");
    assertThat(span(page, "Grows")).hasAttribute("aria-selected", "true");
  }

  @Test
  void whatComesLaterTakesNeitherTheFocusNorWhatIsOpenInAPanel() throws Exception {
    String trace = newTrace();
    ObjectNode segment = segment(trace, "Focused", 0, 0.1, "room", "focus");
    ObjectNode call = subsegment(segment, "DynamoDB", 0.01, 0.03).put("namespace", "aws");
    call.putObject("aws").put("operation", "Query").put("table_name", "FocusedTable");
    put(segment);
    Page page = open("#trace=" + trace + "&segment=" + segment.path("id").asText());
    Locator details = page.getByTestId("details");
    details.locator("summary").click();
    details.getByText("Zoom to it").focus();

    put(segment(trace, "Focused later", 0.2, 0.4, "room", "focus"));

    assertThat(page.getByTestId("span")).hasCount(3);
    assertThat(details.getByText("Zoom to it")).isFocused();
    assertThat(details.locator("details[open] pre")).isVisible();

    page.navigate(url("#tab=map"));
    node(page, "Focused").click();
    page.getByTestId("node").getByText("FocusedTable").focus();
    put(segment(newTrace(), "Focused", 0, 0.1, "room", "focus"));
    assertThat(node(page, "Focused")).containsText("2×");
    assertThat(page.getByTestId("node").getByText("FocusedTable")).isFocused();
  }

  @Test
  void twoThousandSpansAreScrolledThroughWithFewInTheDocument() throws Exception {
    String trace = newTrace();
    ObjectNode root = segment(trace, "Large", 0, 2, "room", "large");
    put(root);
    for (int part = 0; part < 20; part++) {
      ObjectNode step = segment(trace, "part " + part, part * 0.1, part * 0.1 + 0.1, "part", "x");
      step.put("type", "subsegment").put("parent_id", root.path("id").asText());
      for (int i = 0; i < 99; i++) {
        subsegment(step, "step " + i, i * 0.001, i * 0.001 + 0.001);
      }
      put(step);
    }

    Page page = open("#trace=" + trace);
    assertThat(page.getByTestId("figures")).containsText("2,001");
    page.keyboard().press("End");

    assertThat(page.locator("[aria-selected=true]")).containsText("step 98");
    assertThat(page.locator("[aria-selected=true]")).hasAttribute("aria-posinset", "99");
    assertTrue(page.getByTestId("span").count() < 100, "rows that nobody sees are left out");
  }

  @Test
  void aPartOfTheOverviewIsChosenByDraggingAndItsLinesAreNotDrawnAnew() throws Exception {
    String trace = newTrace();
    put(segment(trace, "Dragged", 0, 4, "room", "drag"));
    Page page = open("#trace=" + trace);
    Locator ticks = page.locator("#ticks");
    assertThat(ticks).hasText("0 ms1.00 s2.00 s3.00 s4.00 s");
    Locator lines = page.locator("#overview path");
    lines.evaluate("path => { path.drawn = 1; }");
    BoundingBox overview = page.getByTestId("overview").boundingBox();

    page.mouse().move(overview.x + overview.width / 4, overview.y + 10);
    page.mouse().down();
    page.mouse()
        .move(
            overview.x + overview.width / 2, overview.y + 10, new Mouse.MoveOptions().setSteps(5));
    page.mouse().up();

    assertThat(ticks).hasText(Pattern.compile("1\\.0\\d s.*2\\.0\\d s"));
    assertEquals(1, lines.evaluate("path => path.drawn"));
    page.getByTestId("whole").click();
    assertThat(ticks).hasText("0 ms1.00 s2.00 s3.00 s4.00 s");
  }

  @Test
  void aTraceThatIsNotThereAndACloudThatDoesNotAnswerSayWhatToDo() throws Exception {
    put(segment(newTrace(), "There", 0, 0.1, "room", "there"));
    Page page = open("#trace=1-6553f100-0123456789abcdef01234567");
    assertThat(page.getByTestId("trace-note")).containsText("This trace is not here.");
    page.navigate("about:blank");
    page.navigate(url("#trace=nonsense"));
    assertThat(page.getByTestId("trace-note")).containsText("This is not the id of a trace.");
    page.getByTestId("trace-note").getByText("All traces").click();
    assertThat(page.getByTestId("list")).isVisible();

    page.context().setOffline(true);
    assertThat(page.getByTestId("unreachable")).containsText("mvn");
    page.context().setOffline(false);
    assertThat(page.getByTestId("unreachable")).isHidden();
  }

  @Test
  void aKeyOnAPageWhereNothingCanTakeTheFocusDoesNothing() {
    List<String> errors = new ArrayList<>();
    Page page = browser.newPage();
    page.onPageError(errors::add);
    page.navigate(url("#trace=1-6553f100-0123456789abcdef01234567"));
    assertThat(page.getByTestId("trace-note")).containsText("This trace is not here.");

    page.keyboard().press("ArrowDown");

    assertEquals("BODY", page.evaluate("document.activeElement.tagName"));
    assertEquals(List.of(), errors);
  }

  @Test
  void aViewThatWasRefusedOnceIsShownWhenItIsReadAgain() throws Exception {
    String trace = newTrace();
    put(segment(trace, "Refused once", 0, 0.1, "room", "again"));
    Page page = open("#trace=" + trace);
    assertThat(page.getByTestId("span")).hasCount(1);
    answer(page, "Traces", 400);
    assertThat(page.getByTestId("trace-note")).containsText("answered by the test");
    page.unrouteAll();
    assertThat(page.getByTestId("span")).isVisible();

    page.navigate(url("#tab=map"));
    assertThat(node(page, "Refused once")).isVisible();
    answer(page, "ServiceGraph", 400);
    assertThat(page.getByTestId("map-note")).containsText("answered by the test");
    page.unrouteAll();
    assertThat(node(page, "Refused once")).isVisible();
  }

  @Test
  void aFailureOfTheCloudIsNoRefusalAndLeavesWhatIsShown() throws Exception {
    put(segment(newTrace(), "Failed once", 0, 0.1, "room", "again"));
    Page page = open("#filter=service(%22Failed once%22)");
    assertThat(page.getByTestId("trace")).hasCount(1);

    answer(page, "TraceSummaries", 503);

    assertThat(page.getByTestId("unreachable")).isVisible();
    assertThat(page.getByTestId("filter-error")).isEmpty();
    assertThat(page.getByTestId("trace")).hasCount(1);
    page.unrouteAll();
    assertThat(page.getByTestId("unreachable")).isHidden();
  }

  @Test
  void allPagesOfTheFirstReadAreShownWhereverTheReaderIs() throws Exception {
    for (int batch = 0; batch < 3; batch++) {
      put(
          Stream.generate(() -> segment(newTrace(), "Many", 0, 0.1, "room", "many"))
              .limit(50)
              .toArray(ObjectNode[]::new));
    }
    Page page = open("");
    assertThat(page.getByTestId("trace").first()).isVisible();
    page.getByTestId("list").focus();

    page.evaluate("location.hash = 'filter=service(\"Many\")'");

    assertThat(page.getByTestId("count")).hasText("150 traces");
    assertThat(page.getByTestId("newer")).isHidden();
  }

  @Test
  void rowsStandBelowEachOtherAlsoWhereTheyBecomeHigher() throws Exception {
    put(segment(newTrace(), "Higher", 0, 0.1, "room", "below"));
    put(segment(newTrace(), "Higher", 0, 0.1, "room", "above"));
    Page page = open("#filter=service(%22Higher%22)");
    assertThat(page.getByTestId("trace")).hasCount(2);
    page.getByTestId("live").click(); // reading draws all rows anew

    page.setViewportSize(600, 700);

    page.waitForFunction(
        "([a, b] = document.querySelectorAll('.trace')) => a.offsetHeight === 88"
            + " && b.getBoundingClientRect().top === a.getBoundingClientRect().bottom");
  }

  @Test
  void itIsDarkWhereTheReaderIsAndFitsANarrowScreen() throws Exception {
    String trace = newTrace();
    ObjectNode segment = segment(trace, "Narrow screen", 0, 0.1, "room", "narrow");
    subsegment(segment, "a step with a name that is longer than its place", 0.02, 0.05);
    put(segment);
    List<String> errors = new ArrayList<>();
    List<String> grounds = new ArrayList<>();
    for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
      BrowserContext visitor =
          browser.newContext(
              new Browser.NewContextOptions()
                  .setColorScheme(scheme)
                  .setViewportSize(new ViewportSize(400, 700)));
      Page page = visitor.newPage();
      page.onConsoleMessage(message -> errors.add(message.text()));
      page.onPageError(errors::add);
      page.navigate(url(""));
      Map<String, String> views =
          Map.of("", "trace", "#trace=" + trace, "span", "#tab=map", "map-node");
      views.forEach(
          (view, shown) -> {
            page.evaluate("view => { location.hash = view; }", view);
            assertThat(page.getByTestId(shown).first()).isVisible();
            assertEquals(
                400, page.evaluate("document.scrollingElement.scrollWidth"), view + " is wider");
          });
      grounds.add((String) page.evaluate("getComputedStyle(document.body).backgroundColor"));
    }
    assertNotEquals(grounds.get(0), grounds.get(1));
    assertEquals(List.of(), errors);
  }

  // ---- Looking --------------------------------------------------------------------------------

  private static String url(String address) {
    return "http://localhost:%d/_local/traces%s".formatted(cloud.port(), address);
  }

  private static Page open(String address) {
    Page page = browser.newPage();
    page.navigate(url(address));
    return page;
  }

  /// Answers an operation with an error, in place of the cloud, until `unrouteAll`.
  private static void answer(Page page, String operation, int status) {
    page.route(
        "**/_local/xray/" + operation,
        route ->
            route.fulfill(
                new Route.FulfillOptions()
                    .setStatus(status)
                    .setBody("{\"Message\":\"answered by the test\"}")));
  }

  private static void filter(Page page, String expression) {
    page.getByTestId("filter").fill(expression);
    page.getByTestId("filter").press("Enter");
  }

  private static Locator traces(Page page, String name) {
    return page.getByTestId("trace").filter(new Locator.FilterOptions().setHasText(name));
  }

  private static Locator span(Page page, String name) {
    return page.getByTestId("span")
        .filter(
            new Locator.FilterOptions()
                .setHas(
                    page.locator(".name", new Page.LocatorOptions().setHasText(exactly(name)))));
  }

  private static Locator node(Page page, String name) {
    return page.getByTestId("map-node")
        .filter(
            new Locator.FilterOptions()
                .setHas(
                    page.locator(
                        "text.name", new Page.LocatorOptions().setHasText(exactly(name)))));
  }

  /// The browser's expressions have no quoting.
  private static Pattern exactly(String text) {
    return Pattern.compile("^" + text.replaceAll("[^\\w\\s]", "\\\\$0") + "$");
  }

  // ---- Documents ------------------------------------------------------------------------------

  /// The id of a trace that begins now.
  private static String newTrace() {
    return "1-%08x-%024x".formatted(System.currentTimeMillis() / 1000, ids.incrementAndGet());
  }

  private static String newId() {
    return "%016x".formatted(ids.incrementAndGet());
  }

  /// A segment that begins and ends so many seconds after its trace.
  private static ObjectNode segment(
      String trace, String name, double start, double end, String key, String value) {
    double began = Long.parseLong(trace.substring(2, 10), 16);
    ObjectNode segment =
        JSON.createObjectNode()
            .put("trace_id", trace)
            .put("id", newId())
            .put("name", name)
            .put("start_time", began + start)
            .put("end_time", began + end);
    segment.putObject("annotations").put(key, value);
    return segment;
  }

  /// A subsegment that begins and ends so many seconds after its parent's begin.
  private static ObjectNode subsegment(ObjectNode parent, String name, double start, double end) {
    double began = parent.path("start_time").asDouble();
    return parent
        .withArray("subsegments")
        .addObject()
        .put("id", newId())
        .put("name", name)
        .put("start_time", began + start)
        .put("end_time", began + end);
  }

  /// `PutTraceSegments`.
  private static void put(ObjectNode... documents) throws IOException, InterruptedException {
    ObjectNode request = JSON.createObjectNode();
    for (ObjectNode document : documents) {
      request.withArray("TraceSegmentDocuments").add(document.toString());
    }
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(
                        URI.create(
                            "http://localhost:%d/_local/xray/TraceSegments"
                                .formatted(cloud.port())))
                    .header("Authorization", SIGNATURE)
                    .POST(HttpRequest.BodyPublishers.ofString(request.toString()))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertEquals("{\"UnprocessedTraceSegments\":[]}", response.body());
  }
}
