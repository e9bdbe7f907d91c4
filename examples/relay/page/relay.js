// A page that opens a socket, sends what is typed, and shows what comes back.

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (element(id));
const frame = /** @type {HTMLInputElement} */ (element('frame'));

/** @type {WebSocket | undefined} */
let socket;

/** @param {string} text */
function state(text) {
  const open = socket?.readyState === WebSocket.OPEN;
  element('state').textContent = text;
  button('open').disabled = socket !== undefined;
  button('close').disabled = !open;
  button('send').disabled = !open;
}

element('open').addEventListener('click', () => {
  socket = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}/dev`);
  state('Connecting');
  socket.onopen = () => state('Open');
  socket.onmessage = ({ data }) => {
    const answer = JSON.parse(data);
    const line = document.createElement('li');
    const code = document.createElement('code');
    code.textContent = answer.frame ?? answer.message;
    line.append(answer.route ? `${answer.route} of ${answer.from} had ` : 'Failed: ', code);
    element('log').append(line);
  };
  socket.onclose = ({ code }) => {
    socket = undefined;
    state(`Closed with ${code}`);
  };
});

element('close').addEventListener('click', () => socket?.close(1000));

element('misspell').addEventListener('click', () => {
  frame.value = frame.value.replace('"action"', '"actionn"');
});

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  socket?.send(frame.value);
});
