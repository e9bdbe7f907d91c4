/** How messages are drawn: each mark, what stays as typed, and what strangers try. */

import { render } from '../lib/lit-html/lit-html.js';
import { isLoneEmoji, isLong, living, mentions } from '../page/living.js';
import { check, equal, generator, seeds } from './tools.js';

const MARKS = { names: ['ada', 'ada lovelace', 'ünal', 'c++ (old)'], texts: { copy: 'Copy' } };

/** What may stand in a message, each with its attributes. */
const ALLOWED = new Set(['p', 'br', 'strong', 'em', 'del', 'code', 'pre tabindex', 'blockquote', 'ul', 'ol', 'li',
  'li value', 'a href rel target', 'mark class=mention', 'span class=language', 'div class=code',
  'button class=copy data-copy type']);

/** Marks, and what makes a list of lines: the rest of a text is shown as it is. */
const MARK = /[*_~`\r\n]|^ {0,3}(?:>|-\s|\d+[.)]\s)/m;

/** @returns {Promise<string[]>} */
const payloads = async () => (await fetch(new URL('xss.json', import.meta.url))).json();

/**
 * @param {string} text
 * @param {HTMLElement} [element]
 */
function draw(text, element = document.createElement('div')) {
  render(living(text, MARKS), element);
  return element;
}

/**
 * @param {HTMLElement} element
 * @returns {string} its HTML, without lit-html's comments
 */
const markup = (element) => element.innerHTML.replace(/<!--.*?-->/gs, '');

/** @param {string} text */
const drawn = (text) => markup(draw(text))
  .replaceAll(' target="_blank" rel="noopener noreferrer"', '')
  .replaceAll('<pre tabindex="0">', '<pre>')
  .replaceAll('<button type="button" class="copy" data-copy="">Copy</button>', '[Copy]');

/**
 * @param {HTMLElement} element
 * @returns {string} what of its text somebody typed, and the numbers of lists
 */
function typed(element) {
  const copy = /** @type {HTMLElement} */ (element.cloneNode(true));
  for (const button of copy.querySelectorAll('.copy')) button.remove();
  for (const item of copy.querySelectorAll('li[value]')) item.prepend(item.getAttribute('value') ?? '');
  return copy.textContent ?? '';
}

/** @param {string} text */
const withoutMarks = (text) => text.replace(/[\s*_~`>\-.)]/g, '');

