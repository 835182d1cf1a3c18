/** Starts a server of another project, on an address, port and folder of its own, and reads its log. */

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
import type { Sighting } from '../sighting.ts';

/** A kind of server that requests can be sent to. */
export interface ServerKind {
  readonly name: string;
  /** Where its program is; `undefined`: it is not installed here. */
  readonly program: string | undefined;
  start(): Promise<RealServer>;
}

export interface RealServer {
  /** Host and port. */
  readonly address: string;
  /** Every request that it saw, those included that it refused by itself. */
  readonly seen: Sightings;
  close(): Promise<void>;
}

export interface Recipe {
  readonly command: string;
  readonly args: readonly string[];
  /** By name, written into the folder. */
  readonly files: Readonly<Record<string, string>>;
  /** @returns `undefined` for a line that is about no request. */
  readonly parse: (line: string) => Sighting | undefined;
}

/** What a server saw, in the order of its log. */
export class Sightings extends EventEmitter {
  readonly list: Sighting[] = [];

  add(sighting: Sighting): void {
    this.list.push(sighting);
    this.emit('sighting');
  }

  /** @returns whether `holds` came to hold within `limit` milliseconds. */
  async until(holds: () => boolean, limit: number): Promise<boolean> {
    const signal = AbortSignal.timeout(limit);
    while (!holds()) {
      const came = await once(this, 'sighting', { signal }).catch(() => undefined);
      if (came === undefined) return holds();
    }
    return true;
  }
}

const ATTEMPTS = 3;
const START_LIMIT = 60_000;

/**
 * Every request that a server sees must be one that was sent to it, so no other test may reach it: on 127.0.0.1, tests
 * that connect to a port where nothing listens any more, or wait for their own server on it, did.
 *
 * @returns a random loopback address. Systems other than Linux have only one.
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

/** Starts the server of `recipe`. Another process may take the free port first: then it is tried again. */
export async function startRealServer(recipe: (place: { address: string; folder: string }) => Recipe) {
  for (let attempt = 1; ; attempt += 1) {
    const host = chooseHost();
    const port = await reservePort();
    const folder = mkdtempSync(join(tmpdir(), 'differential-'));
    chmodSync(folder, 0o755); // Servers that root starts give up its rights, and must still read it.
    const server = await tryToStart(recipe({ address: `${host}:${port}`, folder }), host, port, folder);
    if (typeof server !== 'string') return server;
    if (attempt === ATTEMPTS) throw new Error(`the server did not start: ${server}`);
  }
}

async function tryToStart(recipe: Recipe, host: string, port: number, folder: string): Promise<RealServer | string> {
  for (const [name, text] of Object.entries(recipe.files)) writeFileSync(join(folder, name), text);
  const seen = new Sightings();
  const log = openLog(join(folder, 'log'), line => {
    const sighting = recipe.parse(line);
    if (sighting) seen.add(sighting);
  });
  const complaints = join(folder, 'complaints');
  const errors = openSync(complaints, 'w');
  const child = spawn(recipe.command, recipe.args, { stdio: ['ignore', log.writer, errors] });
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

/** A named pipe: unlike the sockets that node:child_process makes, `/dev/stdout` can be opened on it by its name. */
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

/** None of the four servers reports that it is ready, so requests are sent until one is answered. */
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
