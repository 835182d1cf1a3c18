/** Memory of the gateway: under load, with many idle connections, with a full cache of tokens. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Candidate, endCandidates, startCandidates } from './candidates.ts';
import type { Peer } from './peers/peer.ts';
import { readRss } from './proc.ts';
import { MEASURING } from './processes.ts';
import type { Section } from './report/section.ts';
import type { TestBed } from './test-bed.ts';
import { loadTokenPool, POOL_SIZE } from './tokens/pool.ts';
import { PATH, signToken } from './tokens/sign.ts';
import { runWrk } from './wrk.ts';

const IDLE = 10_000;
const AT_ONCE = 100;
const CACHED = 100_000;
const WATCHED_EVERY = 200;
const GIVEN_UP_AFTER = 30;

interface Held {
  readonly name: string;
  readonly started: number;
  readonly atWork: number;
  readonly idle: number;
  /** `undefined` where the machine was too slow to send all the tokens. */
  readonly cached: number | undefined;
}

/** Each of `peers` is started three times, so that what one state leaves in the heap is not counted in the next. */
export async function measureMemory(peers: readonly Peer[], bed: TestBed, seconds: number): Promise<Section> {
  const all: Held[] = [];
  const missing = new Set<string>();
  const inTurn = async <T>(peer: Peer, measure: (candidate: Candidate) => Promise<T>): Promise<T | undefined> => {
    const line = await startCandidates([peer], bed, ['RS256']);
    for (const each of line.missing) missing.add(each);
    try {
      return line.candidates[0] && (await measure(line.candidates[0]));
    } finally {
      await endCandidates(line);
    }
  };
  for (const peer of peers) {
    const atWork = await inTurn(peer, candidate => readAtWork(candidate, bed, seconds));
    const idle = await inTurn(peer, candidate => readIdle(candidate, bed));
    const cached = await inTurn(peer, candidate => readCached(candidate, bed));
    if (atWork && idle) all.push({ name: peer.name, ...atWork, idle, cached });
  }
  return createSection(all, [...missing]);
}

async function readAtWork({ pid, port }: Candidate, bed: TestBed, seconds: number) {
  const started = readRss(pid);
  const env = { BENCH_TOKEN: await signToken(bed.keys, { algorithm: 'RS256' }) };
  let atWork = started;
  const watch = setInterval(() => {
    atWork = Math.max(atWork, readRss(pid));
  }, WATCHED_EVERY);
  await runWrk({ port }, { path: `${PATH}/small`, connections: 64, seconds, env, cores: MEASURING });
  clearInterval(watch);
  return { started, atWork };
}

/** Each of them has had one response, so that it is a kept-alive connection. */
async function readIdle({ pid, port }: Candidate, bed: TestBed): Promise<number> {
  const token = await signToken(bed.keys, { algorithm: 'RS256' });
  const head = `GET ${PATH}/small HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const sockets: Socket[] = [];
  while (sockets.length < IDLE) {
    sockets.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => openIdle(port, head)))));
  }
  const rss = readRss(pid);
  const lost = sockets.filter(socket => socket.destroyed).length;
  for (const socket of sockets) socket.destroy();
  if (lost > 0) throw new Error(`${lost} of ${IDLE} idle connections were closed`);
  return rss;
}

async function openIdle(port: number, head: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.write(head);
  await once(socket, 'data');
  return socket;
}

async function readCached(candidate: Candidate, bed: TestBed): Promise<number | undefined> {
  const { pid, port, cacheLookups } = candidate;
  const [token, pool] = [await signToken(bed.keys, { algorithm: 'ES256' }), await loadTokenPool(bed, 'RS256')];
  if (!cacheLookups) return undefined;
  for (let tries = 0; tries < GIVEN_UP_AFTER; tries++) {
    const { misses } = await cacheLookups();
    if (misses >= CACHED) return readRss(pid);
    const env = { BENCH_TOKEN: token, BENCH_FRESH: pool, BENCH_EVERY: '1', BENCH_START: String(misses % POOL_SIZE) };
    await runWrk({ port }, { path: `${PATH}/small`, connections: 64, seconds: 2, env, cores: MEASURING });
    candidate.tidy?.();
  }
  return undefined;
}

function createSection(all: readonly Held[], missing: readonly string[]): Section {
  return {
    name: 'memory',
    title: 'resident memory, MiB; each figure of a process of its own',
    headings: ['', 'started', '64 connections at work', '10,000 idle connections', '100,000 tokens verified'],
    rows: all.map(({ name, started, atWork, idle, cached }) => [
      name,
      ...[started, atWork, idle].map(formatMebibytes),
      cached === undefined ? 'too slow' : formatMebibytes(cached),
    ]),
    notes: missing.map(each => `MISSING ${each}`),
    targets: [],
    bars: [],
    isFaulty: missing.length > 0,
  };
}

const formatMebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(0);
