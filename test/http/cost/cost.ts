/**
 * What a request costs over `src/http`, as a share of what it costs over node:http and undici: the same work in one run, in turns.
 * `tsc -p test/http/cost && node .build/cost/test/http/cost/cost.js [ROUNDS] [REQUESTS]`
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const [ROUNDS = 5, REQUESTS = 40_000] = process.argv.slice(2).map(Number);
const CONNECTIONS = 64;
const TOKEN = 'x'.repeat(700);
const FIELDS = `Host: a.example\r\nUser-Agent: load\r\nAccept: application/json\r\nAuthorization: Bearer ${TOKEN}\r\n`;
const SHAPES: Readonly<Record<string, string>> = {
  GET: `GET /api/orders/17?x=1 HTTP/1.1\r\n${FIELDS}\r\n`,
  'POST of 200 bytes': `POST /api/orders HTTP/1.1\r\n${FIELDS}Content-Length: 200\r\n\r\n${'b'.repeat(200)}`,
};

interface Sample {
  /** Microseconds of CPU since the start. */
  readonly cpu: number;
  readonly requests: number;
}

const start = (role: string, ...given: readonly string[]) => {
  const child = fork(new URL(`./${role}.js`, import.meta.url), given);
  return once(child, 'message').then(([port]) => ({ child, port: Number(port) }));
};

async function sample(child: ChildProcess): Promise<Sample> {
  child.send('sample');
  const [taken] = await once(child, 'message');
  return taken as Sample;
}

/** One request at a time on each connection. */
async function load(port: number, request: string, requests: number): Promise<void> {
  const sockets = Array.from({ length: CONNECTIONS }, () => connect({ port, host: '127.0.0.1', noDelay: true }));
  await Promise.all(sockets.map(socket => converse(socket, request, requests / CONNECTIONS)));
}

function converse(socket: Socket, request: string, requests: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = 0;
    let count = 0;
    socket.on('connect', () => socket.write(request, 'latin1'));
    socket.on('error', reject).on('close', () => resolve());
    socket.on('data', piece => {
      // Each response has a body of 100 bytes behind its head; it comes in one piece or two.
      const head = missing === 0 ? piece.indexOf('\r\n\r\n') + 4 : 0;
      missing = (missing === 0 ? 100 : missing) - (piece.length - head);
      if (missing > 0) return;
      count += 1;
      if (count < requests) socket.write(request, 'latin1');
      else socket.destroy();
    });
  });
}

async function measure(relay: string, upstreamPort: number, request: string): Promise<number> {
  const { child, port } = await start(relay, String(upstreamPort));
  await load(port, request, REQUESTS / 2);
  const before = await sample(child);
  await load(port, request, REQUESTS);
  const after = await sample(child);
  child.kill();
  await once(child, 'exit');
  return (after.cpu - before.cpu) / (after.requests - before.requests);
}

const upstream = await start('upstream');
for (const [shape, request] of Object.entries(SHAPES)) {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await measure('own-relay', upstream.port, request));
    theirs.push(await measure('node-relay', upstream.port, request));
    process.stdout.write(
      `${shape}: src/http ${ours.at(-1)?.toFixed(1)} us, node:http and undici ${theirs.at(-1)?.toFixed(1)} us\n`,
    );
  }
  // What else runs on the machine only ever adds: the least is nearest to what it costs.
  const ratio = Math.min(...theirs) / Math.min(...ours);
  process.stdout.write(
    `${shape}: node:http and undici cost ${ratio.toFixed(2)} times as much, least of ${ROUNDS} rounds\n`,
  );
}
upstream.child.kill();
