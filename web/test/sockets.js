/** Stands in for the browser's `WebSocket`, and is the simulated server's side of it too. */

/** API Gateway ends a connection after 2 hours. */
const CONNECTION_MS_MAX = 2 * 60 * 60_000;

export class FakeSocket {
  static OPEN = 1;

  readyState = 0;

  /** @type {(() => void) | null} */
  onopen = null;

  /** @type {((event: {data: string}) => void) | null} */
  onmessage = null;

  /** @type {(() => void) | null} */
  onclose = null;

  /** @type {Set<string>} */
  rooms = new Set();

  forgotten = false;

  #cloud;

  /**
   * @param {import('./cloud.js').Cloud} cloud
   * @param {string} url
   */
  constructor(cloud, url) {
    this.#cloud = cloud;
    cloud.addressMax = Math.max(cloud.addressMax, url.length);
    const query = new URL(url).searchParams;
    const guest = query.get('guest');
    this.member = String(++cloud.opened);
    this.user = `guest:${guest ?? this.member}`;
    this.sender = query.get('name') ?? 'Guest';
    cloud.time.after(cloud.latency, () => {
      if (this.readyState !== 0 || cloud.faults.mute) return;
      if (cloud.faults.unreachable) {
        this.lose();
        return;
      }
      this.readyState = 1;
      cloud.open.add(this);
      (query.get('rooms') ?? 'global').split(',').forEach((room) => this.rooms.add(room));
      cloud.time.after(CONNECTION_MS_MAX, () => this.lose());
      cloud.reach(() => this.onopen?.());
    });
  }

  /** @param {string} data */
  send(data) {
    const { time, faults } = this.#cloud;
    time.after(this.#cloud.latency, () => {
      if (this.readyState !== 1 || this.forgotten || faults.mute) return;
      this.#cloud.handle(this, JSON.parse(data));
    });
  }

  /** @param {object} event of the server's */
  deliver(event) {
    const data = JSON.stringify(event);
    this.#cloud.time.after(this.#cloud.latency, () => {
      if (this.readyState !== 1 || this.#cloud.faults.mute) return;
      this.#cloud.reach(() => this.onmessage?.({ data }));
    });
  }

  /** By the client. */
  close() {
    this.readyState = 3;
    this.#cloud.open.delete(this);
  }

  /** By the network. */
  lose() {
    if (this.readyState === 3) return;
    this.close();
    this.#cloud.reach(() => this.onclose?.());
  }
}
