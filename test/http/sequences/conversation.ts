/** One client: what it sends on one connection, and whether each byte that comes back belongs there. */

import { connect, type Socket } from 'node:net';
import type { Random } from '../../fuzz/prng.ts';
import { ResponseReader, type SeenResponse } from '../../fuzz/response-reader.ts';
import { HANDSHAKE_FIELDS } from '../../support/switching.ts';
import { hiddenOf, SIZES, unitOf } from './chaotic-upstream.ts';

export interface Conversed {
  readonly exchanges: number;
  /** Bytes of another exchange, or that are no response. */
  readonly crossed: readonly string[];
  /** Neither a response nor an end in time. */
  readonly isStalled: boolean;
}

interface Sent {
  readonly nonce: string;
  readonly method: string;
  readonly bytes: string;
}

const PIPELINE = 12;
/** Milliseconds without a byte: more than any time-out of what is tested. */
const PATIENCE = 12_000;

/** Resolves when everything was answered, the connection has ended, or the client has left. */
export function converse(port: number, random: Random, name: string): Promise<Conversed> {
  return new Promise(resolve => new Conversation(port, random, name, resolve).start());
}

class Conversation {
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #requests: readonly Sent[];
  readonly #upgrade: Sent | undefined;
  readonly #reader: ResponseReader;
  readonly #done: (result: Conversed) => void;
  readonly #bytes: string;
  #at = 0;
  #isDone = false;
  #isStalled = false;

