/**
 * The page's state, and what the reader can do to it. Views draw it (`view.js`); everything about the
 * connection, and that nothing is lost, is in `client/`.
 */

import { Refused } from '../client/client.js';
import { DRAFTS_PER_ROOM_MAX, ROOMS_PER_CONNECTION_MAX, ROOM_PATTERN } from '../client/limits.js';
import { cleanName, isBlank, trim } from '../client/text.js';
import { Alerts } from './alerts.js';
import { formats } from './formats.js';
import { Kept } from './kept.js';
import { Lists } from './lists.js';
import { Names } from './names.js';
import { People } from './people.js';
import { Reading } from './reading.js';
import { hashOf, isPrivate, placeOf } from './routing.js';
import { languageOf, rememberSettings, rememberedSettings } from './settings.js';
import { remember, rememberRoom, roomsOf } from './stored.js';
import { isTooLong } from './words.js';

/**
 * @typedef {import('../client/client.js').Client} Client
 * @typedef {import('../client/client.js').Room} Room
 * @typedef {import('../client/client.js').Message} Message
 * @typedef {import('./lines.js').Place} Place
 * @typedef {typeof import('../texts/en.js').default} Texts
 *
 * @typedef {{kind: 'rooms' | 'people' | 'settings' | 'session' | 'shortcuts' | 'switcher' | 'private'
 *     | 'room'} | {kind: 'person', user: string} | {kind: 'report', timestamp: number}} Overlay
 *     what lies over the page: a drawer or a dialog
 *
 * @typedef {{text: string, action?: {label: string, run: () => void}}} Notice
 *
 * @typedef {object} Deployment
 * @property {import('./config.js').Config | null} config
 * @property {string} problem what is wrong with config.json; empty where it can be used
 * @property {string | null} server another server's address, which the reader has chosen
 *
 * @typedef {{room: string, head: number | null}} Listed a room of a list
 * @typedef {Listed & {title: string | null, role: string, user?: string}} Mine
 * @typedef {{shownMs?: number, errorMs?: number, trace?: string}} Measured what is known of a message
 *     beside what it says: how long until it was on the screen, and the id of its trace
 */

/** One for all: to make it costs more than a hundred comparisons. */
const ALPHABET = new Intl.Collator();

/** Pages of unread messages that are fetched when the reader comes to a room: 400 messages. */
const UNREAD_PAGES_MAX = 8;

/** How long a notice stands that nothing else takes away. */
const NOTICE_MS = 10_000;

/** Messages of which it is known how long they took, and drafts whose messages keep their elements. */
const REMEMBERED_MAX = 2_000;

export class Page {
  /** The room that is shown. @type {string | null} */
  current = null;

  /** Where the reader is in it; null at its end. @type {Place | null} */
  place = null;

  /** The message that the address names, which is marked. @type {number | null} */
  target = null;

  /** The line "New" stands behind this timestamp in the room that is shown. @type {number | null} */
  newAfter = null;

  /** That line is above what the reader sees. */
  newAbove = false;

  /** What lies over the page. @type {Overlay | null} */
  overlay = null;

  /** @type {Notice | null} */
  notice = null;

  /** What is wrong with the room that the reader wants to join. */
  joinError = '';

  /** What is looked for in the list of rooms. */
  search = '';

  /** What became of the last attempt to load older messages. @type {'' | 'loading' | 'failed'} */
  older = '';

  /** Messages whose details are shown, by timestamp. @type {Set<number>} */
  detailed = new Set();

  /** Long messages that are shown in full, by timestamp. @type {Set<number>} */
  unfolded = new Set();

  /** What the server tells of this connection. @type {Awaited<ReturnType<Client['whoAmI']>> | null} */
  whoAmI = null;

  /** @type {Deployment} */
  deployment;

  settings = rememberedSettings();

  /** @type {Client} */
  client;

  /** @type {Texts} */
  texts;

  /** @type {import('./formats.js').Formats} */
  formats;

  /** A guest's display name. */
  name;

  /** The user has signed in. */
  isSignedIn;

  /** Draws, and what belongs to drawing. @type {import('./view.js').View} */
  view;

  /** What rooms and people are called. */
  names = new Names(this);

  /** What is read, and unread. */
  reading = new Reading(this);

  /** What is listed. */
  lists = new Lists(this);

  /** What is done with others. */
  people = new People(this);

  /** What is kept over a reload. */
  kept = new Kept(this);

  #alerts = new Alerts(this);

