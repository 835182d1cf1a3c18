/** One granted WebSocket (RFC 6455 section 4, RFC 9110 section 7.8): its handshake, up to the tunnel or another response. */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '../config/upstream-config.ts';
import type { Failure } from '../denial.ts';
import { type HeaderList, NO_FIELDS } from '../http/header-list.ts';
import type { AttemptFailure, BodyLength, RequestEnd } from '../http/message.ts';
import { readBodyLength } from '../http/parsing/response-head.ts';
import type { IncomingRequest } from '../http/server/incoming-request.ts';
import type { Member, RoundRobin } from './endpoints/round-robin.ts';
import { isWorthAnother, Tries } from './endpoints/tries.ts';
import { MALFORMED_RESPONSE, RESPONSE_TIMEOUT, readFailure, UNHEALTHY } from './failure.ts';
import { type Handshake, type OutgoingHandshake, startHandshake } from './handshake.ts';
import { describeHandshakeError, type HandshakeStage } from './handshake-failure.ts';
import { isHandshakeResponse } from './handshake-response.ts';
import { type ForwardEnd, type ForwardEvents, ResponseHandler, type ResponseLimits } from './response-handler.ts';
import { Tunnel } from './tunnel.ts';

export interface OutgoingUpgrade {
  readonly members: RoundRobin;
  readonly handshakeWith: (member: Member) => OutgoingHandshake;
  /** Milliseconds to connect, then to respond to the handshake, and without a byte in the tunnel. */
  readonly timeouts: { readonly connect: number; readonly response: number; readonly idle: number };
  readonly limits: ResponseLimits;
}

export interface UpgradeEvents extends ForwardEvents {
  /** Instead of `onForwarded` and `onClose`: the connection is a WebSocket now. */
  onUpgraded(tunnel: Tunnel, responseMs: number, endpoint: Endpoint | undefined): void;
}

const SILENT = Object.assign(new Error('the upstream is silent'), { code: 'ETIMEDOUT' });

/**
 * Sends the handshake. One that is pending when the token expires ends then, like the tunnel. Any other response than an upgrade,
 * usually a refusal, is forwarded like the response to any other request.
 *
 * @returns what may end it, until it has ended or there is a tunnel.
 */
export function upgrade(outgoing: OutgoingUpgrade, request: IncomingRequest, events: UpgradeEvents): ResponseHandler {
  const handler = new Upgrade(outgoing, request, events);
  handler.start();
  return handler;
}

class Upgrade extends ResponseHandler {
  readonly #outgoing: OutgoingUpgrade;
  readonly #events: UpgradeEvents;
  readonly #tries: Tries;
  /** The one under way; what is heard of those before is ignored. */
  #handshake: Handshake | undefined;
  #outgoingFields: HeaderList = NO_FIELDS;
  #clock: NodeJS.Timeout | undefined;
  #stage: HandshakeStage = 'connecting';
  /** One that is no upgrade. */
  #response: IncomingMessage | undefined;

