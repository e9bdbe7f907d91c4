// Runs in a page of the site: participants of a schedule. Each has a document of its own, with a
// client in it, and a storage that outlives them.
async () => {
  /** As `localStorage`, for one participant. */
  class MapStorage {
    #entries = new Map();
    get length() { return this.#entries.size; }
    key(i) { return [...this.#entries.keys()].sort()[i] ?? null; }
    getItem(key) { return this.#entries.get(key) ?? null; }
    setItem(key, value) { this.#entries.set(key, value); }
    removeItem(key) { this.#entries.delete(key); }
  }

  const people = new Map();

  const open = async (person) => {
    person.frame = document.createElement('iframe');
    document.body.append(person.frame);
    person.library = await person.frame.contentWindow.eval("import('/client/client.js')");
    person.client = new person.library.Client({ ...person.options, rooms: [...person.rooms] });
  };

  window.participants = {
    async begin([name, { signed, ...options }]) {
      if (signed) {
        options.token = async () => {
          const response = await fetch(`/token?${name}`);
          if (!response.ok) throw new Error(`no token: ${response.status}`);
          return response.text();
        };
      }
      const storage = new MapStorage();
      const person = { rooms: new Set(), sent: {}, failed: {}, options: { ...options, storage } };
      people.set(name, person);
      await open(person);
    },

    join([name, room]) {
      const person = people.get(name);
      person.rooms.add(room);
      person.client.join(room).catch(() => {}); // Quit or loaded again before it was joined.
    },

    quit([name, room]) {
      const person = people.get(name);
      person.rooms.delete(room);
      person.client.quit(room);
    },

    send([name, room, text]) {
      const { client, library, sent, failed } = people.get(name);
      client.send(room, text).then(
        ({ timestamp }) => { sent[text] = timestamp; },
        (e) => { if (e instanceof library.Refused) failed[text] = e.code; },
      );
    },

    older([name, room]) {
      people.get(name).client.older(room).catch(() => {}); // The same.
    },

    hint([name]) {
      people.get(name).frame.contentWindow.dispatchEvent(new Event('online'));
    },

    async reload([name]) {
      const person = people.get(name);
      person.frame.remove();
      await open(person);
    },

    waiting([name]) {
      const { client } = people.get(name);
      return client.rooms.flatMap((room) => client.room(room).drafts)
        .filter(({ state }) => state === 'queued' || state === 'waiting').length;
    },

    state([name]) {
      const { client, sent, failed } = people.get(name);
      const shown = client.rooms.map((room) => client.room(room)).filter(({ you }) => you !== null);
      return JSON.stringify({
        shown: shown.map((r) => ({
          room: r.name, from: r.from, complete: r.complete, messages: r.messages,
        })),
        sent,
        failed,
      });
    },

    end([name]) {
      people.get(name).frame.remove();
      people.delete(name);
    },
  };
};
