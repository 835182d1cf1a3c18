/**
 * A body that the upstream takes for a second request, which was not authorised. The upstream here keeps the exact bytes and
 * reads them as strictly as RFC 9112 section 6 allows: it must find one request, framed once.
 *
 * Seen in: http-proxy CVE-2026-29057 (a chunked DELETE or OPTIONS loses its framing, its body stays), http-proxy-3, and
 * `http.request` where Transfer-Encoding is stripped from a GET or DELETE with a body (nodejs/node#27880).
 */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { formatChunks, parseResponses, sendThenEnd } from '../support/raw-http.ts';
import { HANDSHAKE_FIELDS } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

const HIDDEN = 'GET /secret HTTP/1.1\r\nHost: inner.example\r\nX-User: root\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok';

let issuer: TokenIssuer;
let keeper: ByteKeeper;
let gateway: RunningGateway;
let authorization: string;

beforeAll(async () => {
  [issuer, keeper] = await Promise.all([startTokenIssuer(), startByteKeeper()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /open: { public: true, upstream: "http://127.0.0.1:${keeper.port}" }
  /small: { public: true, upstream: "http://127.0.0.1:${keeper.port}", limits: { body: 8B } }
  /api:
    resource: https://api.example/
    upstream: http://127.0.0.1:${keeper.port}
    claims_to_headers: { X-User: sub }
`);
  authorization = `Authorization: Bearer ${await issuer.sign({ claims: { aud: 'https://api.example/' } })}\r\n`;
});

afterEach(() => keeper.reset());

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), keeper.close()]);
});

const METHODS = ['DELETE', 'OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'PROPFIND', 'SEARCH', 'REPORT'];
const FRAMINGS: readonly (readonly [string, string, string])[] = [
  ['chunked', 'Transfer-Encoding: chunked\r\n', formatChunks(HIDDEN)],
  ['in two chunks', 'Transfer-Encoding: chunked\r\n', formatChunks(HIDDEN.slice(0, 9), HIDDEN.slice(9))],
  [
    'Chunked, with a trailer',
    'TRANSFER-ENCODING: Chunked\r\nTrailer: X-T\r\n',
    `${formatChunks(HIDDEN).slice(0, -2)}X-T: 1\r\n\r\n`,
  ],
  ['of a length', `Content-Length: ${HIDDEN.length}\r\n`, HIDDEN],
];
const bodied = METHODS.flatMap(method => FRAMINGS.map(([name, fields, body]) => [method, name, fields, body] as const));

describe('a request in the body of another', () => {
  test.each(bodied)('of a %s, %s: one request at the upstream, framed once', async (method, _name, fields, body) => {
    const head = `${method} /api/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${authorization}${fields}\r\n`;
    expect(await statusesOf(head + body, method)).toEqual([200]);
    expect(keeper.messages()).toEqual([{ line: `${method} /api/x HTTP/1.1`, body: HIDDEN, isFramed: true }]);
  });

  test.each(bodied)('of a %s without a token, %s: no request at the upstream', async (method, _name, fields, body) => {
    const statuses = await statusesOf(`${method} /api/x HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n${body}`, method);
    expect(statuses).toEqual([401]);
    expect(keeper.messages()).toEqual([]);
  });

  test.each(FRAMINGS)(
    'that is too large, %s: only the start of one request at the upstream',
    async (_name, fields, body) => {
      const statuses = await statusesOf(
        `POST /small/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${fields}\r\n${body}`,
      );
      expect(statuses).toEqual([413]);
      expect(keeper.messages()).toEqual([]);
    },
  );
});

describe('a request in the body of, or behind, an upgrade', () => {
  const upgrade = (method: string, fields: string, rest: string) =>
    `${method} /api/x HTTP/1.1\r\nHost: a.example\r\n${authorization}${fields}\r\n${rest}`;

  test.each([
    ['in a chunked GET', upgradeOf('GET', HANDSHAKE_FIELDS, 'Transfer-Encoding: chunked\r\n', formatChunks(HIDDEN))],
    ['in a GET with a length', upgradeOf('GET', HANDSHAKE_FIELDS, `Content-Length: ${HIDDEN.length}\r\n`, HIDDEN)],
    [
      'in a chunked OPTIONS',
      upgradeOf('OPTIONS', HANDSHAKE_FIELDS, 'Transfer-Encoding: chunked\r\n', formatChunks(HIDDEN)),
    ],
    [
      'in a chunked DELETE',
      upgradeOf('DELETE', HANDSHAKE_FIELDS, 'Transfer-Encoding: chunked\r\n', formatChunks(HIDDEN)),
    ],
    ['in a chunked POST', upgradeOf('POST', HANDSHAKE_FIELDS, 'Transfer-Encoding: chunked\r\n', formatChunks(HIDDEN))],
    [
      'behind a GET without a version',
      upgradeOf('GET', HANDSHAKE_FIELDS.replace('Sec-WebSocket-Version', 'X-V'), '', HIDDEN),
    ],
    ['behind a GET without a key', upgradeOf('GET', HANDSHAKE_FIELDS.replace('Sec-WebSocket-Key', 'X-K'), '', HIDDEN)],
  ])('%s: refused, and nothing reaches the upstream', async (_name, [method, fields, rest]) => {
    expect(await statusesOf(upgrade(method, fields, rest))).toEqual([400]);
    expect(keeper.messages()).toEqual([]);
  });

  test.each([
    [
      'in a chunked POST to h2c',
      upgradeOf('POST', to('h2c'), 'Transfer-Encoding: chunked\r\n', formatChunks(HIDDEN)),
      [200],
      HIDDEN,
    ],
    [
      'behind a GET to h2c',
      upgradeOf('GET', to('h2c'), 'HTTP2-Settings: AAMAAABkAAQAAP__\r\n', `PRI * HTTP/2.0\r\n\r\n${HIDDEN}`),
      [200, 505],
      '',
    ],
    ['behind a GET to TLS/1.0', upgradeOf('GET', to('TLS/1.0'), '', HIDDEN), [200, 404], ''],
    ['behind a GET to websocket, h2c', upgradeOf('GET', to('websocket, h2c'), '', HIDDEN), [200], ''],
  ])(
    '%s: one request reaches the upstream, and what follows is judged by itself or not read',
    async (_name, [method, fields, rest], statuses, body) => {
      expect(await statusesOf(upgrade(method, fields, rest))).toEqual(statuses);
      expect(keeper.messages().map(message => [message.line, message.body])).toEqual([
        [`${method} /api/x HTTP/1.1`, body],
      ]);
    },
  );

  test('behind a handshake of another version: 426, and nothing reaches the upstream', async () => {
    const fields = HANDSHAKE_FIELDS.replace('13', '777');
    expect(await statusesOf(upgrade('GET', fields, HIDDEN))).toEqual([426]);
    expect(keeper.messages()).toEqual([]);
  });

  test('behind a handshake without a token: refused, and nothing reaches the upstream', async () => {
    expect(await statusesOf(`GET /api/x HTTP/1.1\r\nHost: a.example\r\n${HANDSHAKE_FIELDS}\r\n${HIDDEN}`)).toEqual([
      401,
    ]);
    expect(keeper.messages()).toEqual([]);
  });

  test.each([
    ['403', 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno', 403],
    ['426 in chunks', 'HTTP/1.1 426 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n', 426],
    ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 200],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
  ])(
    'behind a handshake that the upstream answers with %s: only the handshake reaches the upstream',
    async (_name, response, status) => {
      keeper.response = response;
      expect(await statusesOf(upgrade('GET', HANDSHAKE_FIELDS, HIDDEN))).toEqual([status]);
      expect(keeper.messages()).toEqual([{ line: 'GET /api/x HTTP/1.1', body: '', isFramed: false }]);
      expect(keeper.rest()).toBe('');
    },
  );

  test.each(['DELETE', 'OPTIONS', 'POST', 'GET'])(
    'in a chunked %s whose Upgrade is not listed in Connection: one request, framed once',
    async method => {
      const fields = 'Upgrade: websocket\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n';
      expect(await statusesOf(upgrade(method, fields, formatChunks(HIDDEN)), method)).toEqual([200]);
      expect(keeper.messages()).toEqual([{ line: `${method} /api/x HTTP/1.1`, body: HIDDEN, isFramed: true }]);
    },
  );
});

describe('a request in a value that becomes a header field', () => {
  test.each([
    ['CR LF', `x\r\n\r\n${HIDDEN}`],
    ['LF', `x\n\n${HIDDEN}`],
    ['CR', 'x\rX-Admin: 1'],
    ['a field', 'x\r\nTransfer-Encoding: chunked'],
    ['NUL', 'x\0y'],
    ['U+560D U+560A, whose low bytes are CR LF', 'x\u560d\u560aX-Admin: 1'],
  ])('a claim with %s: one request, one head', async (_name, sub) => {
    const token = await issuer.sign({ claims: { aud: 'https://api.example/', sub } });
    const head = `GET /api/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    expect(await statusesOf(head)).toEqual([200]);
    expect(keeper.messages()).toEqual([{ line: 'GET /api/x HTTP/1.1', body: '', isFramed: false }]);
    expect(keeper.text()).not.toMatch(/^(?:GET \/secret|X-Admin|Transfer-Encoding)/m);
  });
});

