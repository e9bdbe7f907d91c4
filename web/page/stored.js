/**
 * What the browser keeps of this page from one visit to the next: shared by all tabs in `localStorage`, of
 * one tab in `sessionStorage`. Where it may keep nothing, each visit is the first one. What stands under
 * a name of ours may be anything.
 */

import { ROOMS_PER_CONNECTION_MAX, ROOM_PATTERN } from '../client/limits.js';
import { cleanName } from '../client/text.js';

const PREFIX = 'parley.';
const DEFAULT_ROOM = 'global';

/**
 * @param {string} key
 * @param {() => Storage} [storage]
 * @returns {string | null}
 */
export function recall(key, storage = () => localStorage) {
  try {
    return storage().getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string | null} value null: it is forgotten
 * @param {() => Storage} [storage]
 */
export function remember(key, value, storage = () => localStorage) {
  try {
    if (value === null) storage().removeItem(PREFIX + key);
    else storage().setItem(PREFIX + key, value);
  } catch {
    // It lives as long as the page.
  }
}

/** What this tab keeps over a reload. */
export const tab = () => sessionStorage;

/**
 * Calls back with what another tab has changed, without the prefix of its key.
 *
 * @param {(key: string, value: string | null) => void} listener
 */
export function onOtherTab(listener) {
  addEventListener('storage', ({ key, newValue }) => {
    if (key?.startsWith(PREFIX)) listener(key.slice(PREFIX.length), newValue);
  });
}

/**
 * @param {string | null} text
 * @returns {any} null where it is no JSON
 */
export function parsed(text) {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

/** The name that was chosen in this browser before, or a friendly one. */
export function rememberedName() {
  const name = cleanName(recall('name') ?? '') || friendlyName();
  remember('name', name);
  return name;
}

function friendlyName() {
  const moods = 'Amber Brave Bright Calm Clever Curious Gentle Happy Kind Lively Lucky Merry Mellow '
    + 'Nimble Patient Quiet Silver Sunny Swift Warm';
  const animals = 'Badger Crane Dolphin Falcon Finch Fox Hare Heron Ibex Lark Lynx Marten Otter Owl '
    + 'Puffin Robin Seal Sparrow Stork Wren';
  return [moods, animals]
    .map((words) => words.split(' '))
    .map((words) => words[crypto.getRandomValues(new Uint32Array(1))[0] % words.length])
    .join(' ');
}

/** @returns {string[]} the rooms that this browser's tabs are in */
export function rememberedRooms() {
  return roomsOf(recall('rooms')) ?? [DEFAULT_ROOM];
}

/**
 * @param {string | null} text
 * @returns {string[] | null} null where it is no list
 */
export function roomsOf(text) {
  const names = parsed(text);
  if (!Array.isArray(names)) return null;
  const rooms = names.filter((n) => typeof n === 'string' && ROOM_PATTERN.test(n));
  return [...new Set(rooms)].slice(0, ROOMS_PER_CONNECTION_MAX);
}

/**
 * Changes the list as it is by now, which another tab may have changed.
 *
 * @param {string} room
 * @param {boolean} joined
 */
export function rememberRoom(room, joined) {
  const others = rememberedRooms().filter((name) => name !== room);
  remember('rooms', JSON.stringify(joined ? [...others, room] : others));
}
