// A page that shows its session. The address is remembered for good, and that the page was connected
// for as long as its tab is open: so it connects again when it is loaded again.

const HEARTBEAT_MS = 30_000;

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (element(id));
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (element(id));
const after = /** @type {HTMLSelectElement} */ (element('after'));

/** @type {WebSocket | undefined} */
let socket;
let openedAt = 0;
let lastBeatAt = 0;

/** @param {string} text */
function state(text) {
  const open = socket?.readyState === WebSocket.OPEN;
  element('state').textContent = text;
  button('connect').disabled = socket !== undefined;
  button('disconnect').disabled = !open;
  button('send').disabled = !open;
}

/** @param {string} text @param {string} [kind] */
function show(text, kind = '') {
  const line = document.createElement('li');
  line.className = kind;
  line.textContent = text;
  element('log').append(line);
}

/** @param {{connection_id: string, message: string, sent_at: number}} said */
function showSaid(said) {
  show(`${new Date(said.sent_at).toLocaleTimeString()} ${said.connection_id}: ${said.message}`);
}

/** @param {any} frame */
function receive(frame) {
  if (frame.history) {
    element('id').textContent = frame.connection_id;
    element('log').replaceChildren();
    frame.history.forEach(showSaid);
  } else if (frame.sent_at) {
    showSaid(frame);
  } else if (frame.message === 'pong') {
    element('heartbeat').textContent = `answered at ${new Date().toLocaleTimeString()}`;
  } else {
    show(frame.message, 'notice');
  }
}

function connect() {
  const opening = new WebSocket(input('address').value);
  socket = opening;
  state('Connecting');
  opening.onopen = () => {
    openedAt = lastBeatAt = Date.now();
    localStorage.setItem('example-sessions-address', input('address').value);
    sessionStorage.setItem('example-sessions-connected', 'yes');
    state('Connected');
    opening.send(JSON.stringify({ action: 'session' }));
  };
  opening.onmessage = ({ data }) => receive(JSON.parse(data));
  opening.onclose = ({ code }) => {
    socket = undefined;
    element('id').textContent = element('timer').textContent = '–';
    state(`Disconnected with ${code}`);
  };
}

/** Until somebody presses "Connect". */
function disconnect() {
  sessionStorage.removeItem('example-sessions-connected');
  socket?.close(1000);
}

function tick() {
  if (socket?.readyState !== WebSocket.OPEN) {
    return;
  }
  const now = Date.now();
  const seconds = Math.floor((now - openedAt) / 1000);
  element('timer').textContent =
    `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  if (now - lastBeatAt >= HEARTBEAT_MS) {
    lastBeatAt = now;
    socket.send(JSON.stringify({ action: 'sendmessage', message: 'ping' }));
  }
  if (Number(after.value) > 0 && seconds >= Number(after.value) * 60) {
    disconnect();
  }
}

element('connection').addEventListener('submit', (event) => {
  event.preventDefault();
  connect();
});

button('disconnect').addEventListener('click', disconnect);

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  socket?.send(JSON.stringify({ action: 'sendmessage', message: input('message').value }));
  input('message').value = '';
});

input('address').value =
  localStorage.getItem('example-sessions-address') ??
  `${location.protocol.replace('http', 'ws')}//${location.host}/dev`;
setInterval(tick, 1000);
if (sessionStorage.getItem('example-sessions-connected')) {
  connect();
}
