/**
 * What tells the reader of messages beside the page's own drawing: a screen reader's live region, the
 * browser's notifications, and a sound.
 */

import { lowerBound } from '../client/messages.js';

/**
 * @typedef {import('../client/client.js').Room} Room
 * @typedef {import('../client/client.js').Message} Message
 */

/** Of what comes at once, so many are read out one by one. */
const SAID_MAX = 3;

/** How long what is to be read out waits for more. */
const SAID_MS = 500;

/** Of a long message, so much is read out or shown in a notification. */
const EXCERPT = 200;

/** How long the sound is, and how high. */
const SOUND_S = 0.15;
const SOUND_HZ = 880;

export class Alerts {
  #page;

  /** What is to be read out. @type {Message[]} */
  #unsaid = [];

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sayTimer = undefined;

  /** @type {AudioContext | null} */
  #audio = null;

  /** @param {import('./page.js').Page} page */
  constructor(page) {
    this.#page = page;
  }

  /**
   * Tells of what has come live: a page of history is no news.
   *
   * @param {Room | undefined} before
   * @param {Room} after
   */
  changed(before, after) {
    if (before?.fresh == null || after.fresh === null || after.fresh === before.fresh) return;
    const known = before.messages;
    const come = after.messages.slice(lowerBound(after.messages, (known.at(-1)?.timestamp ?? 0) + 1))
      .filter((m) => m.user !== after.you?.user);
    if (come.length === 0) return;
    const { current, settings } = this.#page;
    const isShown = after.name === current && document.visibilityState === 'visible';
    if (isShown) this.#say(come);
    const meant = come.filter((m) => this.#page.reading.isMeant(after, m));
    const wanted = (/** @type {string} */ choice) => (choice === 'all' ? come : choice === 'off' ? [] : meant);
    if (!isShown && wanted(settings.notifications).length > 0) {
      this.#notify(after, wanted(settings.notifications));
    }
    if ((!isShown || !document.hasFocus()) && wanted(settings.sounds).length > 0) this.#sound();
  }

  /**
   * Has them read out, soon: nobody follows a hundred lines a second.
   *
   * @param {Message[]} messages
   */
  #say(messages) {
    this.#unsaid.push(...messages);
    this.#sayTimer ??= setTimeout(() => this.#sayAll(), SAID_MS);
  }

  #sayAll() {
    const messages = this.#unsaid.splice(0);
    this.#sayTimer = undefined;
    const region = document.getElementById('announcer');
    if (region === null) return;
    const texts = messages.length > SAID_MAX ? [this.#page.texts.newMessages(messages.length)]
      : messages.map((m) => `${m.sender}: ${m.message.slice(0, EXCERPT)}`);
    for (const text of texts) {
      const line = document.createElement('p');
      line.textContent = text;
      region.append(line);
    }
    while (region.childElementCount > SAID_MAX) region.firstElementChild?.remove();
  }

  /**
   * @param {Room} room
   * @param {Message[]} messages
   */
  #notify(room, messages) {
    const last = messages[messages.length - 1];
    try {
      if (Notification.permission !== 'granted') return;
      // One tag for all tabs: the browser shows it once.
      const shown = new Notification(`${last.sender} · ${this.#page.names.titleOf(room.name)}`, {
        body: last.message.slice(0, EXCERPT), tag: `${room.name} ${last.timestamp}`, icon: 'icon.svg' });
      shown.onclick = () => {
        window.focus();
        this.#page.open(room.name);
        shown.close();
      };
    } catch {
      // A browser without notifications, or one that allows them to service workers only.
    }
  }

  #sound() {
    try {
      this.#audio ??= new AudioContext();
      const { currentTime, destination } = this.#audio;
      const [tone, volume] = [this.#audio.createOscillator(), this.#audio.createGain()];
      tone.frequency.value = SOUND_HZ;
      volume.gain.setValueAtTime(0.15, currentTime);
      volume.gain.exponentialRampToValueAtTime(0.001, currentTime + SOUND_S);
      tone.connect(volume).connect(destination);
      tone.start();
      tone.stop(currentTime + SOUND_S);
    } catch {
      // There is no sound here, or not before the reader has used the page.
    }
  }
}