  constructor(port: number, random: Random, name: string, done: (result: Conversed) => void) {
    this.#random = random;
    this.#done = done;
    this.#requests = random.many(1, PIPELINE, index => createRequest(random, `${name}-${index}`));
    this.#upgrade = random.chance(8) ? createHandshake(`${name}-ws`) : undefined;
    const all = this.#upgrade ? [...this.#requests, this.#upgrade] : this.#requests;
    const bytes = all.map(request => request.bytes).join('');
    this.#bytes = random.chance(10) ? bytes.slice(0, random.below(bytes.length)) : bytes;
    const isAborted = this.#bytes.length < bytes.length;
    this.#reader = new ResponseReader(readMethods(all, this.#bytes.length));
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.#socket.setTimeout(PATIENCE, () => {
      this.#isStalled = true;
      this.#finish();
    });
    this.#socket.once('connect', () => this.#send(isAborted));
  }

  start(): void {
    const socket = this.#socket;
    socket.on('data', (bytes: Buffer) => {
      this.#reader.push(bytes);
      if (this.#isAnswered()) this.#finish();
    });
    socket.on('end', () => {
      this.#reader.end(true);
      this.#finish();
    });
    socket.on('error', () => socket.destroy()).on('close', () => this.#finish());
  }

  /** Mostly at once; else cut anywhere, also right behind a head, so that what comes next begins with the body. */
  #send(isAborted: boolean): void {
    const { length } = this.#bytes;
    while (this.#at < length) {
      const head = this.#random.chance(25) ? this.#bytes.indexOf('\r\n\r\n', this.#at) + 4 : 3;
      const size = head > 3 ? head - this.#at : this.#random.between(1, this.#random.pick(PIECES));
      this.#write(size);
      if ((head > 3 && this.#random.chance(70)) || this.#random.chance(4)) {
        this.#later(this.#random.below(4), () => this.#send(isAborted));
        return;
      }
    }
    if (isAborted) this.#later(this.#random.below(4), () => this.#leave());
  }

  #write(size: number): void {
    this.#socket.write(this.#bytes.slice(this.#at, this.#at + size), 'latin1');
    this.#at += size;
  }

  #leave(): void {
    if (this.#random.chance(50)) this.#socket.resetAndDestroy();
    else this.#socket.end();
  }

  #later(delay: number, act: () => void): void {
    const live = () => {
      if (!this.#isDone && !this.#socket.destroyed) act();
    };
    if (delay === 0) setImmediate(live);
    else setTimeout(live, delay);
  }

  #isAnswered(): boolean {
    const { responses, tunnelled, upgraded, fault } = this.#reader;
    if (fault !== undefined) return true;
    if (upgraded) return this.#upgrade !== undefined && tunnelled.endsWith(unitOf(this.#upgrade.nonce));
    const count = this.#requests.length + (this.#upgrade ? 1 : 0);
    return responses.length >= count && responses[count - 1]?.complete === true;
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (this.#random.chance(10)) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
    const exchanges = this.#requests.length + (this.#upgrade ? 1 : 0);
    this.#done({ exchanges, crossed: this.#check(), isStalled: this.#isStalled });
  }

  #check(): string[] {
    const { responses, tunnelled, fault } = this.#reader;
    // Sent while a request was on its way, they cannot be told from its response; and what follows is of that connection.
    if (responses.some(({ head }) => head.includes('LATE')) || tunnelled.includes('LATE')) return [];
    const first = this.#requests[0]?.nonce ?? '';
    const crossed = responses.map((response, index) => checkResponse(response, this.#requests[index] ?? this.#upgrade));
    crossed.push(fault && `${first}: ${fault}`, this.#checkTunnel());
    return crossed.filter(what => what !== undefined);
  }

  #checkTunnel(): string | undefined {
    const unit = unitOf(this.#upgrade?.nonce ?? 'none');
    const strange = this.#reader.tunnelled.replace(CLOSE_FRAME, '').replaceAll(unit, '');
    return unit.startsWith(strange) ? undefined : `tunnel of ${unit}: ${strange.slice(0, 80)}`;
  }
}

function checkResponse({ status, head, body }: SeenResponse, request: Sent | undefined): string | undefined {
  const told = [...head.matchAll(/\r\nx-nonce: (\S+)/gi)].map(([, value]) => value);
  // A local reply tells no nonce.
  if (told.length === 0 && status >= 400) return body.includes('<') ? `${status}: ${body.slice(0, 80)}` : undefined;
  const { nonce } = request ?? { nonce: 'none' };
  const rest = body.replaceAll(unitOf(nonce), '');
  // The end of a body that was cut may be a part of a nonce.
  const isPure = unitOf(nonce).startsWith(rest) && told.length === 1 && told[0] === nonce;
  return isPure ? undefined : `${nonce}: ${status} ${told} ${rest.slice(0, 80)}`;
}

/** @returns the methods of the requests whose heads are within the first `length` bytes: what answers another one has a body. */
function readMethods(requests: readonly Sent[], length: number): string[] {
  let at = 0;
  const isSent = ({ bytes }: Sent) => {
    const end = at + bytes.indexOf('\r\n\r\n') + 4;
    at += bytes.length;
    return end <= length;
  };
  return requests.filter(isSent).map(({ method }) => method);
}

/** The gateway's own, where a tunnel is idle for too long (RFC 6455 section 5.5.1). */
const CLOSE_FRAME = /\x88\x02\x03[\xe8-\xf3]$/;

const PIECES = [3, 200, 4_000, 70_000, 70_000, 70_000, 70_000];

function createRequest(random: Random, nonce: string): Sent {
  const head = (method: string, fields: string) => formatHead(method, nonce, fields);
  const kind = random.below(10);
  if (kind < 4) return { nonce, method: 'GET', bytes: head('GET', random.chance(3) ? 'Connection: close\r\n' : '') };
  if (kind === 4) return { nonce, method: 'HEAD', bytes: head('HEAD', '') };
  const text = (random.chance(50) ? unitOf : hiddenOf)(nonce).repeat(random.pick(SIZES));
  if (kind < 8) return { nonce, method: 'POST', bytes: `${head('POST', `Content-Length: ${text.length}\r\n`)}${text}` };
  const cut = random.below(text.length + 1);
  const chunks = [text.slice(0, cut), text.slice(cut)].filter(chunk => chunk !== '');
  const body = chunks.map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  const method = random.pick(['PUT', 'DELETE']);
  return { nonce, method, bytes: `${head(method, 'Transfer-Encoding: chunked\r\n')}${body}0\r\n\r\n` };
}

/** With bytes behind it that must not go out before the 101. */
function createHandshake(nonce: string): Sent {
  return { nonce, method: 'GET', bytes: `${formatHead('GET', nonce, HANDSHAKE_FIELDS)}${unitOf(nonce)}` };
}

function formatHead(method: string, nonce: string, fields: string): string {
  const own = `X-Nonce: ${nonce}\r\nX-Sent: ${performance.now().toFixed(1)}\r\n`;
  return `${method} /n/${nonce} HTTP/1.1\r\nHost: a\r\n${own}${fields}\r\n`;
}
