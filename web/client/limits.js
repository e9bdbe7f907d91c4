/**
 * The limits and waits that a client obeys. Those of the protocol are the server's own; units and
 * bounds come last in each name.
 */

/** What a room may be called, and the `id` of a send. */
export const ROOM_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

/** Rooms that one connection may be in. */
export const ROOMS_PER_CONNECTION_MAX = 50;

/** Rooms named in the connect URL, which may be 4,096 characters long; the rest join by frame. */
export const ROOMS_IN_URL_MAX = 20;

/** Length of a message, in code points, after trimming. */
export const MESSAGE_CODE_POINTS_MAX = 4000;

/** Length of the reason for a report, in code points, after trimming. */
export const REPORT_CODE_POINTS_MAX = 1000;

/** Length of a display name, in code points, after trimming. */
export const NAME_CODE_POINTS_MAX = 64;

/** Random bits in a guest's secret, and in the id of a send. */
export const SECRET_BITS = 192;

/** Messages in a page: the first one of a room, and each older one; and one of a catch-up or a seek. */
export const HISTORY_PAGE = 50;
export const CATCH_UP_PAGE = 100;

/** Pages fetched to catch up before starting over from the newest page. */
export const CATCH_UP_PAGES_MAX = 10;

/** Pages fetched to find one older message. */
export const SEEK_PAGES_MAX = 30;

/** Pages of `members` and of `rooms` that are fetched to be shown. */
export const LIST_PAGES_MAX = 5;

/** Messages held of a room; beyond, the older half goes, to be fetched again. */
export const MESSAGES_HELD_MAX = 2000;

/** So many times more are held while a reader looks at the older ones (`pin`). */
export const PINNED_FACTOR = 5;

/** The longest pause that the server may ask for: what it says rests on a clock that may be set. */
export const RETRY_AFTER_MS_MAX = 60_000;

/** Sends that may wait in one room. */
export const DRAFTS_PER_ROOM_MAX = 50;

/** A send that was written longer ago is not sent by itself any more: messages are not kept longer. */
export const DRAFT_KEPT_MS_MAX = 30 * 24 * 60 * 60 * 1000;

/**
 * Every wait of the client, in milliseconds. `new Client({ waits })` overrides any of them, so that
 * a test runs through hours in seconds. docs/PROTOCOL.md prints those that are the protocol's.
 */
export const WAITS = Object.freeze({
  /** How much later than its timestamp a message may still come to be in the table. */
  overlapMs: 10_000,

  /** How late after the server's time a timestamp may be: clocks agree within 1 s, `after` may add 1 s. */
  aheadMs: 2_000,

  /** Before a gap is repaired: a thousand members see the same one at the same moment. */
  repairMsMin: 300,
  repairMsMax: 1_000,

  /** From a join to the first look whether something was missed: the index may lag. */
  settleMs: 2_000,

  /** From a room's last message to the next look. */
  lookMsMin: 5_000,
  lookMsMax: 10_000,

  /**
   * From a room's last message to the look after that. Then waits grow with the silence, up to the
   * maximum, which also keeps the socket from its 10 idle minutes.
   */
  pingMs: 60_000,
  pingMsMax: 8 * 60_000,

  /** After the last input a page counts as used for so long. */
  useMs: 5 * 60_000,

  /** API Gateway gives up on a function after 29 s; a reply later than this does not come. */
  replyMs: 30_000,

  /** The same for a ping after a hint that the network may be gone. */
  probeMs: 10_000,

  /** The same where the browser says that it is offline. */
  offlineMs: 2_000,

  /** Time in which a socket must open. */
  openMs: 15_000,

  /** Back-off with full jitter: a random part of base · 2^failures, at most the maximum. */
  backOffMs: 1_000,
  backOffMsMax: 30_000,

  /** From opening a socket to replacing it: API Gateway ends it after 2 hours. */
  renewMsMin: 95 * 60_000,
  renewMsMax: 115 * 60_000,

  /** In which the replaced socket is still listened to. */
  lingerMs: 5_000,

  /** From the first attempt of a send to the last: an `id` is remembered for a day. */
  resendMsMax: 20 * 60 * 60_000,

  /** How often the clocks are looked at; where more has passed than that, the machine slept. */
  tickMs: 5_000,
  sleptMs: 10_000,

  /** How often the timers of a hidden page run, in Chrome and Edge. */
  tickHiddenMs: 60_000,

  /** Changes are told at most this often. */
  changeMs: 16,
});

/** @typedef {{[wait in keyof typeof WAITS]: number}} Waits */