  /** Rooms as they were when they were looked at last. @type {Map<string, Room>} */
  #before = new Map();

  /** @type {Set<string>} */
  #drafted = new Set();

  /** By room and timestamp. @type {Map<string, Measured>} */
  #measured = new Map();

  /** Rooms shown before, the last one at the end. @type {string[]} */
  #trail = [];

  /**
   * While the browser goes back from the history entry of a dialog that is closed: the address that it
   * goes back to, and when it is there.
   *
   * @type {{hash: string, done: Promise<void>} | null}
   */
  #returning = null;

  /** The room whose unread messages are being fetched. @type {string | null} */
  #fetching = null;

  /** The reader has the end of the current room before the eyes. */
  #seeing = false;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #noticeTimer = undefined;

  /**
   * @param {object} around
   * @param {Client} around.client which may have connected already
   * @param {Deployment} around.deployment
   * @param {Texts} around.texts
   * @param {string} around.name
   * @param {boolean} around.isSignedIn
   * @param {(page: Page) => import('./view.js').View} around.view
   */
  constructor({ client, deployment, texts, name, isSignedIn, view }) {
    this.client = client;
    this.deployment = deployment;
    this.texts = texts;
    this.name = name;
    this.isSignedIn = isSignedIn;
    this.formats = formats(this.settings, languageOf(this.settings));
    this.view = view(this);
    this.#listen();
  }