/** @param {Element} element */
function kind({ localName, attributes }) {
  const shown = [...attributes].map(({ name, value }) => (name === 'class' ? `class=${value}` : name));
  return [localName, ...shown.sort()].join(' ');
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function checkHarmless(element, text) {
  for (const inner of element.querySelectorAll('*')) {
    check(ALLOWED.has(kind(inner)), `${kind(inner)} in ${JSON.stringify(text)}`);
  }
  for (const { protocol } of element.querySelectorAll('a')) {
    check(protocol === 'http:' || protocol === 'https:', `${protocol} in ${JSON.stringify(text)}`);
  }
}

/** @param {[string, string][]} cases each a text and how it is drawn */
function equalAll(cases) {
  for (const [text, expected] of cases) equal(drawn(text), expected, JSON.stringify(text));
}

export default {
  boldItalicAndStruckTextIsDrawn() {
    equalAll([
      ['a **b** c', '<p>a <strong>b</strong> c</p>'],
      ['__a__ *b* _c_', '<p><strong>a</strong> <em>b</em> <em>c</em></p>'],
      ['***a** b*', '<p><em><strong>a</strong> b</em></p>'],
      ['**a\nb**', '<p><strong>a<br>b</strong></p>'],
      ['~~a~~ ~b~', '<p><del>a</del> ~b~</p>'],
      ['snake_case_name 2 * 3 * 4', '<p>snake_case_name 2 * 3 * 4</p>'],
      ['a <b *c* >', '<p>a &lt;b <em>c</em> &gt;</p>'],
    ]);
  },

  codeIsDrawnWithItsLinesAndNothingInItMeansAnything() {
    equalAll([
      ['`*a* @ada http://x.y`', '<p><code>*a* @ada http://x.y</code></p>'],
      ['`` `a` ``', '<p><code>`a`</code></p>'],
      ['see ```\na\n b\n```', '<p>see <code>a\n b</code></p>'],
      ['```\n*a*\n\n  @ada\n```', '<div class="code"><pre><code>*a*\n\n  @ada</code></pre>[Copy]</div>'],
      ['a\n~~~js\nb\n~~~\nc', '<p>a</p><div class="code"><span class="language">js</span>'
        + '<pre><code>b</code></pre>[Copy]</div><p>c</p>'],
      ['```\nnot closed', '<div class="code"><pre><code>not closed</code></pre>[Copy]</div>'],
      ['```', '<p>```</p>'],
      ['```a', '<p>```a</p>'],
    ]);
  },

  aLinkIsWhatWasTypedAndLeadsToTheWebOnly() {
    equalAll([
      ['http://x.y', '<p><a href="http://x.y/">http://x.y</a></p>'],
      ['(www.x.de/a_b_(c)).', '<p>(<a href="https://www.x.de/a_b_(c)">www.x.de/a_b_(c)</a>).</p>'],
      ['„HTTPS://X.de“', '<p>„<a href="https://x.de/">HTTPS://X.de</a>“</p>'],
      ['<http://x.y/@ada>', '<p>&lt;<a href="http://x.y/@ada">http://x.y/@ada</a>&gt;</p>'],
      ['*http://bücher.de*', '<p><em><a href="http://xn--bcher-kva.de/">http://bücher.de</a></em></p>'],
      ['[a](http://x.y)', '<p>[a](<a href="http://x.y/">http://x.y</a>)</p>'],
      ['http://x:99999 http:// awww.cute ftp://x a@www.x.y', '<p>http://x:99999 http:// awww.cute ftp://x a@'
        + '<a href="https://www.x.y/">www.x.y</a></p>'],
      ['javascript:alert(1) data:, mailto:a@b.c', '<p>javascript:alert(1) data:, mailto:a@b.c</p>'],
    ]);
    equal(markup(draw('http://x')),
      '<p><a target="_blank" rel="noopener noreferrer" href="http://x/">http://x</a></p>');
  },

  aQuoteEndsWithItsLine() {
    equalAll([
      ['> a\n> b\nc', '<blockquote><p>a<br>b</p></blockquote><p>c</p>'],
      ['> > a\n> b', '<blockquote><blockquote><p>a</p></blockquote><p>b</p></blockquote>'],
      ['a\n>b', '<p>a</p><blockquote><p>b</p></blockquote>'],
      ['> - a', '<blockquote><ul><li>a</li></ul></blockquote>'],
      ['a > b', '<p>a &gt; b</p>'],
    ]);
  },

  listsKeepTheirNumbersAndBoxes() {
    equalAll([
      ['a\n- b\n* c\nd', '<p>a</p><ul><li>b</li></ul><ul><li>c</li></ul><p>d</p>'],
      ['3. a\n7. b', '<ol><li value="3">a</li><li value="7">b</li></ol>'],
      ['0) a\n   - b\n     c', '<ol><li value="0">a<ul><li>b<br>c</li></ul></li></ol>'],
      ['- a\n\n- b', '<ul><li><p>a</p></li><li><p>b</p></li></ul>'],
      ['- [x] a\n- [ ] b', '<ul><li>[x] a</li><li>[ ] b</li></ul>'],
      ...['1986.', '-', '+ 1', '007. Bond', '* * *', '-1', '1.5'].map((text) =>
        /** @type {[string, string]} */ ([text, `<p>${text}</p>`])),
    ]);
  },

  linesAndParagraphsAreKeptAndSeveralBlankLinesAreOneGap() {
    equalAll([
      ['a\nb', '<p>a<br>b</p>'],
      ['a  \n  b', '<p>a  <br>  b</p>'],
      ['a\r\nb', '<p>a<br>b</p>'],
      ['a\n\n\n \nb', '<p>a</p><p>b</p>'],
      ['a\n# b\n---\n    c', '<p>a<br># b<br>---<br>    c</p>'],
    ]);
  },

  whatIsNoMarkStaysAsTyped() {
    for (const text of ['# a', '---', '[a]: b', '[a][b]', '![a](b)', '<b>a</b>', '&amp;', '| a |', '\\*a\\*',
      '¯\\_(ツ)_/¯', '    a', 'a\\', '$1', '{{a}}', '${a}', '5 < 6 > 4', '~', '**', '^a^', ':tada:']) {
      equal(draw(text).textContent, text);
      equal(draw(text).querySelectorAll('p *').length, 0, text);
    }
  },

  theReadersNamesAreMarkedAsWholeWords() {
    const mark = (/** @type {string} */ name) => `<mark class="mention">@${name}</mark>`;
    equalAll([
      ['@ada @ADA!', `<p>${mark('ada')} ${mark('ADA')}!</p>`],
      ['@Ada Lovelace, @Ada L', `<p>${mark('Ada Lovelace')}, ${mark('Ada')} L</p>`],
      ['**@Ünal** - @c++ (old)', `<p><strong>${mark('Ünal')}</strong> - ${mark('c++ (old)')}</p>`],
      ['@room: @rooms', `<p>${mark('room')}: @rooms</p>`],
      ['@adam @ada_ x@ada @ada\u0301', '<p>@adam @ada_ x@ada @ada\u0301</p>'],
    ]);
  },

  aTextMentionsTheReaderWhereAMarkIsDrawn() {
    for (const text of ['hi @Ada', '> @room', '- **@Ada Lovelace**', '`@ada` @ada', `${'> '.repeat(12)}@ada`]) {
      check(mentions(text, MARKS.names), text);
    }
    for (const text of ['ada', '@bob', '`@ada`', '```\n@ada\n```', 'http://x.y/@ada']) {
      check(!mentions(text, MARKS.names), text);
    }
    equal([mentions('@room', []), mentions('@ ', ['']), mentions('@x', ['|'])], [true, false, false]);
  },

  oneToThreeEmojiAloneAreLarge() {
    const lone = ['👍', '👍🏽', '👨‍👩‍👧‍👦 🇩🇪\n1️⃣', '❤️❤️❤️', ' 🏴󠁧󠁢󠁳󠁣󠁴󠁿 '];
    for (const text of lone) check(isLoneEmoji(text), text);
    for (const text of ['', ' ', '1', '👍 a', ':tada:', '👍👍👍👍', '#']) check(!isLoneEmoji(text), text);
  },

  whatFillsMoreThanAboutFifteenLinesIsLong() {
    equal(['', 'a\n'.repeat(14), 'a\n'.repeat(15), 'a'.repeat(1050), 'a'.repeat(1051)].map(isLong),
      [false, false, true, false, true]);
  },

  whatIsNestedTooDeeplyIsShownAsTyped() {
    equal(draw(`${'> '.repeat(8)}a`).querySelectorAll('blockquote').length, 8);
    for (const text of [`${'> '.repeat(9)}a **b**`, `${'> '.repeat(9)}a\n${'> '.repeat(9)}b`]) {
      equal(drawn(text), `<p>${text.replaceAll('>', '&gt;').replace('\n', '<br>')}</p>`);
    }
  },

  async nothingThatAStrangerSaysIsMoreThanText() {
    /** @type {string[]} */
    const violations = [];
    const onViolation = (/** @type {SecurityPolicyViolationEvent} */ e) =>
      violations.push(`${e.effectiveDirective} ${e.sample}`);
    document.addEventListener('securitypolicyviolation', onViolation);
    const place = document.body.appendChild(document.createElement('div'));
    const texts = await payloads();
    equal(new Set(texts).size, texts.length);
    for (const text of texts) {
      const inPlace = place.appendChild(document.createElement('div'));
      for (const element of [draw(text), draw(text, inPlace)]) {
        checkHarmless(element, text);
        if (!MARK.test(text)) equal(element.textContent, text);
        equal(withoutMarks(typed(element)), withoutMarks(text), JSON.stringify(text));
      }
    }
    // An image that was in them would have failed before this one.
    const image = new Image();
    await new Promise((failed) => {
      image.onerror = failed;
      image.src = 'data:,';
    });
    place.remove();
    document.removeEventListener('securitypolicyviolation', onViolation);
    equal([violations, 'hacked' in globalThis], [[], false]);
  },

  aMessageFullOfMarksIsDrawn() {
    for (const part of ['>', '*', '_a ', '[', '`', '**a **', '~~a ', '- ', '- a\n', '> - a\n', '1. ', '\\',
      '(', '*a_', '***a** ', 'a\n', '\n', '@', 'a@', 'http://a', 'www.', '```\n', '\t', '\u0301', '👍']) {
      for (const text of [part.repeat(4000 / part.length), `* ${part.repeat(3990 / part.length)}a*`]) {
        const element = draw(text);
        checkHarmless(element, text);
        equal(withoutMarks(typed(element)), withoutMarks(text), part);
      }
    }
    const nested = Array.from({ length: 60 }, (_, i) => `${' '.repeat(2 * i)}- a`).join('\n');
    equal(typed(draw(nested)).replace(/[^a]/g, ''), 'a'.repeat(60));
  },

  noCharacterIsLostAndWhatWasDrawnBeforeDoesNotMatter() {
    const parts = ['*', '**', '_', '~~', '~', '`', '``', '```', '```js\n', '\n', '\n\n', '\r\n', ' ', '    ',
      '\t', '> ', '>', '- ', '* ', '+ ', '1. ', '2) ', '007. ', '\\', '[', ']', '(', ')', '[x] ', '!', '#', '# ',
      '---', '===', '|', '<', '<b>', '<!--', '-->', '&amp;', 'http://', 'https://x.de/', 'www.', 'www.a.de', '@',
      '@room', '@ada', 'a@b.de', '.', ',', '"', 'word', 'Wort7', 'é', '👍', '\u202e', '[a]: http://b', ': ', 'x'];
    const before = document.createElement('div');
    for (const seed of seeds(1000)) {
      const random = generator(seed);
      const text = Array.from({ length: 1 + Math.floor(random() * 25) },
        () => parts[Math.floor(random() * parts.length)]).join('');
      const context = `seed ${seed}: ${JSON.stringify(text)}`;
      const element = draw(text);
      checkHarmless(element, text);
      equal(withoutMarks(typed(element)), withoutMarks(text), context);
      equal(mentions(text, MARKS.names), element.querySelector('mark') !== null, context);
      equal(markup(draw(text, before)), markup(element), context);
    }
  },
};
