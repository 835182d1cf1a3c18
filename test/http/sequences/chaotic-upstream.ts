/**
 * An upstream for random sequences. Each request carries a nonce in its target, its fields and all of its body: whatever arrives
 * beside it is a cross-delivery. What it answers is chance: early, cut, in every framing, with unsolicited bytes.
 */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Random } from '../../fuzz/prng.ts';
import { SAMPLE_ACCEPT } from '../../support/switching.ts';

export interface Sightings {
  requests: number;
  /** What was read where it does not belong. */
  readonly crossed: string[];
  readonly kinds: Map<string, number>;
}

/** Milliseconds after which bytes on loopback have been seen, on a machine that does other things. */
const VISIBLE = 200;

/** Times that a body repeats its nonce: mostly small, since a small one finds as much and is cheaper. */
export const SIZES: readonly number[] = [...Array<number[]>(6).fill([0, 1, 1, 3, 3, 20]).flat(), 400, 4_000];

/** What a body of a nonce consists of. */
export const unitOf = (nonce: string) => `<${nonce}>`;

/** The other thing that it may consist of: requests that must not be taken for any. */
export const hiddenOf = (nonce: string) =>
  `GET /n/HIDDEN-${nonce} HTTP/1.1\r\nHost: a\r\nX-Nonce: HIDDEN-${nonce}\r\n\r\n`;

export class ChaoticUpstream {
  readonly seen: Sightings = { requests: 0, crossed: [], kinds: new Map() };
  readonly #server: Server = createServer({ allowHalfOpen: true, noDelay: true });
  readonly #sockets = new Set<Socket>();
  readonly #seed: number;
  #connections = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  async listen(): Promise<number> {
    this.#server.on('connection', socket => {
      this.#connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      new Conversation(socket, new Random(this.#seed, this.#connections), this.seen).start();
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

interface Expected {
  readonly nonce: string;
  readonly method: string;
  readonly isUpgrade: boolean;
  /** Undefined: chunked. */
  remaining: number | undefined;
  body: string;
}

class Conversation {
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #seen: Sightings;
  #bytes = '';
  #request: Expected | undefined;
  #hasAnswered = false;
  #tunnel: string | undefined;
  /** When unsolicited bytes were sent behind a response, by `performance.now()`. */
  #lateAt: number | undefined;

  constructor(socket: Socket, random: Random, seen: Sightings) {
    this.#socket = socket;
    this.#random = random;
    this.#seen = seen;
  }

  start(): void {
    this.#socket.setEncoding('latin1').on('data', (piece: unknown) => {
      this.#bytes += piece as string;
      while (this.#step());
    });
    this.#socket.on('error', () => this.#socket.destroy()).on('end', () => this.#socket.end());
  }

