/** 200 MB each way through the built gateway: every byte arrives, with under 64 MB more memory. */

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { pause } from '../../support/waiting.ts';

const MIB = 1024 * 1024;
const PIECES = 200;
const PIECE = randomBytes(MIB);
const RESOURCE = 'https://files.example.com/';
const SHA256 = hashOfAll();
/** What may grow while 200 MB pass: buffers of two sockets, and a heap that has not been collected. */
const ALLOWED = 64 * MIB;
/** Bytes that a reader who stands still has not taken: the buffers of both sockets, in the kernel and here. */
const IN_FLIGHT = 80 * MIB;
const PAUSE_AT = 50;

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: GatewayProcess;
let token: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  token = await issuer.sign({ claims: { aud: RESOURCE } });
  gateway = await startGatewayProcess(gatewayYaml());
  // Warm up, so that memory that is allocated once is not measured.
  upstream.handle = (req, res) => req.pipe(res);
  const { outgoing, answering } = openRequest('PUT', {});
  outgoing.end(Buffer.alloc(16 * MIB));
  await finished((await answering).resume());
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

test('an upload of 200 MB to an upstream that pauses: same SHA-256, under 64 MB more memory', async () => {
  const before = readMemory();
  const hash = createHash('sha256');
  let sent = 0;
  let sentWhilePaused = 0;
  upstream.handle = async (req, res) => {
    let received = 0;
    for await (const piece of req) {
      hash.update(piece);
      received += piece.length;
      if (sentWhilePaused === 0 && received > PAUSE_AT * MIB) {
        await untilStill(() => sent);
        sentWhilePaused = sent - received;
      }
    }
    res.end(hash.digest('hex'));
  };
  const { outgoing, answering } = openRequest('PUT', { 'content-length': String(PIECES * MIB) });
  for (let count = 0; count < PIECES; count += 1) {
    sent += MIB;
    if (!outgoing.write(PIECE)) await once(outgoing, 'drain');
  }
  outgoing.end();
  expect(await readText(await answering)).toBe(SHA256);
  expect(sentWhilePaused).toBeGreaterThan(0);
  expect(sentWhilePaused).toBeLessThan(IN_FLIGHT);
  expectLittleGrowth(before);
});

test('a chunked upload of 200 MB: same SHA-256, under 64 MB more memory', async () => {
  const before = readMemory();
  const hash = createHash('sha256');
  upstream.handle = async (req, res) => {
    for await (const piece of req) hash.update(piece);
    res.end(hash.digest('hex'));
  };
  const { outgoing, answering } = openRequest('PUT', {});
  for (let count = 0; count < PIECES; count += 1) {
    if (!outgoing.write(PIECE)) await once(outgoing, 'drain');
  }
  outgoing.end();
  expect(await readText(await answering)).toBe(SHA256);
  expectLittleGrowth(before);
});

test.each([
  ['of known length', { 'content-length': String(PIECES * MIB) }],
  ['in chunks', {}],
])('a download of 200 MB %s by a client that pauses: same SHA-256, under 64 MB more memory', async (_name, headers) => {
  const before = readMemory();
  let sent = 0;
  upstream.handle = async (_req, res) => {
    res.writeHead(200, headers);
    for (let count = 0; count < PIECES; count += 1) {
      sent += MIB;
      if (!res.write(PIECE)) await once(res, 'drain');
    }
    res.end();
  };
  const { outgoing, answering } = openRequest('GET', {});
  outgoing.end();
  const answer = await answering;
  const hash = createHash('sha256');
  let received = 0;
  let sentWhilePaused = 0;
  for await (const piece of answer) {
    hash.update(piece);
    received += piece.length;
    if (sentWhilePaused === 0 && received > PAUSE_AT * MIB) {
      await untilStill(() => sent);
      sentWhilePaused = sent - received;
    }
  }
  expect(received).toBe(PIECES * MIB);
  expect(hash.digest('hex')).toBe(SHA256);
  expect(sentWhilePaused).toBeGreaterThan(0);
  expect(sentWhilePaused).toBeLessThan(IN_FLIGHT);
  expectLittleGrowth(before);
});

function gatewayYaml(): string {
  return `
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /files: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
`;
}

function hashOfAll(): string {
  const hash = createHash('sha256');
  for (let count = 0; count < PIECES; count += 1) hash.update(PIECE);
  return hash.digest('hex');
}

interface Memory {
  /** Bytes now. */
  readonly now: number;
  /** Bytes at the highest. */
  readonly peak: number;
}

/** Memory of the gateway, from /proc. */
function readMemory(): Memory {
  const status = readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8');
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

/** Resets the peak, so that it is that of this transfer. */
function expectLittleGrowth(before: Memory): void {
  const after = readMemory();
  const growth = { now: after.now - before.now, peak: after.peak - Math.max(before.peak, before.now) };
  const figures = Object.entries({ before: before.now, after: after.now, peakBefore: before.peak, peak: after.peak });
  const summary = figures.map(([name, bytes]) => `${name} ${(bytes / MIB).toFixed(1)} MiB`).join(', ');
  if (process.env['AUDGATE_FIGURES']) console.info(summary);
  expect(growth.now, summary).toBeLessThan(ALLOWED);
  expect(growth.peak, summary).toBeLessThan(ALLOWED);
}

/** Waits until `read` has given the same for 200 ms: then everything between it and here is full. */
async function untilStill(read: () => number): Promise<void> {
  for (let last = -1; last !== read(); ) {
    last = read();
    await pause(200);
  }
}

function openRequest(method: string, headers: Readonly<Record<string, string>>) {
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port: gateway.port,
    method,
    path: '/files/a',
    agent: false,
    headers: { ...headers, authorization: `Bearer ${token}` },
  });
  const answering = once(outgoing, 'response').then(([answer]: IncomingMessage[]) => {
    if (answer === undefined) throw new Error('no answer');
    return answer;
  });
  return { outgoing, answering };
}

async function readText(answer: IncomingMessage): Promise<string> {
  let text = '';
  answer.setEncoding('utf8').on('data', piece => {
    text += piece;
  });
  await finished(answer);
  return text;
}
