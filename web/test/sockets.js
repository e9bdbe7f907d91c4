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

  /** When it opened, in epoch milliseconds. */
  openedMs = 0;

  /** Whether its token has the admin role. */
  admin = false;

  /** When its token expires, in epoch milliseconds. */
  expiresMs = Infinity;

  #cloud;

  /**
   * @param {import('./cloud.js').Cloud} cloud
   * @param {string} url
   * @param {string[]} [protocols]
   */
  constructor(cloud, url, protocols = []) {
    this.#cloud = cloud;
    cloud.addressMax = Math.max(cloud.addressMax, url.length);
    const query = new URL(url).searchParams;
    const guest = query.get('guest');
    this.member = String(++cloud.opened);
    this.user = `guest:${guest ?? this.member}`;
    this.sender = query.get('name') ?? 'Guest';
    const token = protocols.find((p) => p.startsWith('bearer.'))?.slice('bearer.'.length);
    if (token !== undefined) this.signIn(token);
    cloud.time.after(cloud.latency, () => {
      if (this.readyState !== 0 || cloud.faults.mute) return;
      if (cloud.faults.unreachable || this.expired) {
        this.lose();
        return;
      }
      this.readyState = 1;
      this.openedMs = cloud.time.now;
      cloud.open.add(this);
      const named = (query.get('rooms') ?? 'global').split(',').filter((room) => !room.startsWith('p.'));
      named.forEach((room) => this.rooms.add(room));
      cloud.time.after(CONNECTION_MS_MAX, () => this.lose());
      cloud.reach(() => this.onopen?.());
    });
  }

  get expired() {
    return this.#cloud.time.now >= this.expiresMs;
  }

  /**
   * A token is the user, a dot, and when it expires; and `.admin`, where it has that role.
   *
   * @param {string} token
   */
  signIn(token) {
    const [user, expires, role] = token.split('.');
    this.user = this.sender = user;
    this.expiresMs = Number(expires);
    this.admin = role === 'admin';
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