  /** @returns whether something was read. */
  #step(): boolean {
    if (this.#tunnel !== undefined) return this.#readTunnel(this.#tunnel);
    return this.#request ? this.#readBody(this.#request) : this.#readHead();
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const head = this.#bytes.slice(0, end);
    this.#bytes = this.#bytes.slice(end + 4);
    const [, method = '', nonce = ''] = /^(\w+) \/n\/(\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    if (nonce.startsWith('HIDDEN')) this.#cross(`a body taken for a request: ${nonce}`);
    if (nonce === '') return this.#cross(`no request: ${head.slice(0, 80)}`);
    const nonces = [...head.matchAll(/x-nonce: (\S+)/gi)].map(match => match[1]);
    if (nonces.length !== 1 || nonces[0] !== nonce) this.#cross(`head of ${nonce}: ${nonces}`);
    const sentAt = Number(/x-sent: (\S+)/i.exec(head)?.[1]);
    if (this.#lateAt !== undefined && sentAt > this.#lateAt + VISIBLE) this.#cross(`${nonce} sent into late bytes`);
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    const remaining = /transfer-encoding: chunked/i.test(head) ? undefined : Number(length ?? 0);
    this.#request = { nonce, method, isUpgrade: /upgrade: websocket/i.test(head), remaining, body: '' };
    this.#hasAnswered = false;
    this.#seen.requests += 1;
    if (this.#request.remaining !== 0 && this.#random.chance(25)) this.#answer(this.#request);
    return true;
  }

  #readBody(request: Expected): boolean {
    if (request.remaining === undefined) return this.#readChunk(request);
    if (request.remaining > 0 && this.#bytes === '') return false;
    const piece = this.#bytes.slice(0, request.remaining);
    request.body += piece;
    request.remaining -= piece.length;
    this.#bytes = this.#bytes.slice(piece.length);
    if (request.remaining === 0) this.#finish(request);
    return true;
  }

  #readChunk(request: Expected): boolean {
    const end = this.#bytes.indexOf('\r\n');
    if (end === -1) return false;
    const size = Number.parseInt(this.#bytes.slice(0, end), 16);
    if (!(size >= 0)) return this.#cross(`chunk of ${request.nonce}`);
    if (this.#bytes.length < end + 2 + size + 2) return false;
    request.body += this.#bytes.slice(end + 2, end + 2 + size);
    this.#bytes = this.#bytes.slice(end + 2 + size + 2);
    if (size === 0) this.#finish(request);
    return true;
  }

  #finish(request: Expected): void {
    const { nonce, body } = request;
    const isMadeOf = (unit: string) => body === unit.repeat(Math.ceil(body.length / unit.length)).slice(0, body.length);
    if (!isMadeOf(unitOf(nonce)) && !isMadeOf(hiddenOf(nonce))) {
      this.#cross(`body of ${request.nonce}: ${request.body.slice(0, 80)}`);
    }
    if (!this.#hasAnswered) this.#answer(request);
    this.#request = undefined;
  }

  #readTunnel(nonce: string): boolean {
    if (this.#bytes === '') return false;
    const unit = unitOf(nonce);
    const rest = this.#bytes.replaceAll(unit, '');
    // A unit may come in two pieces.
    if (!unit.startsWith(rest)) this.#cross(`tunnel of ${nonce}: ${this.#bytes.slice(0, 80)}`);
    this.#socket.write(this.#bytes.slice(0, this.#bytes.length - rest.length), 'latin1');
    this.#bytes = rest;
    return false;
  }

  #answer(request: Expected): void {
    this.#hasAnswered = true;
    const kind = this.#chooseKind(request);
    this.#seen.kinds.set(kind, (this.#seen.kinds.get(kind) ?? 0) + 1);
    const delay = this.#random.pick([0, 0, 0, 1, 3]);
    if (kind === 'reset') this.#later(delay, () => this.#socket.resetAndDestroy());
    else if (kind === 'switch') this.#switch(request);
    else this.#later(delay, () => this.#send(request, kind));
  }

  #chooseKind(request: Expected): string {
    if (request.isUpgrade && this.#random.chance(60)) return 'switch';
    const ends = ['close', 'cut', 'reset', 'surplus', 'late surplus', 'malformed'];
    return this.#random.chance(8)
      ? this.#random.pick(ends)
      : this.#random.pick(['length', 'length', 'chunked', 'interim', 'none']);
  }

  #switch({ nonce }: Expected): void {
    this.#tunnel = nonce;
    const accept = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${SAMPLE_ACCEPT}\r\n`;
    const greeting = this.#random.chance(50) ? unitOf(nonce) : '';
    this.#socket.write(`HTTP/1.1 101 Switching Protocols\r\n${accept}X-Nonce: ${nonce}\r\n\r\n${greeting}`);
  }

  #send(request: Expected, kind: string): void {
    const poison = `HTTP/1.1 200 OK\r\nX-Nonce: POISON-${request.nonce}\r\nContent-Length: 6\r\n\r\nPOISON`;
    // In one write with the end of the response: between two of them the next request may already be on its way.
    this.#write(this.#format(request, kind), kind === 'surplus' ? poison : '');
    if (kind === 'surplus') this.#lateAt = performance.now();
    else if (kind === 'late surplus') this.#later(this.#random.below(3), () => this.#sendLate(poison));
    else if (kind === 'close') this.#socket.end();
    else if (kind === 'cut' || kind === 'malformed') this.#socket.destroySoon();
  }

  /** Bytes that meet a request on its way look like its response; what is sent after them must have been kept from them. */
  #sendLate(poison: string): void {
    if (this.#request || this.#bytes !== '') return;
    this.#lateAt = performance.now();
    this.#socket.write(poison.replaceAll('POISON', 'LATE'));
  }

  #format({ nonce, method }: Expected, kind: string): string {
    const field = `X-Nonce: ${nonce}\r\n`;
    if (kind === 'none') return `HTTP/1.1 ${this.#random.pick(['204', '304'])} x\r\n${field}\r\n`;
    if (kind === 'malformed') return `HTTP/1.1 200 x\r\n${field}Content-Length: 2\r\nContent-Length: 3\r\n\r\nPOISON`;
    const text = method === 'HEAD' ? '' : unitOf(nonce).repeat(this.#random.pick(SIZES));
    const first = kind === 'interim' ? `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\n${field}\r\n` : '';
    if (kind === 'chunked' && method !== 'HEAD')
      return `HTTP/1.1 200 x\r\n${field}Transfer-Encoding: chunked\r\n\r\n${this.#chunk(text)}`;
    if (kind === 'close') return `HTTP/1.1 200 x\r\n${field}Connection: close\r\n\r\n${text}`;
    const length = kind === 'cut' ? text.length + 5 : text.length;
    return `${first}HTTP/1.1 200 x\r\n${field}Content-Length: ${length}\r\n\r\n${text}`;
  }

  #chunk(text: string): string {
    const cut = this.#random.below(text.length + 1);
    const chunks = [text.slice(0, cut), text.slice(cut)].filter(chunk => chunk !== '');
    return `${chunks.map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`;
  }

  /** At once, or in two pieces, the first of them within `text`. */
  #write(text: string, behind: string): void {
    const cut = this.#random.chance(70) ? 0 : this.#random.below(text.length);
    if (cut > 0) this.#socket.write(text.slice(0, cut), 'latin1');
    this.#socket.write(text.slice(cut) + behind, 'latin1');
  }

  #later(delay: number, act: () => void): void {
    if (delay === 0) act();
    else setTimeout(act, delay).unref();
  }

  #cross(what: string): false {
    this.#seen.crossed.push(what);
    this.#socket.destroy();
    this.#bytes = '';
    return false;
  }
}
