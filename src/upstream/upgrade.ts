/** One granted WebSocket (RFC 6455 section 4, RFC 9110 section 7.8): its handshake, up to the tunnel or another response. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Failure } from '../denial.ts';
import { CONNECT_TIMEOUT, INCOMPLETE_RESPONSE, MALFORMED_RESPONSE, RESPONSE_TIMEOUT, readFailure } from './failure.ts';
import type { ForwardEnd, ForwardResult } from './forward.ts';
import { type Handshake, type OutgoingHandshake, startHandshake, watchClient } from './handshake.ts';
import { describeHandshakeError, type HandshakeStage } from './handshake-failure.ts';
import { isHandshakeResponse } from './handshake-response.ts';
import { ResponseHandler, type ResponseLimits } from './response-handler.ts';
import { startTimer, type Timer } from './timer.ts';
import { Tunnel } from './tunnel.ts';

export interface OutgoingUpgrade extends OutgoingHandshake, ResponseLimits {
  /** Milliseconds to connect, then to respond to the handshake, and without a byte in the tunnel. */
  readonly timeouts: { readonly connect: number; readonly response: number; readonly idle: number };
}

/** The client's side of a handshake. `response` writes any response other than a 101 to the same socket. */
export interface UpgradeClient {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What it sent after the head of its request. */
  readonly received: Buffer;
  readonly response: ServerResponse;
}

export interface Upgraded {
  readonly end: 'upgraded';
  readonly responseMs: number;
  readonly tunnel: Tunnel;
}

/**
 * Sends the handshake. One that is pending when the token expires ends then, like the tunnel.
 *
 * @returns `upgraded`; or how a response that is no upgrade was forwarded; or the failure, with nothing written to the client.
 */
export function upgrade(outgoing: OutgoingUpgrade, client: UpgradeClient): Promise<Upgraded | ForwardResult> {
  return new Promise((resolve, reject) => new PendingUpgrade(outgoing, client, resolve, reject).start());
}

class PendingUpgrade {
  readonly #outgoing: OutgoingUpgrade;
  readonly #client: UpgradeClient;
  readonly #resolve: (result: Upgraded | ForwardResult | Promise<ForwardResult>) => void;
  readonly #reject: (fault: unknown) => void;
  readonly #startedAt = performance.now();
  readonly #handshake: Handshake;
  readonly #expiry: Timer | undefined;
  #clock: NodeJS.Timeout | undefined;
  #stage: HandshakeStage = 'connecting';
  #stopWatching: () => void = () => undefined;
  /** One that is no upgrade. */
  #response: IncomingMessage | undefined;

  constructor(
    outgoing: OutgoingUpgrade,
    client: UpgradeClient,
    resolve: (result: Upgraded | ForwardResult | Promise<ForwardResult>) => void,
    reject: (fault: unknown) => void,
  ) {
    this.#outgoing = outgoing;
    this.#client = client;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#handshake = startHandshake(outgoing, client.socket, client.received);
    this.#expiry = outgoing.expiry && startTimer(outgoing.expiry.at, () => this.#giveUp('expired'));
  }

  start(): void {
    this.#startClock(this.#outgoing.timeouts.connect, CONNECT_TIMEOUT);
    this.#stopWatching = watchClient(this.#client.socket, () => this.#giveUp('client_gone'));
    this.#handshake.request
      .once('socket', socket => this.#watchConnection(socket))
      .on('error', error => this.#onError(error))
      .once('response', response => this.#finish(this.#forwardRefusal(response)))
      .once('upgrade', (response, upstream, received) => this.#onSwitch(response, upstream as Socket, received));
  }

  #watchConnection(socket: Socket): void {
    const isSecure = this.#outgoing.origin.startsWith('https:');
    socket.once('connect', () => {
      this.#stage = 'securing';
    });
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      this.#stage = 'open';
      this.#startClock(this.#outgoing.timeouts.response, RESPONSE_TIMEOUT);
    });
  }

  #startClock(milliseconds: number, failure: Failure): void {
    clearTimeout(this.#clock);
    this.#clock = setTimeout(() => this.#giveUp(failure), milliseconds).unref();
  }

  #onSwitch(response: IncomingMessage, upstream: Socket, received: Buffer): void {
    const { headers, timeouts, expiry, notice } = this.#outgoing;
    if (!isHandshakeResponse(response, headers)) {
      upstream.destroy();
      this.#giveUp(MALFORMED_RESPONSE);
      return;
    }
    try {
      this.#stopWatching();
      this.#handshake.join(response, upstream, received, notice);
      this.#client.response.detachSocket(this.#client.socket);
      const tunnel = new Tunnel(this.#client.socket, upstream, timeouts.idle, expiry?.at);
      this.#finish({ end: 'upgraded', responseMs: this.#elapsed(), tunnel });
    } catch (fault) {
      upstream.destroy();
      this.#reject(fault);
    }
  }

  /** Forwards a response that is not an upgrade, usually a refusal, like the response to any other request. */
  #forwardRefusal(response: IncomingMessage): Promise<ForwardResult> {
    this.#response = response;
    const { statusCode: status = 0 } = response;
    if (status < 200) {
      response.destroy();
      return Promise.resolve({ end: MALFORMED_RESPONSE, responseMs: undefined });
    }
    const responseMs = this.#elapsed();
    return forwardResponse(response, status, this.#client.response, this.#outgoing).then(end => ({ end, responseMs }));
  }

  /** If node:http cannot parse the body of a response, only the request emits the error; the response just ends. */
  #onError(error: Error): void {
    if (this.#response) this.#response.destroy(error);
    else this.#giveUp(readFailure(describeHandshakeError(error, this.#stage, false)));
  }

  #giveUp(end: ForwardEnd): void {
    this.#finish({ end, responseMs: undefined });
    this.#handshake.request.destroy();
  }

  #finish(result: Upgraded | ForwardResult | Promise<ForwardResult>): void {
    clearTimeout(this.#clock);
    this.#expiry?.stop();
    this.#resolve(result);
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }
}

const SILENT = Object.assign(new Error('the upstream is silent'), { code: 'ETIMEDOUT' });

function forwardResponse(
  received: IncomingMessage,
  status: number,
  response: ServerResponse,
  { timeouts, ...limits }: OutgoingUpgrade,
): Promise<ForwardEnd> {
  return new Promise((resolve, reject) => {
    const handler = new ResponseHandler(response, limits, reject, end =>
      resolve(end === 'stale' ? INCOMPLETE_RESPONSE : end),
    );
    // The connection to the upstream serves this request only.
    const reserveFor = () => undefined;
    handler.source = { resume: () => received.resume(), abort: () => received.destroy(), reserveFor };
    handler.onResponse({ status, reason: received.statusMessage ?? '', fields: received.rawHeaders, body: 'unknown' });
    received.setTimeout(timeouts.idle, () => received.isPaused() || received.destroy(SILENT));
    received.on('data', piece => handler.onData(piece) || received.pause());
    received.once('end', () => handler.onEnd());
    received.on('error', error => handler.onFailure(describeHandshakeError(error, 'open', true)));
  });
}
