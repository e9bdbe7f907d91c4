package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Keyboard;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What the reader has chosen, and what the composer does with keys.
class SettingsTest extends PageTest {
  private static final String LIGHT = "rgb(243, 245, 244)";
  private static final String DARK = "rgb(18, 23, 22)";

  /// What is not of the same shape in both languages.
  private static final String UNLIKE =
      """
      async () => {
        const [en, de] = (await Promise.all([import('/texts/en.js'), import('/texts/de.js')]))
          .map((module) => module.default);
        const unlike = [];
        const compare = (a, b, path) => {
          if (typeof a !== typeof b || Array.isArray(a) !== Array.isArray(b)) {
            unlike.push(path);
          } else if (typeof a === 'function' && a.length !== b.length) {
            unlike.push(`${path}: ${a.length} parameters, ${b.length} parameters`);
          } else if (typeof a === 'object') {
            for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
              compare(a[key], b[key], `${path}.${key}`);
            }
          } else if (a === '' || b === '') {
            unlike.push(`${path}: empty`);
          }
        };
        compare(en, de, 'texts');
        return [Object.keys(en).length, unlike];
      }\
      """;

  /// English words that stand on the page, or in what it says to a screen reader. What both
  /// languages call the same is no fault.
  private static final String ENGLISH =
      """
      async () => {
        const [en, de] = (await Promise.all([import('/texts/en.js'), import('/texts/de.js')]))
          .map((module) => new Set(said(module.default)));
        function said(value) {
          if (typeof value === 'string') return [value];
          if (typeof value === 'object') return Object.values(value).flatMap(said);
          const gap = '\\u0000';
          return String(value(gap, gap, gap)).split(gap).map((part) => part.trim());
        }
        const shown = [document.title, document.body.innerText];
        for (const e of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
          if (e.checkVisibility({ visibilityProperty: true })) {
            shown.push(e.ariaLabel ?? '', e.title, e.placeholder ?? '');
          }
        }
        const all = shown.join('\\n').replaceAll('English', '');
        const letter = /[\\p{L}\\p{N}_]/u;
        return [...en].filter((text) => !de.has(text) && /\\p{L}{2}/u.test(text)).filter((text) => {
          for (let at = all.indexOf(text); at >= 0; at = all.indexOf(text, at + 1)) {
            const [before, after] = [all[at - 1] ?? ' ', all[at + text.length] ?? ' '];
            if (!letter.test(before) && !letter.test(after)) return true;
          }
          return false;
        });
      }\
      """;

  @Test
  void theThemeIsTheSystemsOrTheReadersOwn() {
    TestPage ada = open("theme");
    ada.page().emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
    assertThat(ada.page().locator("body")).hasCSS("background-color", DARK);
    choose(ada, "theme", "light");
    assertThat(ada.page().locator("body")).hasCSS("background-color", LIGHT);
    choose(ada, "theme", "dark");
    ada.page().emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
    assertThat(ada.page().locator("body")).hasCSS("background-color", DARK);
    choose(ada, "theme", "system");
    assertThat(ada.page().locator("body")).hasCSS("background-color", LIGHT);
  }

  @Test
  void densityAndClockAreAsChosenAndKeptAndSharedWithOtherTabs() {
    TestPage ada = open("dense");
    ada.say("hello");
    assertThat(ada.texts()).hasText(new String[] {"hello"});
    TestPage tab = TestPage.open(cloud, ada.page().context(), "dense");
    assertThat(ada.messages().first()).hasCSS("margin-top", "12px");

    choose(ada, "density", "compact");
    choose(ada, "clock", "24");

    for (TestPage page : List.of(ada, tab)) {
      assertThat(page.messages().first()).hasCSS("margin-top", "5px");
      assertThat(page.messages().locator("time")).hasText(Pattern.compile("^\\d\\d:\\d\\d$"));
    }
    ada.page().reload();
    assertThat(ada.messages().first()).hasCSS("margin-top", "5px");
    assertThat(ada.messages().locator("time")).hasText(Pattern.compile("^\\d\\d:\\d\\d$"));
    choose(ada, "clock", "12");
    assertThat(tab.messages().locator("time")).hasText(Pattern.compile("^\\d\\d:\\d\\d [AP]M$"));
  }

