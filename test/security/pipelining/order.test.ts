/** Pipelined requests are answered in order (RFC 9112 section 9.3.2), whatever their number and however their bytes are split. */

import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { Random } from '../../fuzz/prng.ts';
import { parseResponses, sendRaw } from '../../support/raw-http.ts';
import { gateway, get, startSlowRequest, upstream, usePipeliningGateway } from './slow-request.ts';

/** Milliseconds for many requests one after the other on a busy machine. */
const PATIENCE = 30_000;

usePipeliningGateway();

describe('pipelined requests: all are answered, in order', () => {
  test.each([10, 100, 1_000])('%i in one write', async count => {
    upstream.handle = (req, res) => res.end(req.url);
    const bytes = Array.from({ length: count }, (_, index) => get(`/x/${index}`)).join('');
    const received = await sendRaw(gateway.port, bytes, { until: countEnds(count), timeout: PATIENCE });
    const bodies = parseResponses(received).map(({ body }) => body.toString());
    expect(bodies).toEqual(Array.from({ length: count }, (_, index) => `/x/${index}`));
  });

  test('ten thousand that are refused', async () => {
    const received = await sendRaw(gateway.port, get('/none').repeat(10_000), {
      until: countEnds(10_000),
      timeout: PATIENCE,
    });
    const statuses = parseResponses(received).map(({ status }) => status);
    expect([statuses.length, ...new Set(statuses)]).toEqual([10_000, 404]);
  });

  test('a thousand behind a slow request', async () => {
    const paths = Array.from({ length: 1_000 }, (_, index) => `/x/${index}`);
    const { client, respond } = await startSlowRequest(paths.map(path => get(path)).join(''));
    const pieces: string[] = [];
    const last = new Promise<void>(resolve => {
      client.setEncoding('latin1').on('data', (piece: string) => {
        pieces.push(piece);
        if (pieces.slice(-2).join('').includes('"/x/999"')) resolve();
      });
    });
    respond();
    await last;
    const text = pieces.join('');
    expect([...text.matchAll(/"url":"(\/x\/\d+)"/g)].map(match => match[1])).toEqual(paths);
    client.destroy();
  });

  test('requests and bodies of every kind, split anywhere: each arrives as it was sent', async () => {
    for (let round = 0; round < 25; round += 1) {
      const random = new Random(20261126, round);
      const sent = random.many(12, 12, index => createRequest(random, `/x/${round}/${index}`));
      const client = connect(gateway.port, '127.0.0.1').setNoDelay();
      const received: Buffer[] = [];
      client.on('data', piece => received.push(piece));
      await writeInPieces(client, random, sent.map(({ bytes }) => bytes).join(''));
      const responses = () =>
        parseResponses(Buffer.concat(received), { open: true }).filter(({ complete }) => complete);
      await vi.waitFor(() => expect(responses()).toHaveLength(sent.length), { timeout: PATIENCE, interval: 20 });
      client.destroy();
      const arrived = responses().map(({ body }) => JSON.parse(body.toString()));
      expect(arrived.map(({ url, body }) => [url, body.text])).toEqual(sent.map(({ url, text }) => [url, text]));
    }
  }, 60_000);
});

/** Bodies that look like heads, and parts of them. */
const SCRAPS = ['\r\n', '\n\r\n', '\r\n\r\n', 'HTTP/1.1', get('/x/forged'), '0\r\n\r\n', 'x', '\n\n', 'a'.repeat(900)];

function createRequest(random: Random, url: string) {
  const blank = random.pick(['', '', '\r\n']);
  const kind = random.below(3);
  if (kind === 0) return { url, text: '', bytes: get(url) + blank };
  const text = random.many(0, 5, () => random.pick(SCRAPS)).join('');
  const head = `POST ${url} HTTP/1.1\r\nHost: a.example\r\n`;
  if (kind === 1) return { url, text, bytes: `${head}Content-Length: ${text.length}\r\n\r\n${text}${blank}` };
  const chunks = [text.slice(0, 7), text.slice(7)].filter(chunk => chunk !== '');
  const chunked = chunks.map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  return { url, text, bytes: `${head}Transfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n${blank}` };
}

async function writeInPieces(client: Socket, random: Random, bytes: string): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const size = random.between(1, random.pick([3, 200, 4_000]));
    client.write(bytes.slice(at, at + size), 'latin1');
    at += size;
    if (random.chance(12)) await setImmediate();
  }
}

/** @returns a function that tells whether `count` responses have arrived, without parsing them again for each piece. */
function countEnds(count: number): (received: Buffer) => boolean {
  let found = 0;
  let at = 0;
  return received => {
    for (let next = received.indexOf('HTTP/1.1 ', at); next !== -1; next = received.indexOf('HTTP/1.1 ', at)) {
      found += 1;
      at = next + 1;
    }
    return found === count && parseResponses(received.subarray(at - 1), { open: true })[0]?.complete === true;
  };
}
