/** What the tests share. */

/**
 * @param {unknown} actual
 * @param {unknown} expected
 * @param {string} [context]
 */
export function equal(actual, expected, context = '') {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${context} expected ${should}, but it is ${is}`);
}

/**
 * @param {boolean} condition
 * @param {string} otherwise
 */
export function check(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

/**
 * Chance that can be repeated: mulberry32.
 *
 * @param {number} seed
 * @returns {() => number} from 0 to below 1
 */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * The seeds of a property: these many, or the one that the page's address names.
 *
 * @param {number} count
 * @returns {number[]}
 */
export function seeds(count) {
  const only = new URLSearchParams(globalThis.location?.search ?? '').get('seed');
  return only === null ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
}

/** Time that passes only when it is told to: tasks run in the order of their times. */
export class Time {
  /** Epoch milliseconds. */
  now = 1_795_000_000_000;

  /** A binary heap. @type {{at: number, order: number, task: () => void}[]} */
  #heap = [];

  #order = 0;

  /** @type {Set<number>} */
  #cancelled = new Set();

  /**
   * @param {number} delayMs
   * @param {() => void} task
   * @returns {number} to {@link cancel} it by
   */
  after(delayMs, task) {
    const order = ++this.#order;
    this.#insert({ at: this.now + Math.max(0, delayMs), order, task });
    return order;
  }

  /** @param {{at: number, order: number, task: () => void}} entry */
  #insert(entry) {
    const heap = this.#heap;
    heap.push(entry);
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i], heap[parent])) break;
      [heap[i], heap[parent]] = [heap[parent], heap[i]];
      i = parent;
    }
  }

  /** @param {number | undefined} task */
  cancel(task) {
    if (task !== undefined) this.#cancelled.add(task);
  }

  /**
   * Puts tasks off.
   *
   * @param {number} ms
   * @param {(task: number) => boolean} which
   */
  delay(ms, which) {
    const tasks = this.#heap.splice(0);
    for (const { at, order, task } of tasks) {
      this.#insert({ at: which(order) ? at + ms : at, order, task });
    }
  }

  /** @returns {number} when the next task is due */
  get next() {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Runs the next task, at its time. */
  step() {
    const heap = this.#heap;
    const first = heap[0];
    const last = /** @type {typeof first} */ (heap.pop());
    if (heap.length > 0) {
      heap[0] = last;
      for (let i = 0; ;) {
        let least = i;
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < heap.length && before(heap[child], heap[least])) least = child;
        }
        if (least === i) break;
        [heap[i], heap[least]] = [heap[least], heap[i]];
        i = least;
      }
    }
    this.now = Math.max(this.now, first.at);
    if (!this.#cancelled.delete(first.order)) first.task();
  }

  /** @param {number} untilMs epoch milliseconds */
  run(untilMs) {
    while (this.next <= untilMs) this.step();
    this.now = Math.max(this.now, untilMs);
  }
}

/**
 * @param {{at: number, order: number}} a
 * @param {{at: number, order: number}} b
 */
function before(a, b) {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