  @Test
  void enterSendsOrStartsANewLineAsChosen() {
    TestPage ada = open("enter");
    Keyboard keyboard = ada.page().keyboard();
    ada.element("composer").fill("one");
    keyboard.press("Shift+Enter");
    keyboard.type("line");
    assertThat(ada.element("composer")).hasValue("one\nline");
    keyboard.press("Enter");
    assertLines(ada, "one\nline");

    choose(ada, "enter", "breaks");
    ada.element("composer").fill("two");
    keyboard.press("Enter");
    keyboard.type("lines");
    assertThat(ada.element("composer")).hasValue("two\nlines");
    keyboard.press("Control+Enter");

    assertThat(ada.element("composer")).hasValue("");
    assertLines(ada, "one\nline", "two\nlines");
  }

  @Test
  void aTouchKeyboardsEnterStartsANewLine() {
    TestPage ada = TestPage.open(cloud, browser.newContext(TestVisitor.phone()), "touch");
    ada.element("composer").tap();
    ada.element("composer").fill("one");
    ada.page().keyboard().press("Enter");
    ada.page().keyboard().type("line");
    assertThat(ada.element("composer")).hasValue("one\nline");

    ada.element("send").tap();

    assertLines(ada, "one\nline");
  }

  @Test
  void anEmojiOrAPersonIsOfferedAndTakenByTabAndNotByAKeyThatComposes() {
    TestPage ada = open("offers");
    TestClient grace = TestClient.connect(cloud.webSocketUrl(), "?name=Grace&rooms=offers");
    assertThat(ada.element("members")).containsText("Grace");
    Keyboard keyboard = ada.page().keyboard();
    ada.element("composer").focus();
    keyboard.type("done :tad");
    assertThat(ada.element("offers").locator("li").first()).hasText("🎉 :tada:");
    ada.pressComposing("Tab");
    assertThat(ada.element("composer")).hasValue("done :tad");
    keyboard.press("Tab");
    assertThat(ada.element("composer")).hasValue("done 🎉 ");
    assertThat(ada.element("offers")).hasCount(0);
    assertThat(ada.element("composer")).isFocused();

    keyboard.type(":tad");
    assertThat(ada.element("offers")).isVisible();
    keyboard.press("Escape");
    assertThat(ada.element("offers")).hasCount(0);
    assertThat(ada.element("composer")).hasValue("done 🎉 :tad");
    keyboard.press("Enter");
    assertThat(ada.texts()).hasText(new String[] {"done 🎉 :tad"});

    keyboard.type("@gra");
    assertThat(ada.element("offers").locator("li")).hasText(new String[] {"Grace"});
    keyboard.press("Enter");
    assertThat(ada.element("composer")).hasValue("@Grace ");
    keyboard.type(":hear");
    assertThat(ada.element("offers").locator("[aria-selected=true]")).hasCount(1);
    String first = ada.element("offers").locator("[aria-selected=true]").textContent();
    keyboard.press("ArrowDown");
    assertThat(ada.element("offers").locator("[aria-selected=true]")).not().hasText(first);
    grace.close();
  }

  @Test
  void bothLanguagesSayTheSameThings() {
    List<?> found = (List<?>) open("languages").page().evaluate(UNLIKE);

    assertTrue(((Number) found.getFirst()).intValue() > 100, "texts");
    assertEquals(List.of(), found.get(1));
  }

