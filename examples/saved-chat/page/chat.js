// A page that shows the sender and the message of each frame.

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const value = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (element(id));
const send = /** @type {HTMLButtonElement} */ (element('send'));

const socket = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}/dev`);

socket.addEventListener('open', () => {
  element('state').textContent = 'Connected';
  send.disabled = false;
});

socket.addEventListener('close', ({ code }) => {
  element('state').textContent = `Closed with ${code}: load the page again`;
  send.disabled = true;
});

socket.addEventListener('message', ({ data }) => {
  const { sender, message } = JSON.parse(data);
  const name = document.createElement('strong');
  name.textContent = sender ?? 'API Gateway';
  const line = document.createElement('li');
  line.append(name, ` ${message}`);
  element('log').append(line);
});

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  socket.send(
    JSON.stringify({
      action: 'sendMessage',
      sender: value('sender').value,
      message: value('message').value,
    }),
  );
  value('message').value = '';
});
