/**
 * A client that disconnects ends its request at the upstream, an upstream that disconnects ends the client's wait, each within
 * 250 ms.
 *
 * Seen in: http-proxy #1559 (the upstream continues), fastify reply-from (the upstream disconnects within a body, the client
 * keeps waiting).
 */

import { describe, expect, test } from 'vitest';
import { openConnection } from '../../support/raw-connection.ts';
import { headerValues, parseResponses, request } from '../../support/raw-http.ts';
import { HANDSHAKE_FIELDS, SWITCHING } from '../../support/switching.ts';
import { DISCONNECTS, disconnect, gateway, get, OK, upstream, useScriptedUpstream } from './scripted-upstream.ts';

/** Milliseconds for the gateway to react. Other load on this machine may delay one measurement, but not five. */
const PROMPT = 250;
const MEASUREMENTS = 5;

const HANDSHAKE = `${HANDSHAKE_FIELDS}\r\n`;
const EVENTS = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const EVENT = 'd\r\ndata: hello\n\n\r\n';

useScriptedUpstream();

const upload = 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\nhello';
const chunkedUpload = 'POST /x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';

/** What the client sends, what the upstream answers, and what the client or the upstream has received when the other disconnects. */
const MOMENTS: readonly (readonly [
  name: string,
  sent: string,
  answered: string,
  seenBy: 'client' | 'upstream',
  marker: string,
])[] = [
  ['before the head', `${get}\r\n`, '', 'upstream', 'GET /x'],
  ['in the middle of the head', `${get}\r\n`, 'HTTP/1.1 200 OK\r\nX-A: ', 'upstream', 'GET /x'],
  [
    'after an interim response',
    `${get}\r\n`,
    'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n',
    'client',
    '103',
  ],
  ['after the head', `${get}\r\n`, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', 'client', '200'],
  ['in a body of a length', `${get}\r\n`, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello', 'client', 'hello'],
  [
    'in a chunked body',
    `${get}\r\n`,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'client',
    'hello',
  ],
  ['in an event stream, before an event', `${get}\r\n`, EVENTS, 'client', 'event-stream'],
  ['in an event stream', `${get}\r\n`, EVENTS + EVENT, 'client', 'hello'],
  ['in an upload', upload, '', 'upstream', 'hello'],
  ['in a chunked upload', chunkedUpload, '', 'upstream', 'hello'],
  ['in a WebSocket handshake', get + HANDSHAKE, '', 'upstream', 'GET /x'],
  ['in a WebSocket', get + HANDSHAKE, `${SWITCHING}\x81\x05hello`, 'client', 'hello'],
  ['in a WebSocket, in the middle of a frame', get + HANDSHAKE, `${SWITCHING}\x81\x7dhello`, 'client', 'hello'],
];
const cases = MOMENTS.flatMap(([name, ...moment]) => DISCONNECTS.map(how => [name, how, ...moment] as const));

describe('the client disconnects: its request at the upstream ends within 250 ms', () => {
  test.each(cases)('%s, and %s', async (_name, how, sent, answered, seenBy, marker) => {
    await expectPrompt(async () => {
      const { client, behind } = await startRequest(sent, answered, seenBy, marker);
      const { closed } = behind;
      const startedAt = performance.now();
      disconnect(client.socket, how);
      await closed;
      return performance.now() - startedAt;
    });
  });
});

describe('the upstream disconnects: the client gets 502 or a visibly incomplete body within 250 ms', () => {
  test.each(cases)('%s, and %s', async (_name, how, sent, answered, seenBy, marker) => {
    await expectPrompt(async () => {
      const { client, behind } = await startRequest(sent, answered, seenBy, marker);
      const expected = answered.includes('HTTP/1.1 200') && seenBy === 'client' ? 'cut' : 'whole';
      const noticed = expected === 'cut' || answered.includes('101') ? client.closed : client.until(/\r\n\r\n\{.*\}$/s);
      const startedAt = performance.now();
      disconnect(behind.socket, how);
      await noticed;
      const elapsed = performance.now() - startedAt;
      const [final] = parseResponses(Buffer.from(client.text(), 'latin1')).filter(({ status }) => status >= 200);
      if (expected === 'cut') expect(final?.complete).toBe(false);
      else if (!answered.includes('101')) expect(final).toMatchObject({ status: 502, complete: true });
      client.socket.destroy();
      return elapsed;
    });
  });
});

test('an uninterrupted request: its response arrives unchanged', async () => {
  upstream.respond = socket => socket.write(OK);
  const response = await request(gateway.port, { path: '/x' });
  expect(response.body.toString()).toBe('ok');
  expect(headerValues(response.headers, 'content-length')).toEqual(['2']);
});

async function expectPrompt(measure: () => Promise<number>): Promise<void> {
  const measured: number[] = [];
  while (measured.length < MEASUREMENTS && !measured.some(elapsed => elapsed <= PROMPT)) {
    measured.push(await measure());
    upstream.reset();
  }
  expect(Math.min(...measured), `${measured}`).toBeLessThanOrEqual(PROMPT);
}

/** Starts a request and waits until one side has received `marker`. @returns both sides. */
async function startRequest(sent: string, answered: string, seenBy: 'client' | 'upstream', marker: string) {
  upstream.respond = (socket, count) => count.pieces === 1 && answered !== '' && socket.write(answered, 'latin1');
  const client = openConnection(gateway.port, sent);
  const behind = await upstream.next();
  await (seenBy === 'client' ? client : behind).until(marker);
  return { client, behind };
}
