/**
 * Lays out a graph from left to right: what calls stands left of what is called. Pure, and the same
 * graph always gives the same picture, in whatever order its nodes come.
 *
 * It goes the way of Sugiyama: calls that close a circle are turned round, each node gets the layer
 * after the last of its callers, edges that pass a layer get a place in it, the order within layers
 * is improved by the means of the neighbours, and each node moves towards the middle of its
 * neighbours as far as the others let it.
 */

/**
 * @typedef {{x: number, y: number}} Point
 *
 * @typedef {object} PlacedEdge
 * @property {string} from
 * @property {string} to
 * @property {boolean} back it goes from right to left, or from a node to itself
 * @property {Point[]} points from centre to centre, in the direction of the call
 *
 * @typedef {object} Layout
 * @property {Map<string, Point>} nodes centres
 * @property {PlacedEdge[]} edges
 * @property {number} width
 * @property {number} height
 *
 * @typedef {object} Place a node, or where an edge passes a layer
 * @property {string} id
 * @property {number} layer
 * @property {number} y
 * @property {boolean} passing
 * @property {Place[]} left
 * @property {Place[]} right
 */

/** More sweeps than this have never made the order of a service map better. */
const SWEEPS = 12;

/** Where an edge passes, it needs less room than a node does. */
const PASSING_SHARE = 0.45;

/**
 * @param {string[]} ids
 * @param {{from: string, to: string}[]} calls between these
 * @param {{across: number, down: number}} distance between the centres of neighbours
 * @returns {Layout}
 */
export function layOut(ids, calls, distance) {
  const names = [...new Set(ids)].sort();
  const known = new Set(names);
  const edges = [...new Map(calls.filter((c) => known.has(c.from) && known.has(c.to))
    .map((c) => [JSON.stringify([c.from, c.to]), c])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1)).map(([, call]) => call);
  const back = backEdges(names, edges);
  const forward = edges.filter((e) => e.from !== e.to)
    .map((e) => (back.has(e) ? { from: e.to, to: e.from } : e));
  const layerOf = layers(names, forward);

  /** @type {Map<string, Place>} */
  const places = new Map(names.map((id) => [id, place(id, layerOf.get(id) ?? 0, false)]));
  /** The places that each edge passes, from left to right. @type {Map<string, Place[]>} */
  const passed = new Map();
  for (const { from, to } of forward) {
    const key = JSON.stringify([from, to]);
    if (passed.has(key)) continue; // there and back
    const ends = [/** @type {Place} */ (places.get(from)), /** @type {Place} */ (places.get(to))];
    const between = [];
    for (let layer = ends[0].layer + 1; layer < ends[1].layer; layer++) {
      between.push(place(`${key} ${layer}`, layer, true));
    }
    const all = [ends[0], ...between, ends[1]];
    for (let i = 1; i < all.length; i++) {
      all[i - 1].right.push(all[i]);
      all[i].left.push(all[i - 1]);
    }
    passed.set(key, all);
  }

  /** @type {Place[][]} */
  const columns = [];
  for (const p of new Set([...places.values(), ...[...passed.values()].flat()])) {
    (columns[p.layer] ??= []).push(p);
  }
  order(columns);
  align(columns, distance.down);
  const lowest = Math.min(0, ...columns.flat().map((p) => p.y));
  for (const p of columns.flat()) p.y -= lowest;

  const point = (/** @type {Place} */ p) => ({ x: p.layer * distance.across, y: p.y });
  return {
    nodes: new Map(names.map((id) => [id, point(/** @type {Place} */ (places.get(id)))])),
    edges: edges.map((e) => {
      const isBack = back.has(e) || e.from === e.to;
      const [from, to] = isBack ? [e.to, e.from] : [e.from, e.to];
      const way = e.from === e.to ? [places.get(e.from), places.get(e.from)]
        : passed.get(JSON.stringify([from, to])) ?? [];
      const points = way.map((p) => point(/** @type {Place} */ (p)));
      return { ...e, back: isBack, points: isBack ? points.reverse() : points };
    }),
    width: Math.max(0, columns.length - 1) * distance.across,
    height: Math.max(0, ...columns.flat().map((p) => p.y)),
  };
}

/**
 * @param {string} id
 * @param {number} layer
 * @param {boolean} passing
 * @returns {Place}
 */
const place = (id, layer, passing) => ({ id, layer, y: 0, passing, left: [], right: [] });

/**
 * The edges that close a circle, found by walking from the nodes that nobody calls.
 *
 * @template {{from: string, to: string}} E
 * @param {string[]} names
 * @param {E[]} edges
 * @returns {Set<E>}
 */
