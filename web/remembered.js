/** What the page knows before it connects: the name and the rooms of the last visit, and the address. */

import { ROOMS_PER_CONNECTION_MAX, ROOM_PATTERN } from './client/limits.js';
import { cleanName } from './client/text.js';

const DEFAULT_ROOM = 'global';

/** @param {string} key */
function recall(key) {
  try {
    return localStorage.getItem(`parley.${key}`);
  } catch {
    return null; // There is no storage: nothing is remembered of this visit.
  }
}

/**
 * @param {'name' | 'rooms'} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(`parley.${key}`, value);
  } catch {
    // As above.
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

/** The room named by the page's address, if any. */
export function addressedRoom() {
  const named = new URLSearchParams(location.hash.slice(1)).get('room')
    ?? new URLSearchParams(location.search).get('room');
  return named !== null && ROOM_PATTERN.test(named) ? named : null;
}

/** @returns {string[]} */
export function rememberedRooms() {
  try {
    const names = JSON.parse(recall('rooms') ?? 'null');
    if (Array.isArray(names)) {
      return names.filter((n) => typeof n === 'string' && ROOM_PATTERN.test(n))
        .slice(0, ROOMS_PER_CONNECTION_MAX);
    }
  } catch {
    // Something else wrote it.
  }
  return [DEFAULT_ROOM];
}