  constructor(outgoing: OutgoingUpgrade, request: IncomingRequest, events: UpgradeEvents) {
    super(request, outgoing.limits, events);
    this.#outgoing = outgoing;
    this.#events = events;
    this.#tries = new Tries(outgoing.members);
    const abort = () => void this.#handshake?.request.destroy();
    this.source = { resume: () => this.#response?.resume(), abort, reserveFor: () => undefined };
  }

  start(): void {
    this.startExpiry(this.#outgoing.limits.expiry?.at);
    this.#run(() => this.#sendToNext(UNHEALTHY));
  }

  /** @param failure how it ends where no endpoint is left. */
  #sendToNext(failure: Failure): void {
    const { socket } = this.request;
    const member = socket && this.#tries.next(socket);
    if (member) this.#send(member, socket);
    else this.conclude(failure);
  }

  #send(member: Member, client: Socket): void {
    const outgoing = this.#outgoing.handshakeWith(member);
    const handshake = startHandshake(outgoing, client);
    this.endpoint = member.endpoint;
    this.#handshake = handshake;
    this.#outgoingFields = outgoing.headers;
    this.#stage = 'connecting';
    this.#startClock(this.#outgoing.timeouts.connect, () => this.#onConnectTimeout());
    const run = (event: () => void) => this.#handshake === handshake && this.#run(event);
    handshake.request
      .once('socket', socket => run(() => this.#watchConnection(socket)))
      .on('error', error => run(() => this.#onError(error)))
      .once('response', response => run(() => this.#forwardRefusal(response)))
      .once('upgrade', (response, upstream, received) =>
        run(() => this.#onUpgrade(response, upstream as Socket, received)),
      );
  }

  onBody(): boolean {
    return true;
  }

  onBodyEnd(): void {
    // It has none.
  }

  onUpstreamReady(): void {
    // Nothing but the head is sent.
  }

  override onClose(end: RequestEnd): void {
    if (end !== 'detached') super.onClose(end);
  }

  protected override conclude(end: ForwardEnd): void {
    clearTimeout(this.#clock);
    super.conclude(end);
  }

  #watchConnection(socket: Socket): void {
    const isSecure = this.endpoint?.origin.startsWith('https:');
    socket.once('connect', () => {
      this.#stage = 'securing';
    });
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      this.#stage = 'open';
      this.#startClock(this.#outgoing.timeouts.response, () => this.cancel(RESPONSE_TIMEOUT));
    });
  }

  #startClock(milliseconds: number, onEnd: () => void): void {
    clearTimeout(this.#clock);
    if (!this.isOver) this.#clock = setTimeout(onEnd, milliseconds).unref();
  }

  #onConnectTimeout(): void {
    const late = this.#handshake;
    this.#handshake = undefined;
    late?.request.destroy();
    this.#run(() => this.onFailure({ cause: 'connect_timeout', stage: 'unsent', code: undefined }));
  }

  /** A handshake of which nothing was sent goes to another endpoint. */
  override onFailure(failure: AttemptFailure): void {
    clearTimeout(this.#clock);
    this.#tries.onFailure(failure);
    if (isWorthAnother(failure) && !this.isOver) this.#sendToNext(readFailure(failure));
    else super.onFailure(failure);
  }

  #onUpgrade(response: IncomingMessage, upstream: Socket, received: Buffer): void {
    // The client may have left just now.
    if (this.isOver || !isHandshakeResponse(response, this.#outgoingFields)) {
      upstream.destroy();
      this.cancel(MALFORMED_RESPONSE);
      return;
    }
    clearTimeout(this.#clock);
    this.stop();
    const responseMs = this.elapsed;
    const tunnel = this.#join(response, upstream, received);
    if (tunnel) this.#events.onUpgraded(tunnel, responseMs, this.endpoint);
  }

  /** From here on the client's connection is no longer HTTP. */
  #join(response: IncomingMessage, upstream: Socket, received: Buffer): Tunnel | undefined {
    const { timeouts, limits } = this.#outgoing;
    const client = this.request.detach();
    try {
      if (!client) throw new Error('the client has left');
      if (client.rest.length > 0) client.socket.unshift(client.rest);
      this.#handshake?.join(response, upstream, received, this.createResponseHeaders(response.rawHeaders));
      return new Tunnel(client.socket, client.rest.length, upstream, timeouts.idle, limits.expiry?.at);
    } catch (fault) {
      client?.socket.destroy();
      upstream.destroy();
      this.onFault(fault);
      this.#events.onClose('aborted');
      return undefined;
    }
  }

  #forwardRefusal(response: IncomingMessage): void {
    clearTimeout(this.#clock);
    this.#response = response;
    const { statusCode: status = 0, statusMessage: reason = '', rawHeaders: fields } = response;
    const body = status < 200 ? undefined : readBody(response, status);
    if (body === undefined) {
      this.cancel(MALFORMED_RESPONSE);
      return;
    }
    this.onResponse({ status, reason, fields, body });
    response.setTimeout(this.#outgoing.timeouts.idle, () => response.isPaused() || response.destroy(SILENT));
    response.on('data', piece => this.#run(() => this.onData(piece) || response.pause()));
    response.once('end', () => this.#run(() => this.onEnd()));
    response.on('error', error => this.onFailure(describeHandshakeError(error, 'open', true)));
  }

  /** If node:http cannot parse the body of a response, only the request emits the error; the response just ends. */
  #onError(error: Error): void {
    this.onFailure(describeHandshakeError(error, this.#stage, this.#response !== undefined));
    this.#response?.destroy();
  }

  #run(event: () => void): void {
    try {
      event();
    } catch (fault) {
      this.onFault(fault);
    }
  }
}

/** @returns `undefined` where it has more than one reading. */
function readBody({ rawHeaders, httpVersionMinor }: IncomingMessage, status: number): BodyLength | undefined {
  try {
    return readBodyLength(rawHeaders, httpVersionMinor, status);
  } catch {
    return undefined;
  }
}
