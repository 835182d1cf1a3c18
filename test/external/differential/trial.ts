/** One payload on one connection: what was sent, what the gateway logged, what the server saw. */

import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { LogLine, RunningGateway } from '../../support/gateway.ts';
import { compare } from './judge.ts';
import { fill, follower, type Payload, type Reading } from './payload.ts';
import type { RealServer } from './servers/real-server.ts';
import type { Sighting } from './sighting.ts';

/** What a payload is sent through. */
export interface Course {
  readonly gateway: RunningGateway;
  readonly server: RealServer;
  readonly token: string;
  /** Requests that ended early, by their names. A server may log one late. */
  readonly early: Map<string, Fate>;
}

export interface Verdict {
  readonly result: 'forwarded' | 'refused by the gateway' | 'refused by the server';
  /** What differs; empty where nothing does. */
  readonly mismatches: readonly string[];
}

/** One request of a payload, and the gateway's line for it. */
interface Sent {
  readonly id: string;
  readonly reading: Reading;
  readonly fate: Fate;
  readonly line: LogLine | undefined;
}

/**
 * `cut`: authorised, but its body turned out to be malformed, so nobody may take it for a whole request. `left`: its client
 * did not wait, or the server closed the connection that it was sent on; the server may have parsed it or not.
 */
type Fate = 'carried' | 'cut' | 'left' | 'refused';

/** Long enough for a busy machine: reached only by a failure. */
const LIMIT = 20_000;
/** A refusal that ends the connection. */
const REFUSAL = /\r\nConnection: close\r\n\r\n\{"title"[^}]*\}$/;

/** Sends a payload and collects the responses, log lines and sightings. */
export async function attempt(course: Course, payload: Payload, number: number): Promise<Verdict> {
  const { gateway, server, token, early } = course;
  const logged = requestsOf(gateway).length;
  const messages = payload.end === 'follow' ? [...payload.messages, follower(number)] : payload.messages;
  const wires = messages.map(({ wire }, n) => fill(wire, { case: number, n, token }));
  const answers = await exchange(gateway.port, wires.join(''), payload.end === 'leave');
  if (answers === undefined) return { result: 'forwarded', mismatches: [`no end after ${LIMIT} ms`] };

  const isLogged = gateway.requestLines(logged + Math.max(1, answers));
  await Promise.race([isLogged, setTimeout(LIMIT, undefined, { ref: false })]);
  // A line without a method is of bytes that were never read as a request.
  const lines = requestsOf(gateway)
    .slice(logged)
    .filter(line => line['method'] !== '');
  const sent = messages.map(({ reading }, n) => ({
    id: `${number}.${n}`,
    reading,
    line: lines[n],
    fate: fateOf(reading, lines[n]),
  }));
  for (const { id, fate } of sent) if (fate === 'cut' || fate === 'left') early.set(id, fate);
  const due = sent.filter(({ fate }) => fate === 'carried');
  // What an earlier payload left behind is news here as well, and a mismatch.
  const read = () => server.seen.list.filter(each => !isRemnant(each, early, number));
  await server.seen.until(() => read().length >= due.length, LIMIT);
  const news = read();
  server.seen.list.length = 0;

  const surplus = lines
    .slice(sent.length)
    .map(line => `the gateway read a request more: ${line['method']} ${line['path']}`);
  const world = { address: server.address, token };
  const differences = sent.flatMap(each => judge(each, news, world));
  const result = resultOf(sent.slice(0, payload.messages.length), news);
  return { result, mismatches: [...surplus, ...differences, ...findStrangers(sent, news)] };
}

/** @returns what differs in the sighting of a request, or in that there is one. */
function judge(
  { id, reading, line, fate }: Sent,
  news: readonly Sighting[],
  world: Parameters<typeof compare>[3],
): string[] {
  const seen = news.find(each => idOf(each) === id);
  if (fate === 'refused' || !line || !seen || seen.refused) return [];
  return compare(reading, line, seen, world).map(difference => `request ${id}: ${difference}`);
}

/** Each forwarded request is seen once, or refused by the server, whose log may not say which request that was. */
function findStrangers(sent: readonly Sent[], news: readonly Sighting[]): string[] {
  const waiting = new Set(sent.filter(({ fate }) => fate === 'carried').map(({ id }) => id));
  const allowed = new Set(sent.filter(({ fate }) => fate === 'left').map(({ id }) => id));
  const strangers = news.filter(
    each => idOf(each) !== '' && !waiting.delete(idOf(each)) && !allowed.delete(idOf(each)),
  );
  const unnamed = news.filter(each => idOf(each) === '');
  return [
    ...strangers.map(each => `seen, and not authorised: ${each.method} ${each.target} (${idOf(each)})`),
    ...(unnamed.length === waiting.size
      ? []
      : [
          `${unnamed.length} nameless requests seen for ${waiting.size} forwarded (${[...waiting].join(' ')}): ${unnamed.map(describe).join(', ')}`,
        ]),
    ...unnamed.filter(each => !each.refused).map(each => `seen without its name: ${each.method} ${each.target}`),
  ];
}

function describe({ status, method, target }: Sighting): string {
  return `${status} ${method} ${target}`.trim();
}

function resultOf(own: readonly Sent[], news: readonly Sighting[]): Verdict['result'] {
  const due = own.filter(({ fate }) => fate === 'carried');
  if (due.length === 0) return 'refused by the gateway';
  const isSeen = ({ id }: Sent) => news.some(each => idOf(each) === id && !each.refused);
  return due.every(isSeen) ? 'forwarded' : 'refused by the server';
}

function fateOf(reading: Reading, line: LogLine | undefined): Fate {
  if (line === undefined) return 'refused';
  if (line['outcome'] === 'denied') return line['sub'] === undefined ? 'refused' : 'cut';
  return line['status'] === 499 || isAbandoned(reading, line) ? 'left' : 'carried';
}

/** What the server closed its connection on, and must not be sent twice (RFC 9110 section 9.2.2). Any other failure is the gateway's. */
function isAbandoned({ method, body }: Reading, line: LogLine): boolean {
  const mayRepeat = body === '' && ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'].includes(method);
  return line['cause'] === 'reset' && !mayRepeat;
}

/** What a server saw of a request that ended early: its start, or all of it late. */
function isRemnant(seen: Sighting, early: Course['early'], number: number): boolean {
  const fate = early.get(idOf(seen));
  return fate !== undefined && (seen.refused || (fate === 'left' && Number.parseInt(idOf(seen), 10) < number));
}

function idOf({ fields }: Sighting): string {
  return fields.get('x-case')?.join(', ') ?? '';
}

function requestsOf({ log }: RunningGateway): LogLine[] {
  return log.filter(line => line['msg'] === 'request');
}

/** @returns how many final answers came before the connection ended; `undefined`: it did not. */
function exchange(port: number, bytes: string, leaves: boolean): Promise<number | undefined> {
  return new Promise(resolve => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => {
      if (leaves) socket.end(bytes, 'latin1');
      else socket.write(bytes, 'latin1');
    });
    socket.setTimeout(LIMIT, () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.setEncoding('latin1').on('data', piece => {
      received += piece;
      if (REFUSAL.test(received)) socket.end();
    });
    socket.on('error', () => undefined); // A reset is an end as well.
    socket.on('close', () => resolve([...received.matchAll(/HTTP\/1\.1 (?!1)\d{3} /g)].length));
  });
}
