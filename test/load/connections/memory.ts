/**
 * What connections cost in memory: 10,000 idle ones, 66 that pipeline as much as is taken behind a slow request, 5,000 clients that
 * never read their response. Each in a process of its own, and all of it must be back afterwards.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { startWatchedGateway, type WatchedGateway } from '../../fuzz/watched-gateway.ts';

/** LOAD_EACH instead of 10,000 and 5,000 where the machine's limit of descriptors is lower. */
const IDLE = Number(process.env['LOAD_EACH'] ?? 10_000);
const PIPELINING = 66;
const NEVER_READING = Math.min(IDLE, 5_000);
const AT_ONCE = 100;
const SETTLED = 3_000;
const WATCHED_EVERY = 100;
/** Bytes of one response that is not read: more than the buffers of the operating system take. */
const LARGE = 8 * 2 ** 20;
/** Bytes of requests behind the first one. */
const BEHIND = 2 ** 20;
/** KiB of the process for each connection: what the operating system keeps is not in it. */
const MOST = { idle: 16, pipelining: 400, neverReading: 400 };

const UPSTREAM_SMALL = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const PIECE = Buffer.alloc(64 * 1024, 'x');

export async function showMemory(): Promise<boolean> {
  const results = [
    await measure('idle', IDLE, MOST.idle, openIdle),
    await measure('pipelining behind a slow request', PIPELINING, MOST.pipelining, openPipelining),
    await measure('never reading', NEVER_READING, MOST.neverReading, openNeverReading),
  ];
  return results.every(Boolean);
}

/** @param limit KiB for each. */
async function measure(
  name: string,
  count: number,
  limit: number,
  open: (port: number) => Promise<Socket>,
): Promise<boolean> {
  const upstream = await startUpstream();
  const gateway = await startWatchedGateway(`
limits: { connections: 50000 }
timeouts: { headers: 60s, body: 30s, keep_alive: 120s }
routes:
  /: { public: true, upstream: 'http://127.0.0.1:${upstream.port}', timeouts: { response: 120s, idle: 120s } }
`);
  await warmUp(gateway.port);
  const before = gateway.rss();
  let peak = before;
  const watching = setInterval(() => {
    peak = Math.max(peak, gateway.failure() === undefined ? gateway.rss() : 0);
  }, WATCHED_EVERY);
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Math.min(AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => open(gateway.port)))));
  }
  await delay(SETTLED);
  const held = gateway.rss();
  const lost = sockets.filter(socket => socket.destroyed).length;
  const open_ = gateway.sockets();
  clearInterval(watching);
  for (const socket of sockets) socket.destroy();
  const left = await waitForSockets(gateway);
  const failure = gateway.failure();
  gateway.kill();
  await upstream.close();
  const each = (peak - before) / count / 1024;
  console.log(
    `${count} ${name}: RSS ${mebibytes(before)} MiB before, ${mebibytes(held)} held, ${mebibytes(peak)} at the peak, ${each.toFixed(1)} KiB each; ${open_} sockets, ${left} after; lost ${lost}`,
  );
  return each < limit && lost === 0 && failure === undefined;
}

/** The listeners and what else there is without clients. */
async function waitForSockets(gateway: WatchedGateway): Promise<number> {
  let left = gateway.sockets();
  for (let waits = 0; waits < 50 && left > 10; waits += 1) {
    await delay(200);
    left = gateway.sockets();
  }
  return left;
}

async function warmUp(port: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: AT_ONCE }, () => openIdle(port)));
  for (const socket of sockets) socket.destroy();
  await delay(SETTLED);
}

async function openIdle(port: number): Promise<Socket> {
  const socket = open(port, 'GET /small HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

/** Writes until nothing more is taken. */
async function openPipelining(port: number): Promise<Socket> {
  const socket = open(port, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'connect');
  socket.write('GET /small HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(Math.ceil(BEHIND / 33)));
  return socket;
}

async function openNeverReading(port: number): Promise<Socket> {
  const socket = open(port, 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n').pause();
  await once(socket, 'connect');
  return socket;
}

function open(port: number, bytes: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => socket.destroy());
  socket.write(bytes);
  return socket;
}

/** Answers `/small` at once, `/slow` never, and `/large` as fast as it is taken. */
async function startUpstream() {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    socket.on('data', head => {
      const target = head.toString('latin1').split(' ')[1];
      if (target === '/small') socket.write(UPSTREAM_SMALL);
      else if (target === '/large') writeLarge(socket);
    });
  });
  server.listen(0, '127.0.0.1', 10_000);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function writeLarge(socket: Socket): void {
  let left = LARGE;
  const more = () => {
    while (left > 0 && !socket.destroyed) {
      left -= PIECE.length;
      if (!socket.write(PIECE)) break;
    }
    if (left <= 0) socket.off('drain', more);
  };
  socket.on('drain', more);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
  more();
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