  @Test
  void inGermanThereIsNoEnglishLeftAlsoInOtherTabsAndAfterAReload() {
    TestPage ada = open("zimmer");
    TestPage tab = TestPage.open(cloud, ada.page().context(), "zimmer");
    assertTrue(english(ada).contains("Your rooms"), "what is English is found");
    choose(ada, "language", "de");
    assertThat(tab.page().locator("html")).hasAttribute("lang", "de");
    assertThat(tab.element("send")).hasText("Senden");
    ada.page().reload();
    ada.awaitConnected();
    assertThat(ada.element("send")).hasText("Senden");
    List<String> left = new ArrayList<>();

    TestClient bob = TestClient.connect(cloud.webSocketUrl(), "?name=Bob&rooms=zimmer,flur");
    for (String text : List.of("Moin @Ada", "```\\nx = 1\\n```", "Zeile\\n".repeat(30))) {
      bob.request("sendMessage", "\"room\":\"zimmer\",\"message\":\"%s\"".formatted(text));
    }
    assertThat(ada.messages()).hasCount(3);
    assertThat(ada.element("members")).containsText("Bob"); // who can be invited then
    ada.messages().first().locator(".about").click();
    ada.page().setViewportSize(1280, 500);
    assertThat(ada.messages().last().locator(".fold")).isInViewport(); // at the end, as before
    ada.page().locator("#scroller").evaluate("s => { s.scrollTop = 0; }");
    assertThat(ada.element("newer")).isVisible();
    ada.element("composer").pressSequentially(":tad");
    left.addAll(english(ada));
    ada.element("composer").fill("x".repeat(4200));
    left.addAll(english(ada));
    ada.element("composer").fill("");
    ada.element("join-room").fill("kein Raum");
    ada.element("join").click();
    left.addAll(english(ada));
    for (String dialog : List.of("settings", "session", "shortcuts", "room")) {
      ada.element("show-" + dialog).click();
      assertThat(ada.element("dialog")).isVisible();
      left.addAll(english(ada));
      close(ada);
    }
    ada.element("find").click();
    ada.element("switch").fill("unbekannt");
    left.addAll(english(ada));
    close(ada);
    ada.element("details").getByText("Melden").click();
    assertThat(ada.element("why")).isVisible();
    left.addAll(english(ada));
    close(ada);
    ada.messages().first().locator(".sender").click();
    assertThat(ada.element("user")).isVisible();
    left.addAll(english(ada));
    close(ada);
    ada.element("new-private").click();
    ada.element("title").fill("Pläne");
    left.addAll(english(ada));
    ada.element("create").click();
    assertThat(ada.element("room-title")).hasText("Pläne");
    ada.element("show-room").click();
    assertThat(ada.element("invite-Bob")).isVisible();
    left.addAll(english(ada));
    ada.element("invite-Bob").click();
    assertThat(ada.element("notice")).containsText("Bob");
    left.addAll(english(ada));
    ada.page().context().setOffline(true);
    ada.awaitOffline();
    ada.say("später");
    assertThat(ada.drafts()).hasCount(1);
    left.addAll(english(ada));

    assertEquals(List.of(), left.stream().distinct().toList());
    bob.close();
  }

  private static void assertLines(TestPage page, String... texts) {
    assertThat(page.texts()).hasCount(texts.length);
    assertEquals(List.of(texts), page.texts().allInnerTexts());
  }

  private static List<String> english(TestPage page) {
    return ((List<?>) page.page().evaluate(ENGLISH)).stream().map(String::valueOf).toList();
  }

  private static void choose(TestPage page, String setting, String value) {
    page.element("show-settings").click();
    page.element("setting-" + setting).selectOption(value);
    close(page);
  }

  private static void close(TestPage page) {
    page.page().keyboard().press("Escape");
    assertThat(page.element("dialog")).isHidden();
  }

  /// A visitor of its own, whose browser speaks English.
  private static TestPage open(String room) {
    BrowserContext visitor = browser.newContext(new Browser.NewContextOptions().setLocale("en-US"));
    return TestPage.open(cloud, visitor, "Ada", room);
  }
}