  #listen() {
    const { client } = this;
    client.on('change', ({ rooms }) => this.#changed(rooms));
    client.on('state', () => {
      this.whoAmI = null; // That was another connection.
      if (client.state.phase === 'connected') this.older = '';
      if (this.overlay?.kind === 'session') this.askWhoAmI();
      this.tick();
      this.view.draw();
    });
    client.on('joined', ({ room }) => this.#joined(room));
    client.on('sent', ({ room, timestamp, trace }) => {
      if (trace !== undefined) this.#measure(room, timestamp, { trace });
    });
    client.on('shown', ({ room, messages }) => {
      if (room !== this.current || !this.#seeing) return; // The reader sees them later.
      for (const { timestamp, ms, errorMs } of messages) {
        this.#measure(room, timestamp, { shownMs: ms, errorMs });
      }
    });
    client.on('refused', ({ room, error, left }) => {
      const { texts } = this;
      if (left) this.left(room);
      this.tell(left || error.retryAfterMs === undefined
        ? texts.couldNotJoin(this.names.labelOf(room), this.reasonOf(error)) : texts.sentWhenAllowed);
    });
    client.on('removed', ({ room, reason }) => {
      this.left(room);
      this.tell(this.texts.removed(this.names.labelOf(room), reason));
    });
    client.on('invited', ({ room, title, sender }) => {
      this.lists.listMine();
      const action = { label: this.texts.join, run: () => this.open(room) };
      this.tell(this.texts.invited(sender, title), action);
    });
  }

  /** @param {string} room */
  #joined(room) {
    this.lists.joined(room);
    this.reading.countMissed(room);
  }

  // What is known of rooms

  /** @returns {Room | undefined} the one that is shown */
  get room() {
    return this.current === null ? undefined : this.client.room(this.current);
  }

  /** @returns {Room[]} by name */
  get rooms() {
    return this.client.rooms.flatMap((name) => this.client.room(name) ?? [])
      .sort((a, b) => ALPHABET.compare(this.names.titleOf(a.name), this.names.titleOf(b.name)));
  }

  /**
   * The reader has seen the current room up to a message.
   *
   * @param {number} timestamp
   * @param {boolean} atEnd
   */
  saw(timestamp, atEnd) {
    const { room } = this;
    // What has come is drawn before it is told; the reader is not put to what is unread yet.
    if (room === undefined || this.#before.get(room.name)?.fresh == null) return;
    this.#seeing = atEnd;
    if (room.link === 'out') return;
    // Unread ones that are not fetched yet are before those that are seen.
    if (!atEnd && (this.#fetching === room.name || this.reading.unread(room).more)) return;
    if (this.reading.saw(room, timestamp, atEnd)) this.view.draw();
  }

  /** @param {boolean} above */
  setNewAbove(above) {
    if (above === this.newAbove) return;
    this.newAbove = above;
    this.view.draw();
  }

  /** The reader does not look at the page, or not at the end of the room. */
  looksAway() {
    this.#seeing = false;
  }

  /** All of a room is read, seen or not. @param {string} name */
  markRead(name) {
    const room = this.client.room(name);
    if (room === undefined) return;
    this.reading.saw(room, room.messages.at(-1)?.timestamp ?? 0, true);
    if (name === this.current) this.newAfter = null;
    this.view.draw();
  }

  /** @param {ReadonlySet<string>} names */
  #changed(names) {
    for (const name of names) {
      const room = this.client.room(name);
      const before = this.#before.get(name);
      if (room === undefined) {
        this.#before.delete(name);
        continue;
      }
      for (const { id } of room.drafts) add(this.#drafted, id);
      this.reading.changed(before, room);
      this.#before.set(name, room);
      if (name === this.current && room.link === 'live' && before?.fresh == null) this.#settle(room);
      else if (name === this.current && before !== undefined) this.#drawLine(before, room);
      this.#alerts.changed(before, room);
    }
    this.view.draw();
  }

  /**
   * The line "New" stands before the first message that came while the reader did not look.
   *
   * @param {Room} before
   * @param {Room} room
   */
  #drawLine(before, room) {
    if (this.#seeing || this.reading.unread(before).count > 0 || this.reading.unread(room).count === 0) return;
    this.newAfter = this.reading.readTo(room);
  }

  /** @param {string} id of a message that was a draft here */
  isDrafted(id) {
    return this.#drafted.has(id);
  }

  /**
   * @param {string} room
   * @param {number} timestamp
   * @param {Measured} more
   */
  #measure(room, timestamp, more) {
    const key = `${room} ${timestamp}`;
    this.#measured.set(key, { ...this.#measured.get(key), ...more });
    if (this.#measured.size > REMEMBERED_MAX) {
      this.#measured.delete(this.#measured.keys().next().value ?? '');
    }
  }

  /** @param {number} timestamp of a message of the current room */
  measured(timestamp) {
    return this.#measured.get(`${this.current} ${timestamp}`) ?? {};
  }

  // Going from room to room

  /**
   * Goes where the address leads.
   *
   * @param {string} hash
   */
  go(hash) {
    if (hash === this.#returning?.hash) return; // The reader may be in another room by now.
    if (this.overlay !== null) {
      this.overlay = null; // "Back" has closed it.
      this.view.draw();
    }
    const place = placeOf(hash);
    if (place === null) {
      if (this.current === null) this.#show(this.client.rooms[0] ?? null, null, false);
      return;
    }
    if (history.state?.shown === true && this.client.room(place.room) === undefined) {
      // "Back" does not lead into a room that was quit; an address that somebody writes does.
      this.#address(this.current, this.target, false);
    } else if (place.room !== this.current || place.timestamp !== this.target) {
      this.open(place.room, place.timestamp, false);
    }
  }

  /**
   * Shows a room, joining it where needed.
   *
   * @param {string} room
   * @param {number | null} [timestamp] of a message in it
   * @param {boolean} [isNew] it becomes an entry of the browser's history
   */
  open(room, timestamp = null, isNew = true) {
    if (this.client.room(room) === undefined) {
      if (this.client.rooms.length >= ROOMS_PER_CONNECTION_MAX) {
        this.joinError = this.texts.tooManyRooms(this.client.rooms.length);
        this.view.draw();
        return;
      }
      this.client.join(room);
      rememberRoom(room, true);
    }
    this.#show(room, timestamp, isNew);
  }

  /**
   * Joins or starts a public room that the reader names.
   *
   * @param {string} text
   * @returns {boolean} false where it is no room's name
   */
  join(text) {
    const room = trim(text).replace(/^#/, '');
    this.joinError = ROOM_PATTERN.test(room) ? '' : this.texts.noRoomName;
    if (this.joinError === '') this.open(room);
    this.view.draw();
    return this.joinError === '';
  }

  /**
   * @param {string | null} name
   * @param {number | null} timestamp
   * @param {boolean} isNew
   */
  #show(name, timestamp, isNew) {
    const before = this.current;
    if (before !== null && before !== name) {
      this.#leaveTheView(before);
      this.#trail = [...this.#trail.filter((r) => r !== before), before];
    }
    this.#address(name, timestamp, isNew);
    this.overlay = null;
    this.joinError = '';
    this.target = timestamp;
    if (before !== name) {
      this.current = name;
      this.older = '';
      this.newAfter = null;
      this.#seeing = false;
      this.detailed.clear();
      this.unfolded.clear();
      this.tell('');
      this.place = name === null ? null : this.#firstPlace(name);
      this.view.roomChanged(name === null ? '' : this.kept.textOf(name));
      const joined = name === null ? undefined : this.client.room(name);
      if (joined?.link === 'live' && this.reading.unread(joined).more) this.#fetchUnread(joined.name);
    }
    if (name !== null) {
      if (timestamp !== null) this.#seek(name, timestamp);
      this.lists.shown(name);
    }
    this.view.draw();
  }

  /**
   * Where the reader begins in a room: at what is new, else where the room was left, else at its end.
   *
   * @param {string} name
   * @returns {Place | null}
   */
  #firstPlace(name) {
    const room = this.client.room(name);
    if (room !== undefined && room.link !== 'out') {
      const { count, first } = this.reading.unread(room);
      if (count > 0 && first !== null) {
        this.newAfter = this.reading.readTo(room);
        return { timestamp: first, top: this.view.scroller.height / 4 };
      }
    }
    return this.kept.placeOf(name);
  }

  /**
   * The first messages of the current room have come.
   *
   * @param {Room} room
   */
  async #settle(room) {
    if (this.target !== null) return; // It is being looked for.
    this.place = this.#firstPlace(room.name);
    const { place } = this;
    if (place === null) return;
    if (this.reading.unread(room).more) {
      await this.#fetchUnread(room.name);
    } else if (place.timestamp < room.from) {
      this.client.pin(room.name, true);
      const found = () => this.place !== place || place.timestamp >= (this.room?.from ?? 0);
      await this.client.seek(room.name, place.timestamp).catch(() => {});
      if (!found()) this.place = { timestamp: this.room?.from ?? 0, top: 0 };
    }
    this.view.draw();
  }

  /**
   * Fetches unread messages until the first one is there, and puts the reader to it.
   *
   * @param {string} name
   */
  async #fetchUnread(name) {
    const { client } = this;
    const isMissing = () => {
      const room = client.room(name);
      return this.current === name && room !== undefined && this.reading.unread(room).more;
    };
    this.#fetching = name;
    try {
      for (let pages = 0; pages < UNREAD_PAGES_MAX && isMissing(); pages++) await client.older(name);
    } catch {
      // The reader begins at the first one that there is.
    }
    if (this.#fetching === name) this.#fetching = null;
    // Unless the reader has gone to the end meanwhile.
    if (this.current === name && this.place !== null) this.place = this.#firstPlace(name);
    this.view.draw();
  }

  /** To the first message that the reader has not seen before. */
  toNew() {
    const { room, newAfter } = this;
    const first = room?.messages.find((m) => m.timestamp > (newAfter ?? Infinity));
    if (first === undefined) return;
    this.moved({ timestamp: first.timestamp, top: this.view.scroller.height / 4 });
  }

  /** @param {string} room */
  #leaveTheView(room) {
    if (this.client.room(room) !== undefined) this.client.pin(room, false);
    this.kept.keep();
  }

  /**
   * @param {string | null} room
   * @param {number | null} timestamp
   * @param {boolean} isNew
   */
  #address(room, timestamp, isNew) {
    if (this.#returning !== null) {
      this.#returning.done.then(() => this.#address(this.current, this.target, isNew));
      return;
    }
    const hash = room === null ? '' : hashOf(room, timestamp ?? undefined);
    if (hash === location.hash) {
      this.close();
      return;
    }
    const address = hash === '' ? location.pathname + location.search : hash;
    // What lies over the page has an entry of its own, in whose place this one comes.
    const state = { shown: true };
    if (isNew && this.overlay === null && this.current !== null) history.pushState(state, '', address);
    else history.replaceState(state, '', address);
  }

