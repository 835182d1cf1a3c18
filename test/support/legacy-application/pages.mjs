/** Which page a request gets. */

import { randomBytes } from 'node:crypto';
import * as html from './html.mjs';
import { redirect, redirects } from './redirects.mjs';
import { readCookies } from './sessions.mjs';

const BASIC = `Basic ${Buffer.from('admin:letmein').toString('base64')}`;
const REPORT = Buffer.alloc(1_048_576, 'a line of the report\n');

/** By method and path below the base. What is not in here is in `redirects`, or not there. */
const PAGES = {
  'GET /': exchange => redirect(exchange, 302, exchange.address.to('/home')),
  'GET /login': showLogin,
  'POST /login': logIn,
  'GET /home': showHome,
  'POST /logout': logOut,
  'GET /documents': exchange => redirect(exchange, 301, exchange.address.to('/documents/')),
  'GET /documents/': exchange => send(exchange, 200, html.documents),
  'GET /documents/preferences/': setTheme,
  'GET /refresh': exchange =>
    send(exchange, 200, html.wait, { Refresh: `0; url=${exchange.address.to('/refreshed')}` }),
  'GET /refreshed': exchange => send(exchange, 200, html.refreshed),
  'GET /preload': showPreload,
  'GET /script.js': exchange => sendAs(exchange, 'text/javascript', 'document.title = "Script has run";'),
  'GET /upload': exchange => send(exchange, 200, html.uploadForm),
  'POST /upload': upload,
  'GET /uploads': showUpload,
  'GET /live': exchange => send(exchange, 200, html.live),
  'GET /report': exchange =>
    sendAs(exchange, 'text/plain', REPORT, { 'Content-Disposition': 'attachment; filename="report.txt"' }),
  'GET /old': showOld,
  'GET /latin': exchange => sendAs(exchange, 'text/html; charset=iso-8859-1', Buffer.from(html.latin, 'latin1')),
  'GET /admin': showAdmin,
  'POST /moved': exchange => redirect(exchange, 307, exchange.address.to('/here')),
  'POST /here': exchange => send(exchange, 200, html.here),
};

const OPEN = new Set(['/', '/login', '/admin']);

/** Answers a request. Every page but `OPEN` is for who is logged in. */
export async function serve(exchange) {
  const { request, address } = exchange;
  if (request.url.startsWith('/api/')) return sendApi(exchange);
  if (address.path === undefined) return send(exchange, 404, html.notFound);
  if (address.path === '') return redirect(exchange, 302, address.to('/'));
  const session = exchange.sessions.find(request) ?? exchange.sessions.create();
  exchange.session = session;
  exchange.response.setHeader('X-Instance', address.port);
  exchange.response.setHeader('Set-Cookie', [`session=${session.id}; ${address.cookie()}`]);
  if (request.method === 'POST' && !address.isSameOrigin()) return send(exchange, 403, html.forged);
  if (!OPEN.has(address.path) && session.user === undefined) {
    return redirect(exchange, 302, `${address.to('/login')}?next=${encodeURIComponent(address.path)}`);
  }
  const answer = PAGES[`${request.method} ${address.path}`] ?? redirects[`${request.method} ${address.path}`];
  await (answer ?? (() => send(exchange, 404, html.notFound)))(exchange);
}

function send(exchange, status, page, fields = {}) {
  const text = typeof page === 'function' ? page(exchange) : page;
  exchange.response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', ...fields });
  exchange.response.end(exchange.request.method === 'HEAD' ? undefined : text);
}

function sendAs({ response }, type, body, fields = {}) {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...fields });
  response.end(body);
}

function addCookie({ response }, cookie) {
  response.setHeader('Set-Cookie', [...response.getHeader('Set-Cookie'), cookie]);
}

/** `__Host-` forbids Domain, and any Path but `/` (RFC 6265bis section 4.1.3.2). */
function showLogin(exchange) {
  const token = randomBytes(8).toString('hex');
  addCookie(exchange, `form=${token}; ${exchange.address.cookie('/login')}`);
  addCookie(exchange, '__Host-seen=1; Path=/; Secure; HttpOnly; SameSite=Strict');
  send(exchange, 200, html.login(token, exchange.address.query.get('next') ?? '/home'));
}

async function logIn(exchange) {
  const { request, session, sessions, address } = exchange;
  const form = await readForm(request);
  if (form.get('token') !== readCookies(request).get('form')) return send(exchange, 403, html.forged);
  if (form.get('password') !== 'open sesame') return send(exchange, 401, html.wrongPassword);
  sessions.save({ ...session, user: form.get('user') });
  const next = form.get('next') ?? '';
  redirect(exchange, 303, address.to(/^\/\w[\w/-]*$/.test(next) ? next : '/home'));
}

function showHome(exchange) {
  const { sessions, session, address } = exchange;
  const { user, visits } = sessions.save({ ...session, visits: session.visits + 1 });
  send(exchange, 200, html.home(user, visits, address.base));
}

function logOut(exchange) {
  const { response, sessions, session, address } = exchange;
  sessions.remove(session);
  response.setHeader('Set-Cookie', [
    `session=; ${address.cookie()}; Max-Age=0`,
    `theme=; ${address.cookie('/documents/preferences')}; Max-Age=0`,
    '__Host-seen=; Path=/; Secure; Max-Age=0',
  ]);
  redirect(exchange, 303, address.to('/login'));
}

/** A cookie for the pages below one path only. */
function setTheme(exchange) {
  const names = [...readCookies(exchange.request).keys()].filter(name => !name.startsWith('__Host-')).sort();
  addCookie(exchange, `theme=dark; ${exchange.address.cookie('/documents/preferences')}`);
  send(exchange, 200, html.preferences(names));
}

function showPreload(exchange) {
  send(exchange, 200, html.preload, { Link: `<${exchange.address.installed}/script.js>; rel=preload; as=script` });
}

async function upload(exchange) {
  const id = await exchange.uploads.receive(exchange.request);
  redirect(exchange, 303, exchange.address.to(`/uploads?id=${id}`));
}

function showUpload(exchange) {
  const id = exchange.address.query.get('id') ?? '';
  if (!/^[0-9a-f-]{36}$/.test(id)) return send(exchange, 404, html.notFound);
  send(exchange, 200, html.uploaded(exchange.uploads.describe(id)));
}

/** A body without a length that ends with the connection, as servers of HTTP/1.0 send it. */
function showOld({ request, response, address }) {
  const cookies = response.getHeader('Set-Cookie').map(cookie => `Set-Cookie: ${cookie}\r\n`);
  response.detachSocket(request.socket);
  request.socket.end(
    `HTTP/1.0 200 OK\r\nX-Instance: ${address.port}\r\nContent-Type: text/html\r\n${cookies.join('')}\r\n${html.old}`,
  );
}

function showAdmin(exchange) {
  if (exchange.request.headers.authorization === BASIC) return send(exchange, 200, html.admin);
  send(exchange, 401, html.unauthorized, { 'WWW-Authenticate': 'Basic realm="administration"' });
}

/** The part that programs use: it leaves it to the gateway who may call it, and says what it got. */
function sendApi(exchange) {
  const { authorization = 'none' } = exchange.request.headers;
  sendAs(exchange, 'application/json', JSON.stringify({ path: exchange.request.url, authorization }));
}

async function readForm(request) {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return new URLSearchParams(text);
}
