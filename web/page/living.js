/**
 * Draws what a message says: a subset of Markdown, links and mentions. What is typed is what is sent
 * and kept; how it looks is the reader's side. No character is lost but the marks themselves, and what
 * is no mark here (headings, tables, HTML, `[text](url)`, escapes) stays as typed.
 */

import { html, nothing } from '../lib/lit-html/lit-html.js';
import { Lexer, Tokenizer } from '../lib/marked/marked.esm.js';

/**
 * @typedef {import('../lib/lit-html/lit-html.js').TemplateResult} TemplateResult
 * @typedef {import('../lib/marked/marked.esm.js').Token} Token
 * @typedef {import('../lib/marked/marked.esm.js').Rules} Rules
 *
 * @typedef {object} Marks what the reader brings to a text
 * @property {string[]} names in lower case: those that mean the reader
 * @property {{copy: string}} texts the label of the button that copies code
 *
 * @typedef {object} Pen
 * @property {RegExp} mention
 * @property {string} copy
 */

/** Quotes and lists within one another, and bold and the like within one another. */
const DEPTH_MAX = 8;

/**
 * The characters that are looked through for ends of bold and italic: marked looks through the rest of
 * a paragraph for each star, 300 ms for the worst message.
 */
const SEARCHED_MAX = 300_000;

/** A message that is longer is folded. */
const LINES_MAX = 15;
const LINE_LENGTH = 70;

/** Keycaps, flags and families are one emoji each. */
const LONE_EMOJI = /^\s*(?:\p{RGI_Emoji}\s*){1,3}$/v;

/** marked's tokenizer, without what costs a typed character. */
class TypedTokenizer extends Tokenizer {
  #depth = 0;
  #searched = 0;

  /** Lists are not made of rules, so the pattern stays: `* * *` is text. */
  hr() {
    return undefined;
  }

  /** @param {string} src */
  fences(src) {
    const code = super.fences(src);
    return code?.text.trim() ? code : undefined;
  }

  /** @param {string} src */
  blockquote(src) {
    return this.#nested(() => super.blockquote(src));
  }

  /** @param {string} src */
  list(src) {
    return this.#nested(() => super.list(src));
  }