function backEdges(names, edges) {
  /** @type {Set<E>} */
  const back = new Set();
  const called = new Set(edges.filter((e) => e.from !== e.to).map((e) => e.to));
  /** @type {Map<string, 'open' | 'done'>} */
  const state = new Map();
  /** @param {string} name */
  const visit = (name) => {
    state.set(name, 'open');
    for (const edge of edges) {
      if (edge.from !== name || edge.to === name) continue;
      if (state.get(edge.to) === 'open') back.add(edge);
      else if (!state.has(edge.to)) visit(edge.to);
    }
    state.set(name, 'done');
  };
  const starts = [...names.filter((n) => !called.has(n)), ...names];
  for (const name of starts) if (!state.has(name)) visit(name);
  return back;
}

/**
 * @param {string[]} names
 * @param {{from: string, to: string}[]} forward without circles
 * @returns {Map<string, number>}
 */
function layers(names, forward) {
  /** @type {Map<string, number>} */
  const layerOf = new Map();
  /** @param {string} name @returns {number} */
  const layer = (name) => {
    let found = layerOf.get(name);
    if (found === undefined) {
      const before = forward.filter((e) => e.to === name).map((e) => layer(e.from) + 1);
      found = Math.max(0, ...before);
      layerOf.set(name, found);
    }
    return found;
  };
  names.forEach(layer);
  return layerOf;
}

/**
 * Orders each column so that few edges cross.
 *
 * @param {Place[][]} columns
 */
function order(columns) {
  let best = columns.map((c) => [...c]);
  let bestCrossings = crossings(columns);
  for (let sweep = 0; sweep < SWEEPS && bestCrossings > 0; sweep++) {
    const rightwards = sweep % 2 === 0;
    const turn = rightwards ? columns : [...columns].reverse();
    for (const column of turn) sortByMeans(column, columns, rightwards ? 'left' : 'right');
    const now = crossings(columns);
    if (now < bestCrossings) {
      best = columns.map((c) => [...c]);
      bestCrossings = now;
    }
  }
  best.forEach((column, i) => { columns[i] = column; });
}

/**
 * @param {Place[]} column
 * @param {Place[][]} columns
 * @param {'left' | 'right'} side
 */
function sortByMeans(column, columns, side) {
  const indexes = new Map(columns.flatMap((c) => c.map((p, i) => /** @type {const} */ ([p, i]))));
  const index = (/** @type {Place} */ p) => indexes.get(p) ?? 0;
  const means = new Map(column.map((p) => {
    const neighbours = p[side];
    return [p, neighbours.length === 0 ? index(p) : mean(neighbours.map(index))];
  }));
  column.sort((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0) || index(a) - index(b));
}

/** @param {number[]} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** @param {Place[][]} columns */
function crossings(columns) {
  let count = 0;
  for (let i = 0; i + 1 < columns.length; i++) {
    const next = new Map(columns[i + 1].map((p, at) => [p, at]));
    const ends = columns[i].map((p) => p.right.map((r) => next.get(r) ?? 0));
    for (let a = 0; a < ends.length; a++) {
      for (let b = a + 1; b < ends.length; b++) {
        for (const x of ends[a]) for (const y of ends[b]) if (x > y) count++;
      }
    }
  }
  return count;
}

/**
 * Gives each place its height.
 *
 * @param {Place[][]} columns
 * @param {number} down
 */
function align(columns, down) {
  const room = (/** @type {Place} */ a, /** @type {Place} */ b) =>
    down * (a.passing && b.passing ? PASSING_SHARE : a.passing || b.passing ? 0.75 : 1);
  for (const column of columns) {
    column.forEach((p, i) => { p.y = i === 0 ? 0 : column[i - 1].y + room(column[i - 1], p); });
    const middle = (column[0].y + column[column.length - 1].y) / 2;
    for (const p of column) p.y -= middle;
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const turn = sweep % 2 === 0 ? columns : [...columns].reverse();
    for (const column of turn) {
      const wished = column.map((p) => {
        const neighbours = [...p.left, ...p.right];
        return neighbours.length === 0 ? p.y : mean(neighbours.map((n) => n.y));
      });
      settle(column, wished, room);
    }
  }
}

/**
 * Moves the places of a column as near to the wished heights as their order and room allow: places
 * that would come too close move together, about the mean of their wishes.
 *
 * @param {Place[]} column
 * @param {number[]} wished
 * @param {(a: Place, b: Place) => number} room
 */
function settle(column, wished, room) {
  /** Offsets from the first. */
  const offsets = [0];
  for (let i = 1; i < column.length; i++) {
    offsets.push(offsets[i - 1] + room(column[i - 1], column[i]));
  }
  /** Neighbours that stand as close as they may. @type {{y: number, count: number}[]} */
  const blocks = [];
  wished.forEach((wish, i) => {
    let block = { y: wish - offsets[i], count: 1 };
    while (blocks.length > 0 && blocks[blocks.length - 1].y >= block.y) {
      const above = /** @type {typeof block} */ (blocks.pop());
      const count = above.count + block.count;
      block = { y: (above.y * above.count + block.y * block.count) / count, count };
    }
    blocks.push(block);
  });
  let i = 0;
  for (const { y, count } of blocks) {
    for (const end = i + count; i < end; i++) column[i].y = y + offsets[i];
  }
}
