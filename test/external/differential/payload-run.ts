/** Sends one payload on one connection, and compares what was sent, what the gateway logged, and what the server parsed. */

import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { LogLine, RunningGateway } from '../../support/gateway.ts';
import { compare } from './comparison.ts';
import type { ObservedRequest } from './observed-request.ts';
import { fill, follower, type Payload, type Reading } from './payload.ts';
import type { RealServer } from './servers/real-server.ts';

/** What payloads are sent through. */
export interface RunContext {
  readonly gateway: RunningGateway;
  readonly server: RealServer;
  readonly token: string;
  /** Requests that ended early, by name. A server may log one of them late. */
  readonly endedEarly: Map<string, Disposition>;
}

export interface Result {
  readonly result: 'forwarded' | 'refused by the gateway' | 'refused by the server';
  /** A sentence for each difference. */
  readonly mismatches: readonly string[];
}

/** One request of a payload, and the gateway's line for it. */
interface Sent {
  readonly id: string;
  readonly reading: Reading;
  readonly disposition: Disposition;
  readonly line: LogLine | undefined;
}

/**
 * `cut`: authorised, but its body was malformed, so no server may take it for a whole request. `abandoned`: its client did not
 * wait, or the server closed the connection that it was sent on; the server may have parsed it or not.
 */
type Disposition = 'forwarded' | 'cut' | 'abandoned' | 'refused';

/** Longer than even a busy machine needs: only a failure waits so long. */
const LIMIT = 20_000;
/** A refusal that ends the connection. */
const CLOSING_REFUSAL = /\r\nConnection: close\r\n\r\n\{"title"[^}]*\}$/;

/** Sends a payload, waits for its responses and log lines, and compares. */
export async function runPayload(context: RunContext, payload: Payload, number: number): Promise<Result> {
  const { gateway, server, token, endedEarly } = context;
  const logged = requestsOf(gateway).length;
  const messages = payload.end === 'follow' ? [...payload.messages, follower(number)] : payload.messages;
  const wires = messages.map(({ wire }, n) => fill(wire, { case: number, n, token }));
  const answers = await exchange(gateway.port, wires.join(''), payload.end === 'leave');
  if (answers === undefined) return { result: 'forwarded', mismatches: [`no end after ${LIMIT} ms`] };

  const isLogged = gateway.requestLines(logged + Math.max(1, answers));
  await Promise.race([isLogged, setTimeout(LIMIT, undefined, { ref: false })]);
  // A line without a method is for bytes that were not read as a request.
  const lines = requestsOf(gateway)
    .slice(logged)
    .filter(line => line['method'] !== '');
  const sent = messages.map(({ reading }, n) => ({
    id: `${number}.${n}`,
    reading,
    line: lines[n],
    disposition: dispositionOf(reading, lines[n]),
  }));
  for (const { id, disposition } of sent)
    if (disposition === 'cut' || disposition === 'abandoned') endedEarly.set(id, disposition);
  const due = sent.filter(({ disposition }) => disposition === 'forwarded');
  // A request that an earlier payload left behind is reported here, as a mismatch.
  const read = () => server.seen.list.filter(each => !isLateRecord(each, endedEarly, number));
  await server.seen.until(() => read().length >= due.length, LIMIT);
  const observed = read();
  server.seen.list.length = 0;

  const surplus = lines
    .slice(sent.length)
    .map(line => `the gateway read one more request: ${line['method']} ${line['path']}`);
  const world = { address: server.address, token };
  const differences = sent.flatMap(each => compareSent(each, observed, world));
  const result = resultOf(sent.slice(0, payload.messages.length), observed);
  return { result, mismatches: [...surplus, ...differences, ...findUnexpected(sent, observed)] };
}

/** @returns the differences between a request as it was sent and as the server parsed it; none where it was refused. */
function compareSent(
  { id, reading, line, disposition }: Sent,
  observed: readonly ObservedRequest[],
  world: Parameters<typeof compare>[3],
): string[] {
  const seen = observed.find(each => idOf(each) === id);
  if (disposition === 'refused' || !line || !seen || seen.refused) return [];
  return compare(reading, line, seen, world).map(difference => `request ${id}: ${difference}`);
}

/** Each forwarded request must be parsed once, or refused by the server, whose log may not name the refused request. */
function findUnexpected(sent: readonly Sent[], observed: readonly ObservedRequest[]): string[] {
  const waiting = new Set(sent.filter(({ disposition }) => disposition === 'forwarded').map(({ id }) => id));
  const allowed = new Set(sent.filter(({ disposition }) => disposition === 'abandoned').map(({ id }) => id));
  const unexpected = observed.filter(
    each => idOf(each) !== '' && !waiting.delete(idOf(each)) && !allowed.delete(idOf(each)),
  );
  const unnamed = observed.filter(each => idOf(each) === '');
  return [
    ...unexpected.map(each => `parsed, but not authorised: ${each.method} ${each.target} (${idOf(each)})`),
    ...(unnamed.length === waiting.size
      ? []
      : [
          `${unnamed.length} unnamed requests parsed for ${waiting.size} forwarded (${[...waiting].join(' ')}): ${unnamed.map(describe).join(', ')}`,
        ]),
    ...unnamed.filter(each => !each.refused).map(each => `parsed without its name: ${each.method} ${each.target}`),
  ];
}

function describe({ status, method, target }: ObservedRequest): string {
  return `${status} ${method} ${target}`.trim();
}

function resultOf(own: readonly Sent[], observed: readonly ObservedRequest[]): Result['result'] {
  const due = own.filter(({ disposition }) => disposition === 'forwarded');
  if (due.length === 0) return 'refused by the gateway';
  const isSeen = ({ id }: Sent) => observed.some(each => idOf(each) === id && !each.refused);
  return due.every(isSeen) ? 'forwarded' : 'refused by the server';
}

function dispositionOf(reading: Reading, line: LogLine | undefined): Disposition {
  if (line === undefined) return 'refused';
  if (line['outcome'] === 'denied') return line['sub'] === undefined ? 'refused' : 'cut';
  return line['status'] === 499 || isAbandoned(reading, line) ? 'abandoned' : 'forwarded';
}

/** The server closed its connection on a request that must not be sent twice (RFC 9110 section 9.2.2). Any other failure is the gateway's. */
function isAbandoned({ method, body }: Reading, line: LogLine): boolean {
  const mayRepeat = body === '' && ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'].includes(method);
  return line['cause'] === 'reset' && !mayRepeat;
}

/** @returns whether `seen` is of a request that ended early: its start, or the whole request logged late. */
function isLateRecord(seen: ObservedRequest, endedEarly: RunContext['endedEarly'], number: number): boolean {
  const disposition = endedEarly.get(idOf(seen));
  return (
    disposition !== undefined &&
    (seen.refused || (disposition === 'abandoned' && Number.parseInt(idOf(seen), 10) < number))
  );
}

function idOf({ fields }: ObservedRequest): string {
  return fields.get('x-case')?.join(', ') ?? '';
}

function requestsOf({ log }: RunningGateway): LogLine[] {
  return log.filter(line => line['msg'] === 'request');
}

/** @returns the number of final responses until the connection ended; `undefined` where it did not end. */
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
      if (CLOSING_REFUSAL.test(received)) socket.end();
    });
    socket.on('error', () => undefined); // A reset is an end as well.
    socket.on('close', () => resolve([...received.matchAll(/HTTP\/1\.1 (?!1)\d{3} /g)].length));
  });
}