  /**
   * @param {string} src
   * @param {string} masked
   * @param {string} before the character before it
   */
  emStrong(src, masked, before) {
    if (before === '\\' || !/^[*_]/.test(src)) return undefined;
    this.#searched += src.length;
    if (this.#searched > SEARCHED_MAX) throw new RangeError('Too many marks');
    return this.#nested(() => super.emStrong(src, masked, before));
  }

  /** @param {string} src */
  del(src) {
    return src.startsWith('~~') ? this.#nested(() => super.del(src)) : undefined;
  }

  /** @param {string} src */
  url(src) {
    const link = super.url(src);
    const href = link && address(link.raw);
    return link && href ? { ...link, href } : undefined;
  }

  /**
   * @template T
   * @param {() => T} tokenize
   */
  #nested(tokenize) {
    if (this.#depth > DEPTH_MAX) throw new RangeError('Nested too deeply');
    this.#depth++;
    try {
      return tokenize();
    } finally {
      this.#depth--;
    }
  }
}

const RULES = rules();

/** @returns {Rules} */
function rules() {
  const tokenizer = new Tokenizer();
  new Lexer({ gfm: true, breaks: true, tokenizer }); // It gives the tokenizer its rules.
  const { other, block, inline } = tokenizer.rules;
  const never = /^(?!)/;
  return {
    other: {
      ...other,
      listIsTask: never,
      // An item has a text and no `+`, which is more often a sign, nor a number such as `007`.
      listItemRegex: (bullet) =>
        new RegExp(`^( {0,3}(?!\\+|0\\d)${bullet})(?=[ \\t]+\\S)([ \\t][^\\n]*(?:\\n|$))`),
      // What ends an item: any line that is not indented.
      headingBeginRegex: (indent) => new RegExp(`^ {0,${Math.min(3, indent - 1)}}\\S`),
    },
    block: {
      ...block,
      code: never,
      heading: never,
      html: never,
      def: never,
      table: never,
      lheading: never,
      // The line below a quote is the answer to it, not a part of it.
      blockquote: /^(?: {0,3}>[^\n]*(?:\n|$))+/,
      paragraph: new RegExp('^([^\\n]+(?:\\n(?![ \\t]*(?:\\n|$)| {0,3}(?:>|`{3,}[^`\\n]*\\n'
        + '|~{3,}[^\\n]*\\n|[*\\-][ \\t]+\\S|1[.)][ \\t]+\\S))[^\\n]+)*)'),
    },
    inline: {
      ...inline,
      escape: never,
      tag: never,
      link: never,
      reflink: never,
      nolink: never,
      autolink: never,
      url: /^(https?:\/\/|www\.)[\p{L}\p{N}][^\s<>"“”„«»]*/iu,
      // Up to what may begin something else; within a word no address begins.
      text: /^(?:[`~]+|[^`~])[^]*?(?=[\\`*~_\n]|(?<![\p{L}\p{N}])(?:https?:\/\/|www\.)|$)/iu,
      // Where no bold or italic ends: after a backslash and in code. marked's own pattern has `\👍`, too,
      // which it takes for two characters, and has no backslash in what stays in a code's language.
      anyPunctuation: /(\\[!-/:-@[-`{-~])/g,
      blockSkip: /(?<!`)(`+)[^`]+\1(?!`)/g,
    },
  };
}

/**
 * @param {string} text
 * @param {Marks} marks
 * @returns {TemplateResult}
 */
export function living(text, { names, texts }) {
  const pen = { mention: mentionOf(names), copy: texts.copy };
  const tokens = tokensOf(text);
  if (tokens !== null) return html`${tokens.map((t) => drawn(t, pen))}`;
  const [first, ...others] = text.split('\n');
  return html`<p>${prose(first, pen)}${others.map((line) => html`<br>${prose(line, pen)}`)}</p>`;
}

/**
 * @param {string} text
 * @param {string[]} names in lower case: those that mean the reader
 * @returns {boolean} whether it mentions the reader or the room, other than in code or a link
 */
export function mentions(text, names) {
  const mention = mentionOf(names);
  return text.includes('@')
    && (tokensOf(text)?.some((t) => isMentioned(t, mention)) ?? mention.test(text));
}

/**
 * @param {string} text
 * @returns {boolean} whether it is 1 to 3 emoji and nothing else
 */
export function isLoneEmoji(text) {
  return LONE_EMOJI.test(text);
}

/**
 * @param {string} text
 * @returns {boolean} whether it fills more than about a small screen
 */
export function isLong(text) {
  const lines = text.split('\n').map(({ length }) => Math.max(1, Math.ceil(length / LINE_LENGTH)));
  return lines.reduce((sum, count) => sum + count, 0) > LINES_MAX;
}

/**
 * @param {string} text
 * @returns {Token[] | null} null where it is to be shown as typed
 */
function tokensOf(text) {
  try {
    const tokenizer = new TypedTokenizer();
    const lexer = new Lexer({ gfm: true, breaks: true, tokenizer });
    tokenizer.rules = RULES;
    return lexer.lex(text);
  } catch {
    return null; // Nested too deeply, or a text that marked fails on.
  }
}

/**
 * @param {Token} token
 * @param {Pen} pen
 * @returns {unknown} what lit-html draws
 */
function drawn(token, pen) {
  const inner = () => inside(token)?.map((t) => drawn(t, pen));
  switch (token.type) {
    case 'space':
      return nothing;
    case 'paragraph':
      return html`<p>${inner()}</p>`;
    case 'blockquote':
      return html`<blockquote>${inner()}</blockquote>`;
    case 'list':
      return token.ordered ? html`<ol>${inner()}</ol>` : html`<ul>${inner()}</ul>`;
    case 'list_item': {
      const number = parseInt(token.raw);
      return Number.isNaN(number) ? html`<li>${inner()}</li>` : html`<li value=${number}>${inner()}</li>`;
    }
    case 'code':
      return html`<div class="code">${language(token.lang)}<pre tabindex="0"><code>${token.text}</code></pre><button
        type="button" class="copy" data-copy>${pen.copy}</button></div>`;
    case 'codespan':
      return html`<code>${code(token.raw, token.text)}</code>`;
    case 'strong':
      return html`<strong>${inner()}</strong>`;
    case 'em':
      return html`<em>${inner()}</em>`;
    case 'del':
      return html`<del>${inner()}</del>`;
    case 'link':
      return html`<a href=${token.href} target="_blank" rel="noopener noreferrer">${token.raw}</a>`;
    case 'br':
      return html`${token.raw.trimEnd()}<br>`;
    default:
      return inner() ?? prose(token.raw, pen);
  }
}

/** @param {string | undefined} name */
function language(name) {
  return name ? html`<span class="language">${name}</span>` : nothing;
}

/**
 * The code between the ticks, with its lines: marked joins them.
 *
 * @param {string} raw
 * @param {string} joined
 */
function code(raw, joined) {
  const inner = raw.replace(/^`+|`+$/g, '');
  return inner.length === joined.length ? inner : inner.slice(1, -1);
}

/**
 * @param {string} text
 * @param {Pen} pen
 */
function prose(text, { mention }) {
  if (!text.includes('@')) return text;
  return text.split(mention)
    .map((part, i) => (i % 2 === 0 ? part : html`<mark class="mention">${part}</mark>`));
}

/**
 * @param {string[]} names
 * @returns {RegExp} what it captures is a mention
 */
function mentionOf(names) {
  const mentioned = [...names, 'room'].filter((name) => name !== '')
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`(?<![\\p{L}\\p{M}\\p{N}_])(@(?:${mentioned.join('|')}))(?![\\p{L}\\p{M}\\p{N}_])`, 'iu');
}

/**
 * @param {Token} token
 * @param {RegExp} mention
 * @returns {boolean}
 */
function isMentioned(token, mention) {
  if (token.type === 'link') return false;
  return inside(token)?.some((t) => isMentioned(t, mention))
    ?? (token.type === 'text' && mention.test(token.raw));
}

/**
 * @param {Token} token
 * @returns {Token[] | undefined}
 */
function inside(token) {
  return 'items' in token ? token.items : 'tokens' in token ? token.tokens : undefined;
}

/**
 * @param {string} typed
 * @returns {string | null} where a link leads
 */
function address(typed) {
  try {
    const { protocol, href } = new URL(typed.replace(/^(?=www\.)/i, 'https://'));
    return protocol === 'https:' || protocol === 'http:' ? href : null;
  } catch {
    return null;
  }
}
