/** 5,000 idle WebSockets and 5,000 idle event streams: the memory of each, and that all end with their token. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startWatchedGateway } from '../fuzz/watched-gateway.ts';
import { HANDSHAKE_FIELDS } from '../support/switching.ts';
import { startTokenIssuer } from '../support/token-issuer.ts';
import { RESOURCE } from './world.ts';

/** Two descriptors for each at the gateway; LOAD_EACH where the machine's limit for a process is lower than 20,100. */
const EACH = Number(process.env['LOAD_EACH'] ?? 5_000);
const AT_ONCE = 50;
const LIFETIME = 60;
export async function showIdleConnections(): Promise<boolean> {
  const upstream = spawn(process.execPath, [join(import.meta.dirname, 'idle-upstream.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => upstream.kill());
  const [port] = await once(upstream.stdout, 'data');
  const issuer = await startTokenIssuer();
  const gateway = await startWatchedGateway(`
issuers: { '${issuer.issuer}': { jwks_uri: '${issuer.jwksUri}' } }
routes:
  /a: { resource: '${RESOURCE}', upstream: 'http://127.0.0.1:${Number(String(port))}' }
`);
  const expiresAt = Math.floor(Date.now() / 1000) + LIFETIME;
  const token = await issuer.sign({ claims: { aud: RESOURCE, exp: expiresAt } });
  const before = gateway.rss();
  const upgrade = HANDSHAKE_FIELDS;
  const webSockets = await openAll(gateway.port, token, upgrade);
  const between = gateway.rss();
  const streams = await openAll(gateway.port, token, 'Connection: close\r\n');
  const after = gateway.rss();
  const open = gateway.sockets();
  await Promise.all([...webSockets, ...streams].map(each => each.closed));
  const late = Date.now() - expiresAt * 1000;
  const ends = [...webSockets].map(each => each.received.subarray(-4).toString('hex'));
  const closed1008 = ends.filter(end => end === '880203f0').length;
  await delay(2_000);
  console.log(`${open} sockets at the gateway with ${2 * EACH} clients, ${gateway.sockets()} after`);
  console.log(`RSS per WebSocket ${kib(between - before)} KiB, per event stream ${kib(after - between)} KiB`);
  console.log(`all closed ${late} ms after the token expired; WebSockets closed with 1008: ${closed1008} of ${EACH}`);
  const failure = gateway.failure();
  gateway.kill();
  upstream.kill();
  await issuer.close();
  return late < 1_000 && closed1008 === EACH && failure === undefined;
}

const kib = (bytes: number) => (bytes / EACH / 1024).toFixed(1);

interface IdleConnection {
  readonly closed: Promise<unknown>;
  received: Buffer;
}

async function openAll(port: number, token: string, fields: string): Promise<IdleConnection[]> {
  const head = `GET /a/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n${fields}\r\n`;
  const all: IdleConnection[] = [];
  while (all.length < EACH) {
    all.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => openOne(port, head)))));
  }
  return all;
}

async function openOne(port: number, head: string): Promise<IdleConnection> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.write(head);
  const connection: IdleConnection = { closed: once(socket, 'close'), received: Buffer.alloc(0) };
  socket.on('data', bytes => {
    connection.received = Buffer.concat([connection.received, bytes]);
  });
  await once(socket, 'data');
  return connection;
}