/** A handshake that lacks only the protocol. */
function to(protocol: string): string {
  return HANDSHAKE_FIELDS.replace('websocket', protocol);
}

function upgradeOf(method: string, upgrade: string, fields: string, rest: string): [string, string, string] {
  return [method, upgrade + fields, rest];
}

/** @returns the statuses of the responses, when the gateway has closed. */
async function statusesOf(bytes: string, method = 'GET'): Promise<number[]> {
  const received = await sendThenEnd(gateway.port, bytes, { methods: [method] });
  return parseResponses(received, { methods: [method] }).map(({ status }) => status);
}

interface Message {
  readonly line: string;
  readonly body: string;
  readonly isFramed: boolean;
}

interface ByteKeeper {
  readonly port: number;
  /** The response to each whole request; its Connection field ends the connection. */
  response: string;
  /** The whole requests of all connections. */
  messages(): Message[];
  /** What follows the last whole request. */
  rest(): string;
  text(): string;
  reset(): void;
  close(): Promise<void>;
}

async function startByteKeeper(): Promise<ByteKeeper> {
  const connections: { socket: Socket; text: string }[] = [];
  const server = createServer(socket => {
    const connection = { socket, text: '' };
    connections.push(connection);
    let answered = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', piece => {
      connection.text += piece.toString('latin1');
      for (const { messages } = read(connection.text); answered < messages.length; answered += 1) {
        socket.write(keeper.response);
      }
    });
  });
  const port = await listenOnLoopback(server);
  const keeper: ByteKeeper = {
    port,
    response: OK,
    messages: () => connections.flatMap(({ text }) => read(text).messages),
    rest: () => connections.map(({ text }) => read(text).rest).join(''),
    text: () => connections.map(({ text }) => text).join(''),
    reset: () => {
      for (const { socket } of connections.splice(0)) socket.destroy();
      keeper.response = OK;
    },
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
  return keeper;
}

