/** Starts another HTTP server on an address, a port and a folder of its own, and reads its log. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { reservePort } from '../../../support/reserved-port.ts';
import type { ObservedRequest } from '../observed-request.ts';

/** A kind of server that requests can be sent to. */
export interface ServerKind {
  readonly name: string;
  /** The path of its program; `undefined` where it is not installed. */
  readonly program: string | undefined;
  start(): Promise<RealServer>;
}

export interface RealServer {
  /** Host and port. */
  readonly address: string;
  /** Every request that it parsed, with those that it refused by itself. */
  readonly seen: ObservedRequests;
  close(): Promise<void>;
}

export interface ServerDefinition {
  readonly command: string;
  readonly args: readonly string[];
  /** By name, written into the folder. */
  readonly files: Readonly<Record<string, string>>;
  /** @returns `undefined` for a line about something else than a request. */
  readonly parse: (line: string) => ObservedRequest | undefined;
}

/** The requests that a server parsed, in the order of its log. */
export class ObservedRequests extends EventEmitter {
  readonly list: ObservedRequest[] = [];

  add(observed: ObservedRequest): void {
    this.list.push(observed);
    this.emit('request');
  }

  /** @returns whether `holds` became true within `limit` milliseconds. */
  async until(holds: () => boolean, limit: number): Promise<boolean> {
    const signal = AbortSignal.timeout(limit);
    while (!holds()) {
      const came = await once(this, 'request', { signal }).catch(() => undefined);
      if (came === undefined) return holds();
    }
    return true;
  }
}

const ATTEMPTS = 3;
const START_LIMIT = 60_000;

/**
 * Every request that a server parses is compared with one that was sent to it, so nothing else may connect to it: on 127.0.0.1,
 * tests that connect to a port that was closed, or wait for their own server on it, did.
 *
 * @returns a random address of loopback. Systems other than Linux have only one.
 */
export function chooseHost(): string {
  if (process.platform !== 'linux') return '127.0.0.1';
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

/** @returns the path of a program of this system, or `undefined`. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.map(folder => join(folder, name)).find(isProgram);
}

/** Starts the server of `definition`; tries again where another process took the port first. */
export async function startRealServer(definition: (place: { address: string; folder: string }) => ServerDefinition) {
  for (let attempt = 1; ; attempt += 1) {
    const host = chooseHost();
    const port = await reservePort();
    const folder = mkdtempSync(join(tmpdir(), 'differential-'));
    chmodSync(folder, 0o755); // Servers that root starts change to another user, who must be able to read it.
    const server = await tryToStart(definition({ address: `${host}:${port}`, folder }), host, port, folder);
    if (typeof server !== 'string') return server;
    if (attempt === ATTEMPTS) throw new Error(`the server did not start: ${server}`);
  }
}

async function tryToStart(
  definition: ServerDefinition,
  host: string,
  port: number,
  folder: string,
): Promise<RealServer | string> {
  for (const [name, text] of Object.entries(definition.files)) writeFileSync(join(folder, name), text);
  const seen = new ObservedRequests();
  const log = openLog(join(folder, 'log'), line => {
    const observed = definition.parse(line);
    if (observed) seen.add(observed);
  });
  const complaints = join(folder, 'complaints');
  const errors = openSync(complaints, 'w');
  const child = spawn(definition.command, definition.args, { stdio: ['ignore', log.writer, errors] });
  closeSync(errors);
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()).once('error', () => resolve()));
  const isReady = (await isAnswering(host, port, child)) && (await seen.until(() => seen.list.length > 0, START_LIMIT));
  seen.list.length = 0;
  const close = async () => {
    await end(child, exited);
    log.close();
    rmSync(folder, { recursive: true, force: true });
  };
  if (isReady) return { address: `${host}:${port}`, seen, close };
  const complaint = readFileSync(complaints, 'latin1');
  await close();
  return complaint;
}

/** A named pipe: servers can open it as `/dev/stdout`, which fails for the sockets that node:child_process makes. */
function openLog(path: string, onLine: (line: string) => void) {
  const made = spawnSync('mkfifo', [path]);
  if (made.status !== 0) throw new Error('mkfifo failed');
  const reader = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false });
  const writer = openSync(path, constants.O_WRONLY);
  createInterface({ input: reader.setEncoding('latin1') }).on('line', onLine);
  const close = () => {
    closeSync(writer);
    reader.destroy();
  };
  return { writer, close };
}

/** None of these servers reports when it is ready, so a request is repeated until it is answered. */
async function isAnswering(host: string, port: number, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + START_LIMIT;
  while (Date.now() < deadline && child.exitCode === null && child.pid !== undefined) {
    const socket = connect(port, host, () => socket.write('GET / HTTP/1.0\r\nHost: ready\r\n\r\n'));
    const answered = await Promise.race([once(socket, 'data'), once(socket, 'close').then(ignore)]).catch(ignore);
    socket.destroy();
    if (answered) return true;
    await setTimeout(20);
  }
  return false;
}

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.pid !== undefined) child.kill('SIGTERM');
  const killer = globalThis.setTimeout(() => child.kill('SIGKILL'), 3000);
  await exited;
  clearTimeout(killer);
}

function ignore(): undefined {
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
