/** The shortest gateway there can be over `src/http`: each request goes to one upstream, each response back. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Attempt, AttemptTimes } from '../../src/http/client/attempt.ts';
import { createConnector } from '../../src/http/client/connector.ts';
import { mayRepeat, Pool } from '../../src/http/client/pool.ts';
import { type HeaderList, reduceFields, valuesOf } from '../../src/http/header-list.ts';
import type {
  AttemptFailure,
  AttemptHandler,
  OutgoingRequest,
  RequestEnd,
  RequestHandler,
  ResponseHead,
} from '../../src/http/message.ts';
import type { IncomingRequest } from '../../src/http/server/incoming-request.ts';
import { HttpServer } from '../../src/http/server/server.ts';
import type { ServerSettings } from '../../src/http/server/server-context.ts';
import { Sweeper } from '../../src/http/sweeper.ts';

export const SETTINGS: ServerSettings = {
  headLimit: 16 * 1024,
  timeouts: { headers: 2_000, body: 2_000, keepAlive: 5_000 },
};
export const TIMES: AttemptTimes = { connect: 1_000, response: 5_000, idle: 5_000 };
const STATUSES: Readonly<Record<string, number>> = {
  malformed_request: 400,
  headers_too_large: 431,
  version_not_supported: 505,
  request_timeout: 408,
};

/** One object for both sides of a request. */
export class Relay implements RequestHandler, AttemptHandler {
  readonly #request: IncomingRequest;
  readonly #pool: Pool;
  #attempt: Attempt | undefined;
  #hasResponded = false;
  #isUploaded = false;
  readonly #failures: AttemptFailure[];
  readonly #faults: unknown[];

  readonly #times: AttemptTimes;

  constructor(
    request: IncomingRequest,
    pool: Pool,
    times: AttemptTimes,
    failures: AttemptFailure[],
    faults: unknown[],
  ) {
    this.#request = request;
    this.#pool = pool;
    this.#times = times;
    this.#failures = failures;
    this.#faults = faults;
    request.handler = this;
  }

  start(): void {
    const { head } = this.#request;
    const fields = reduceFields(head.fields, keepField, [] as string[]);
    fields.push('X-Sent', String(performance.now()));
    const authority = valuesOf(head.fields, 'host')[0] ?? 'none';
    const protocol = head.protocol?.toLowerCase() === 'websocket' ? 'websocket' : undefined;
    const { method, target, body } = head;
    this.#send({ method, target, authority, fields, body, protocol });
    if (body !== 'none') this.#request.startBody();
    else this.#isUploaded = true;
  }

  #send(outgoing: OutgoingRequest): void {
    this.#attempt = this.#pool.send(outgoing, this, this.#times);
    this.#outgoing = outgoing;
  }

  #outgoing: OutgoingRequest | undefined;
  #isLastTry = false;

  onBody(piece: Buffer): boolean {
    return this.#attempt?.write(piece) ?? true;
  }

  onBodyEnd(): void {
    this.#isUploaded = true;
    this.#attempt?.end();
  }

  onBodyError(reason: string): void {
    this.#attempt?.abort();
    if (this.#hasResponded) this.#request.abort();
    else this.#reply(STATUSES[reason] ?? 500, reason);
  }

  onClientReady(): void {
    this.#attempt?.resume();
  }

  onClose(end: RequestEnd): void {
    if (end !== 'complete' && end !== 'detached') this.#attempt?.abort();
  }

  onInterim(status: number, fields: HeaderList): void {
    if (status === 103) this.#request.interim(status, fields);
  }

  onResponse(head: ResponseHead): void {
    this.#hasResponded = true;
    this.#request.start(head);
  }

  onData(piece: Buffer): boolean {
    return this.#request.write(piece);
  }

  onEnd(): void {
    this.#attempt = undefined;
    this.#request.end();
  }

  onUpstreamReady(): void {
    if (!this.#isUploaded) this.#request.resumeBody();
  }

  onFailure(failure: AttemptFailure): void {
    this.#attempt = undefined;
    if (failure.stage === 'stale' && !this.#isLastTry && this.#outgoing && mayRepeat(this.#outgoing)) {
      this.#isLastTry = true;
      this.#send(this.#outgoing);
      return;
    }
    this.#failures.push(failure);
    if (this.#hasResponded) this.#request.abort();
    else this.#reply(failure.cause.includes('timeout') ? 504 : 502, failure.cause);
  }

  onSwitch(head: ResponseHead, upstream: Socket, rest: Buffer): void {
    const client = this.#request.detach();
    if (!client) {
      upstream.destroy();
      return;
    }
    const start = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    const add = (text: string, name: string, value: string) =>
      /^(?:sec-|x-nonce)/i.test(name) ? `${text}${name}: ${value}\r\n` : text;
    const text = reduceFields(head.fields, add, start);
    client.socket.write(`${text}\r\n`, 'latin1');
    client.socket.write(rest);
    upstream.write(client.rest);
    for (const [side, other] of [
      [client.socket, upstream],
      [upstream, client.socket],
    ] as const) {
      side.on('error', () => side.destroy()).once('close', () => other.destroy());
      side.once('end', () => {
        other.destroySoon();
        side.destroySoon();
      });
      side.pipe(other);
    }
  }

  onFault(fault: unknown): void {
    this.#faults.push(fault);
    this.#request.abort();
  }

  #reply(status: number, text: string): void {
    const fields = ['Content-Type', 'text/plain'];
    this.#request.respond({ status, reason: '', fields }, Buffer.from(text));
  }
}

function keepField(kept: string[], name: string, value: string): string[] {
  if (!/^(?:host|connection|x-sent)$/i.test(name)) kept.push(name, value);
  return kept;
}

export interface RunningRelay {
  readonly port: number;
  readonly server: HttpServer;
  readonly pool: Pool;
  readonly failures: AttemptFailure[];
  readonly faults: unknown[];
  readonly listener: Server;
  close(): Promise<void>;
}

/** Starts a relay on 127.0.0.1 to an upstream there. */
export async function startRelay(
  upstreamPort: number,
  settings: ServerSettings = SETTINGS,
  times: AttemptTimes = TIMES,
): Promise<RunningRelay> {
  const sweeper = new Sweeper();
  const failures: AttemptFailure[] = [];
  const faults: unknown[] = [];
  const onFault = (fault: unknown) => faults.push(fault);
  const pool = new Pool({
    connect: createConnector({ host: '127.0.0.1', port: upstreamPort }),
    sweeper,
    head: 16 * 1024,
    idle: 60_000,
    maxAge: 600_000,
  });
  const server = new HttpServer(
    settings,
    {
      onRequest: request => {
        if (request.unparsed === undefined) new Relay(request, pool, times, failures, faults).start();
        else respond(request, STATUSES[request.unparsed] ?? 500, request.unparsed);
      },
      onSlowHead: () => undefined,
      onFault,
    },
    sweeper,
  );
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, socket => server.accept(socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    server,
    pool,
    failures,
    faults,
    listener,
    close: async () => {
      const closed = once(listener, 'close');
      listener.close();
      server.destroy();
      pool.destroy();
      await closed;
    },
  };
}

/** A response of our own. */
export function respond(request: IncomingRequest, status: number, text: string): void {
  request.respond({ status, reason: '', fields: ['Content-Type', 'text/plain'] }, Buffer.from(text));
}