/** RFC 9112 section 6.3 without leniency: a second framing is an error, no framing means no body. */
function read(text: string): { messages: Message[]; rest: string } {
  const messages: Message[] = [];
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) return { messages, rest: text.slice(at) };
    const [line = '', ...fields] = text.slice(at, end).split('\r\n');
    const framing = fields.filter(field => /^(?:content-length|transfer-encoding):/i.test(field));
    if (framing.length > 1) throw new Error(`two framings: ${framing}`);
    const content = readContent(text.slice(end + 4), framing[0]?.split(':')[1]?.trim());
    if (!content) return { messages, rest: text.slice(at) };
    messages.push({ line, body: content.body, isFramed: framing.length === 1 });
    at = end + 4 + content.length;
  }
}

function readContent(text: string, framing: string | undefined): { body: string; length: number } | undefined {
  if (framing === undefined) return { body: '', length: 0 };
  if (framing === 'chunked') return readChunks(text);
  const length = Number(framing);
  return text.length < length ? undefined : { body: text.slice(0, length), length };
}

function readChunks(text: string): { body: string; length: number } | undefined {
  let body = '';
  for (let at = 0; ; ) {
    const [head, hex] = /^([0-9a-f]+)\r\n/i.exec(text.slice(at)) ?? [];
    if (head === undefined || hex === undefined) return undefined;
    const start = at + head.length;
    const size = Number.parseInt(hex, 16);
    if (text.slice(start + size, start + size + 2) !== '\r\n') return undefined;
    body += text.slice(start, start + size);
    at = start + size + 2;
    if (size === 0) return { body, length: at };
  }
}
