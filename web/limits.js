/**
 * The limits and waits that the page obeys. Those of the protocol are the server's own; units and
 * bounds come last in each name.
 */

/** What a room may be called. */
export const ROOM_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

/** Rooms that one connection may be in. */
export const ROOMS_PER_CONNECTION_MAX = 50;

/** Rooms named in the connect URL, which may be 4,096 characters long; the rest join by frame. */
export const ROOMS_IN_URL_MAX = 20;

/** Length of a message, in code points, after trimming. */
export const MESSAGE_CODE_POINTS_MAX = 4000;

/** Length of a display name, in code points, after trimming. */
export const NAME_CODE_POINTS_MAX = 64;

/** Random bits in a guest's secret, and in the id of a send. */
export const SECRET_BITS = 192;

/** How far a catch-up reaches back before the newest message seen: late inserts, clock skew. */
export const OVERLAP_US = 10_000_000;

/** Pages fetched to catch up before starting over from the newest page. */
export const CATCH_UP_PAGES_MAX = 10;

/** Messages in a page: the first one of a room, and each older one; and one of a catch-up. */
export const HISTORY_PAGE = 50;
export const CATCH_UP_PAGE = 100;

/** Messages held of a room that is read at its end; beyond, the oldest go, to be fetched again. */
export const MESSAGES_HELD_MAX = 2000;
export const MESSAGES_KEPT = 1000;

/** Sends that may wait in one room. */
export const DRAFTS_PER_ROOM_MAX = 50;

/** A send is idempotent for a day; one tried longer ago than this is not sent again by itself. */
export const RESEND_MS_MAX = 20 * 60 * 60 * 1000;

/** Pages of `members` and of `rooms` that are fetched to be shown. */
export const LIST_PAGES_MAX = 5;

/** After a join, the time in which the server's index of members has taken note of it. */
export const SETTLED_AFTER_MS = 2_000;

/** A ping keeps the socket from its 10 idle minutes, and tells which memberships still stand. */
export const PING_INTERVAL_MS = 60_000;

/** API Gateway gives up on a function after 29 s; a reply later than this does not come. */
export const REPLY_TIMEOUT_MS = 30_000;

/** Time in which a socket must open. */
export const OPEN_TIMEOUT_MS = 15_000;

/** Back-off with full jitter: a random part of base · 2^attempt, at most the maximum. */
export const BACK_OFF_BASE_MS = 1_000;
export const BACK_OFF_MS_MAX = 30_000;