  /**
   * Puts the reader before a message, which may be far back.
   *
   * @param {string} name
   * @param {number} timestamp
   */
  async #seek(name, timestamp) {
    const wanted = () => this.current === name && this.target === timestamp;
    this.place = { timestamp, top: this.view.scroller.height / 3 };
    try {
      await this.client.join(name);
      this.client.pin(name, true);
      const found = await this.client.seek(name, timestamp);
      if (!wanted()) return;
      if (!found) {
        this.place = null;
        this.tell(this.texts.noSuchMessage);
      } else {
        this.place = { timestamp, top: this.view.scroller.height / 3 };
      }
      this.view.draw();
    } catch (e) {
      if (!wanted()) return;
      this.place = null;
      this.tell(this.texts.notFoundNow(this.reasonOf(e)));
    }
  }

  /** @param {string} room */
  quit(room) {
    this.client.quit(room);
    if (!isPrivate(room)) this.lists.quit(room);
    this.left(room);
  }

  /** @param {string} room that is not joined any more */
  left(room) {
    rememberRoom(room, false);
    this.#forget(room);
  }

  /** @param {string} room */
  #forget(room) {
    this.kept.forget(room);
    this.lists.left(room);
    this.reading.left(room);
    if (this.current !== room) {
      this.view.draw();
      return;
    }
    this.current = null;
    const last = this.#trail.findLast((r) => this.client.room(r) !== undefined);
    this.#show(last ?? this.client.rooms.at(-1) ?? null, null, false);
    this.view.focusComposer();
  }

  /**
   * The room before or behind the current one in the list.
   *
   * @param {number} step
   * @param {boolean} [onlyUnread]
   */
  step(step, onlyUnread = false) {
    const { rooms } = this;
    const at = rooms.findIndex((r) => r.name === this.current);
    for (let i = 1; i <= rooms.length; i++) {
      const room = rooms[(at + step * i + rooms.length * 2) % rooms.length];
      if (onlyUnread && this.reading.unread(room).count === 0) continue;
      if (room.name !== this.current) this.open(room.name);
      return;
    }
  }

  // Reading

  /**
   * The reader goes to another place in the room.
   *
   * @param {Place | null} place null: to its end
   */
  moved(place) {
    const wasAtEnd = this.place === null;
    this.place = place;
    if (this.current === null || this.client.room(this.current) === undefined) return;
    if (wasAtEnd !== (place === null)) this.client.pin(this.current, place !== null);
    this.kept.keepSoon();
    this.view.draw();
  }

  async loadOlder() {
    const { current, older } = this;
    if (current === null || older === 'loading') return;
    this.older = 'loading';
    this.view.draw();
    let became = /** @type {'' | 'failed'} */ ('');
    try {
      await this.client.older(current);
    } catch {
      became = 'failed';
    }
    if (current !== this.current) return;
    this.older = became;
    this.view.draw();
  }

  /** @param {number} timestamp */
  toggleDetails(timestamp) {
    toggle(this.detailed, timestamp);
    this.view.draw();
  }

  /** @param {number} timestamp */
  toggleFold(timestamp) {
    toggle(this.unfolded, timestamp);
    this.view.draw();
  }

  /** @param {number} timestamp */
  async copyLink(timestamp) {
    await this.copy(new URL(hashOf(this.current ?? '', timestamp), location.href).href);
  }

  /** @param {string} text */
  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.tell(this.texts.copied);
    } catch {
      this.tell(this.texts.notCopied);
    }
  }

  // Writing

  /** Sends what is in the composer. */
  send() {
    const { room, texts } = this;
    const { composer } = this.view;
    const message = trim(composer.text);
    if (room === undefined || isBlank(message) || isTooLong(message)) return;
    if (room.drafts.length >= DRAFTS_PER_ROOM_MAX) {
      this.tell(texts.tooManyDrafts);
      return;
    }
    composer.text = '';
    this.kept.keep();
    this.newAfter = null;
    this.client.send(room.name, message).catch(() => {}); // Its draft tells.
    this.moved(null);
  }

  /** @param {string} id of a draft */
  sendAgain(id) {
    if (this.current !== null) this.client.sendAgain(this.current, id).catch(() => {}); // As above.
    this.view.focusComposer();
  }

  /** @param {string} id of a draft */
  discard(id) {
    if (this.current !== null) this.client.discard(this.current, id);
    this.view.focusComposer();
  }

  // People

  /** @param {string} given */
  rename(given) {
    const name = cleanName(given);
    if (name !== '' && name !== this.name) {
      this.name = name;
      remember('name', name);
      this.client.rename(name);
    }
    this.view.draw();
  }

  /**
   * @param {unknown} error
   * @returns {string}
   */
  reasonOf(error) {
    if (!(error instanceof Refused)) return this.texts.unanswered;
    const { code, message, retryAfterMs } = error;
    return this.reason(code, message, Math.ceil((retryAfterMs ?? 0) / 1000));
  }

  /**
   * The page's own words for an error, in the reader's language.
   *
   * @param {string | undefined} code
   * @param {string} message where there are none
   * @param {number} [seconds] after which another attempt may succeed
   */
  reason(code, message, seconds = 0) {
    const known = /** @type {Record<string, (seconds: number) => string>} */ (this.texts.errors);
    return known[code ?? '']?.(seconds) ?? message;
  }

  // Lists

  /** Does what is due while somebody uses the page: else nobody sees it. */
  tick() {
    const { client, settings } = this;
    const now = performance.now();
    const since = client.session?.since ?? null;
    if (settings.disconnectAfter > 0 && since !== null && client.state.phase === 'connected'
      && now >= since + settings.disconnectAfter * 60_000) {
      client.disconnect();
      this.tell(this.texts.disconnectedAfter(settings.disconnectAfter));
    }
    this.lists.tick();
  }

  async askWhoAmI() {
    const { client } = this;
    if (client.state.phase !== 'connected') return;
    const { since } = client.session;
    try {
      const told = await client.whoAmI();
      if (client.session.since === since) this.whoAmI = told;
    } catch (e) {
      if (client.session.since === since) this.tell(this.reasonOf(e));
    }
    this.view.draw();
  }

  // What lies over the page

  /** @param {Overlay} overlay */
  show(overlay) {
    if (this.#returning !== null) {
      this.#returning.done.then(() => this.show(overlay));
      return;
    }
    if (this.overlay === null) history.pushState({ overlay: true }, '', location.href);
    this.overlay = overlay;
    if (overlay.kind === 'session') this.askWhoAmI();
    this.view.draw();
  }

  /** @returns {Promise<void>} resolves when the address is the one below again */
  async close() {
    if (this.overlay === null) return;
    this.overlay = null;
    this.view.draw();
    if (history.state?.overlay !== true) return;
    // The browser goes back some time later. It would leave an entry that is added before.
    const back = new Promise((resolve) => addEventListener('popstate', resolve, { once: true }));
    const done = back.then(() => {
      this.#returning = null;
    });
    this.#returning = { hash: location.hash, done };
    history.back();
    await done;
  }

  /**
   * @param {string} text empty: nothing to say any more
   * @param {Notice['action']} [action]
   */
  tell(text, action) {
    clearTimeout(this.#noticeTimer);
    this.notice = text === '' ? null : { text, action };
    if (text !== '') this.#noticeTimer = setTimeout(() => this.tell(''), NOTICE_MS);
    this.view.draw();
  }

  // Choices

  /**
   * @param {Partial<import('./settings.js').Settings>} changed
   * @param {Texts} [texts] of another language
   */
  choose(changed, texts = this.texts) {
    this.settings = { ...this.settings, ...changed };
    rememberSettings(this.settings);
    this.settingsChanged(texts);
  }

  /** @param {Texts} [texts] */
  settingsChanged(texts = this.texts) {
    this.texts = texts;
    this.formats = formats(this.settings, languageOf(this.settings));
    this.view.settingsChanged();
    this.view.draw();
  }

  /** @param {string | null} address null: the deployment's own */
  useServer(address) {
    this.deployment.server = address;
    remember('server', address);
    this.client.reconnect();
    this.view.draw();
  }

  /**
   * Another tab has changed what all of them share.
   *
   * @param {string} key
   * @param {string | null} value
   */
  changedElsewhere(key, value) {
    if (key === 'rooms') this.#useRooms(roomsOf(value));
    if (key === 'name' && value !== null && cleanName(value) === value && value !== '') {
      this.rename(value);
    }
    const room = key.startsWith('read/') ? this.client.room(key.slice('read/'.length)) : undefined;
    const to = Number(value);
    if (room !== undefined && Number.isSafeInteger(to)) {
      if (this.reading.saw(room, to, false)) this.view.draw();
    }
  }

  /** @param {string[] | null} rooms */
  #useRooms(rooms) {
    if (rooms === null) return;
    for (const room of rooms) {
      if (this.client.room(room) === undefined && this.client.rooms.length < ROOMS_PER_CONNECTION_MAX) {
        this.client.join(room);
      }
    }
    for (const room of this.client.rooms.filter((r) => !rooms.includes(r))) {
      this.client.quit(room);
      this.#forget(room);
    }
  }

  /** Shows the first room: the address's, else one that the page was in. */
  begin() {
    const { client } = this;
    client.rooms.filter((name) => client.room(name)?.link === 'live').forEach((name) => this.#joined(name));
    this.#changed(new Set(client.rooms));
    const place = placeOf(location.hash);
    if (place !== null) this.open(place.room, place.timestamp, false);
    else this.#show(this.client.rooms[0] ?? null, null, false);
  }
}

/**
 * @param {Set<number>} set
 * @param {number} value
 */
function toggle(set, value) {
  if (!set.delete(value)) set.add(value);
}

/**
 * @param {Set<string>} set
 * @param {string} value
 */
function add(set, value) {
  set.add(value);
  if (set.size > REMEMBERED_MAX) set.delete(set.values().next().value ?? '');
}

