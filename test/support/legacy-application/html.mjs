/** The pages. Links between them are relative, but for one. */

const page = (title, body) => `<!doctype html><title>${title}</title><h1>${title}</h1>${body}`;
const escapeText = text => text.replace(/[&<>"]/g, each => `&#${each.charCodeAt(0)};`);

export const login = (token, next) =>
  page(
    'Log in',
    `<form method="post" action="login"><input name="user"><input name="password" type="password">
<input name="token" type="hidden" value="${token}"><input name="next" type="hidden" value="${escapeText(next)}"><button>Log in</button></form>`,
  );

export const home = (user, visits, base) =>
  page(
    `Welcome, ${escapeText(user)}`,
    `<p>Visit ${visits}</p><p><a id="absolute" href="${base}/documents/">Documents</a></p>
<p><a id="report" href="report">Report</a></p>
<form method="post" action="moved"><input name="a" value="1" type="hidden"><button id="moved">Moved</button></form>
<form method="post" action="logout"><button id="logout">Log out</button></form>`,
  );

export const uploadForm = page(
  'Upload',
  '<form method="post" action="upload" enctype="multipart/form-data"><input type="file" name="file"><button>Send</button></form>',
);

export const uploaded = ({ name, bytes, sha256 }) =>
  page('Uploaded', `<p>${escapeText(name)}</p><p>${bytes} bytes</p><p>${sha256}</p>`);

/** Connects again when the server goes away. */
export const live = page(
  'Live',
  `<pre></pre><script>
const say = text => { document.querySelector('pre').textContent += text + '\\n'; };
function connect() {
  const socket = new WebSocket(new URL('ws', location.href.replace(/^http/, 'ws')));
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => { socket.send('hello'); socket.send(new Uint8Array(70000)); };
  socket.onmessage = ({ data }) => say(typeof data === 'string' ? data : data.byteLength + ' bytes');
  socket.onclose = ({ code, reason }) => { say('closed: ' + code + ' ' + reason); if (code === 1001) connect(); };
}
connect();
</script>`,
);

export const preferences = names => page('Preferences', `<p>Cookies: ${names.join(', ')}</p>`);
export const preload = page('Preload', '<script src="script.js"></script>');
export const documents = page(
  'Documents',
  '<p><a id="up" href="../home">Home</a> <a id="preferences" href="preferences/">Preferences</a></p>',
);
export const wait = page('Wait', '<p>One moment.</p>');
export const refreshed = page('Refreshed', '<p>Here it is.</p>');
export const here = page('Here', '<p>The form was sent again.</p>');
export const old = page('Old', '<p>Ends with the connection.</p>');
export const latin = page('K\u00e4se', '<p>Br\u00f6tchen</p>');
export const admin = page('Administration', '<p>Let in by Basic.</p>');
export const unauthorized = page('Who are you?', '');
export const wrongPassword = page('Wrong password', '');
export const forged = page('Forged request', '<p>Origin is not this host.</p>');
export const notFound = page('Not here', '<p>The application has no such page.</p>');
