/** One granted WebSocket (RFC 6455 section 4, RFC 9110 section 7.8): its handshake, and how that ended. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Failure } from '../denial.ts';
import {
  BROKEN_OFF,
  CONNECT_TIMEOUT,
  MALFORMED_RESPONSE,
  RESPONSE_TIMEOUT,
  readConnectError,
  readResponseError,
} from './failure.ts';
import type { Carried, CarriedEnd } from './forward.ts';
import { type Handshake, type OutgoingHandshake, startHandshake, watchClient } from './handshake.ts';
import { isHandshakeAnswer } from './handshake-answer.ts';
import { Carriage, type CarriageLimits } from './response-handler.ts';
import { startTimer, type Timer } from './timer.ts';
import { Tunnel } from './tunnel.ts';

export interface OutgoingUpgrade extends OutgoingHandshake, CarriageLimits {
  /** Milliseconds to connect, to answer the handshake then, and that the tunnel may be silent. */
  readonly timeouts: { readonly connect: number; readonly response: number; readonly idle: number };
}

/** The client's side of a handshake. `response` writes an answer other than 101 onto the same socket. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly response: ServerResponse;
}

export interface Upgraded {
  readonly end: 'upgraded';
  readonly responseMs: number;
  readonly tunnel: Tunnel;
}

/**
 * The token's clock runs from here on: a handshake that is pending at `exp` ends then, like the tunnel.
 *
 * @returns `upgraded`, or how an answer that is no upgrade was carried, or the failure, with nothing written to the client.
 */
export function upgrade(outgoing: OutgoingUpgrade, client: UpgradeRequest): Promise<Upgraded | Carried> {
  return new Promise((resolve, reject) => new PendingUpgrade(outgoing, client, resolve, reject).start());
}

class PendingUpgrade {
  readonly #outgoing: OutgoingUpgrade;
  readonly #client: UpgradeRequest;
  readonly #resolve: (result: Upgraded | Carried | Promise<Carried>) => void;
  readonly #reject: (fault: unknown) => void;
  readonly #startedAt = performance.now();
  readonly #handshake: Handshake;
  readonly #expiry: Timer | undefined;
  #clock: NodeJS.Timeout | undefined;
  /** Of the connection to the upstream. */
  #stage: 'connecting' | 'securing' | 'sent' = 'connecting';
  #stopWatching: () => void = () => undefined;
  /** One that is no upgrade. */
  #answer: IncomingMessage | undefined;

  constructor(
    outgoing: OutgoingUpgrade,
    client: UpgradeRequest,
    resolve: (result: Upgraded | Carried | Promise<Carried>) => void,
    reject: (fault: unknown) => void,
  ) {
    this.#outgoing = outgoing;
    this.#client = client;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#handshake = startHandshake(outgoing, client.socket, client.head);
    this.#expiry = outgoing.expiry && startTimer(outgoing.expiry.at, () => this.#giveUp('expired'));
  }

  start(): void {
    this.#startClock(this.#outgoing.timeouts.connect, CONNECT_TIMEOUT);
    this.#stopWatching = watchClient(this.#client.socket, () => this.#giveUp('client_gone'));
    this.#handshake.request
      .once('socket', socket => this.#watchConnection(socket))
      .on('error', error => this.#onError(error))
      .once('response', answer => this.#settle(this.#carry(answer)))
      .once('upgrade', (answer, upstream, received) => this.#onSwitch(answer, upstream as Socket, received));
  }

  #watchConnection(socket: Socket): void {
    const isSecure = this.#outgoing.origin.startsWith('https:');
    socket.once('connect', () => {
      this.#stage = 'securing';
    });
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      this.#stage = 'sent';
      this.#startClock(this.#outgoing.timeouts.response, RESPONSE_TIMEOUT);
    });
  }

  #startClock(milliseconds: number, failure: Failure): void {
    clearTimeout(this.#clock);
    this.#clock = setTimeout(() => this.#giveUp(failure), milliseconds).unref();
  }

  #onSwitch(answer: IncomingMessage, upstream: Socket, received: Buffer): void {
    const { headers, timeouts, expiry, notice } = this.#outgoing;
    if (!isHandshakeAnswer(answer, headers)) {
      upstream.destroy();
      this.#giveUp(MALFORMED_RESPONSE);
      return;
    }
    try {
      this.#stopWatching();
      this.#handshake.join(answer, upstream, received, notice);
      const tunnel = new Tunnel(this.#client.socket, upstream, timeouts.idle, expiry?.at);
      this.#settle({ end: 'upgraded', responseMs: this.#elapsed(), tunnel });
    } catch (fault) {
      upstream.destroy();
      this.#reject(fault);
    }
  }

  /** An answer that is no upgrade, a refusal as a rule, goes the way of every other response. */
  #carry(answer: IncomingMessage): Promise<Carried> {
    this.#answer = answer;
    const { statusCode: status = 0 } = answer;
    if (status < 200) {
      answer.destroy();
      return Promise.resolve({ end: MALFORMED_RESPONSE, responseMs: undefined });
    }
    const responseMs = this.#elapsed();
    return carryAnswer(answer, status, this.#client.response, this.#outgoing).then(end => ({ end, responseMs }));
  }

  /** Of a body that node:http cannot read it tells the request, while the response only hears that it was cut. */
  #onError(error: Error): void {
    if (this.#answer) this.#answer.destroy(error);
    else this.#giveUp(this.#readError(error));
  }

  #readError(error: Error): Failure {
    if (this.#stage === 'sent') return readResponseError(error, false);
    return readConnectError(error, this.#stage === 'securing');
  }

  #giveUp(end: CarriedEnd): void {
    this.#settle({ end, responseMs: undefined });
    this.#handshake.request.destroy();
  }

  #settle(result: Upgraded | Carried | Promise<Carried>): void {
    clearTimeout(this.#clock);
    this.#expiry?.stop();
    this.#resolve(result);
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }
}

const SILENT = Object.assign(new Error('the upstream is silent'), { code: 'ETIMEDOUT' });

function carryAnswer(
  answer: IncomingMessage,
  status: number,
  response: ServerResponse,
  { timeouts, ...limits }: OutgoingUpgrade,
): Promise<CarriedEnd> {
  return new Promise((resolve, reject) => {
    const carriage = new Carriage(response, limits, reject, end => resolve(end === 'stale' ? BROKEN_OFF : end));
    carriage.onConnect(error => answer.destroy(error));
    const fields = answer.rawHeaders.map(field => Buffer.from(field, 'latin1'));
    carriage.onHeaders(status, fields, () => answer.resume(), answer.statusMessage ?? '');
    answer.setTimeout(timeouts.idle, () => answer.isPaused() || answer.destroy(SILENT));
    answer.on('data', piece => carriage.onData(piece) || answer.pause());
    answer.once('end', () => carriage.onComplete()).on('error', error => carriage.onError(error));
  });
}
