/** Requests: complete ones with unusual content, and raw ones with changed bytes. */

import { SAMPLE_KEY } from '../support/switching.ts';
import { FORGED_HEADERS, HOSTS, METHODS, OTHER_HOST, PATHS } from './corpus.ts';
import { mutateBytes, mutatePath } from './mutate.ts';
import type { Random } from './prng.ts';
import { pickToken, type Token, type TokenPool } from './tokens.ts';

export interface FuzzRequest {
  readonly method: string;
  /** Latin-1. */
  readonly text: string;
  /** Letters of the resources whose responses its client may get. */
  readonly opens: ReadonlySet<string>;
}

const NOTHING: ReadonlySet<string> = new Set();

/** @returns a complete request with an unusual path and unusual fields, framed correctly. */
export function createOddRequest(random: Random, pool: TokenPool): FuzzRequest {
  const seed = random.pick(PATHS);
  const path = random.chance(15) ? seed : mutatePath(random, seed);
  const token = random.chance(75) ? random.pick(pool.honest) : undefined;
  return assemble(
    random,
    path,
    token,
    random.many(0, 4, () => random.pick(FORGED_HEADERS)),
  );
}

/** @returns an ordinary request whose token is unusual, or is for another resource. */
export function createTokenRequest(random: Random, pool: TokenPool): FuzzRequest {
  const path = random.pick(['/api/x', '/api/v2/x', '/files/x', '/strip/x', '/api/%2e/x']);
  return assemble(random, path, pickToken(random, pool), []);
}

function assemble(random: Random, path: string, token: Token | undefined, extra: readonly string[]): FuzzRequest {
  const method = random.pick(METHODS);
  const host = random.chance(80) ? HOSTS[0] : random.pick(HOSTS);
  const target = random.chance(4) ? `http://${host}${path}` : path;
  const fields = [`Host: ${host}`, ...extra];
  if (token) fields.splice(random.below(fields.length + 1), 0, `Authorization: ${scheme(random)} ${token.text}`);
  // Only a resource of the other Host: the same path belongs to another resource there.
  const opens = token?.opens ?? NOTHING;
  const { lines, body } = createBody(random, method);
  return {
    method,
    text: `${[`${method} ${target} HTTP/1.1`, ...fields, ...lines, '', ''].join('\r\n')}${body}`,
    opens,
  };
}

function scheme(random: Random): string {
  return random.chance(92)
    ? 'Bearer'
    : random.pick(['bearer', 'BEARER', 'Bearer  ', 'Bearer\t', 'Basic', 'Bearer,', 'DPoP']);
}

const SMUGGLED = 'GET /api/v2/smuggled HTTP/1.1\r\nHost: api.example.com\r\nX-User: mallory\r\n\r\n';

/** A body of no, of known or of chunked length, also for methods that rarely have one. A request inside it must stay part of the body. */
function createBody(random: Random, method: string): { readonly lines: readonly string[]; readonly body: string } {
  if (!random.chance(method === 'POST' || method === 'PUT' ? 80 : 8)) return { lines: [], body: '' };
  const content = random.pick(['', 'hello', SMUGGLED, '0\r\n\r\n', 'x'.repeat(2000)]);
  if (random.chance(50)) return { lines: [`Content-Length: ${content.length}`], body: content };
  const extension = random.pick(['', ';a=b', ';q="v"']);
  const chunk = content === '' ? '' : `${content.length.toString(16)}${extension}\r\n${content}\r\n`;
  const trailer = random.chance(15) ? 'X-User: mallory\r\n' : '';
  return { lines: ['Transfer-Encoding: chunked'], body: `${chunk}0\r\n${trailer}\r\n` };
}

/**
 * @returns one to three requests as raw bytes, changed anywhere: framing, line ends, request line, a cut at the end. None is a
 *   HEAD, so that the length of a response does not depend on how the request was read.
 */
export function createRawRequests(random: Random, pool: TokenPool): FuzzRequest {
  const parts = random.many(1, 3, () => {
    const kind = random.below(10);
    if (kind === 0) return { text: hostileText(random), opens: NOTHING };
    return kind < 7 ? createOddRequest(random, pool) : createTokenRequest(random, pool);
  });
  const text = parts.map(part => part.text.replace(/^HEAD/, 'GET')).join('');
  return { method: 'GET', text: mutateBytes(random, text), opens: new Set(parts.flatMap(part => [...part.opens])) };
}

function hostileText(random: Random): string {
  return `POST /hostile/raw HTTP/1.1\r\nHost: ${OTHER_HOST}\r\nContent-Length: 5\r\n${random.pick(FORGED_HEADERS)}\r\n\r\nhello`;
}

/** @returns a request that the hostile upstream answers with the response of that number. */
export function createHostileRequest(random: Random, iteration: number, index: number): FuzzRequest {
  const path = `/hostile/${iteration}.${index}`;
  const head = (method: string, lines: readonly string[]) =>
    [`${method} ${path} HTTP/1.1`, 'Host: api.example.com', ...lines, '', ''].join('\r\n');
  const kind = random.below(10);
  if (kind < 7) return { method: 'GET', text: head('GET', []), opens: NOTHING };
  if (kind === 7) return { method: 'HEAD', text: head('HEAD', []), opens: NOTHING };
  const text = kind === 8 ? `${head('POST', ['Content-Length: 5'])}hello` : head('DELETE', []);
  return { method: kind === 8 ? 'POST' : 'DELETE', text, opens: NOTHING };
}

/** @returns a WebSocket handshake and frames behind it; each changed now and then. */
export function createUpgrade(random: Random, pool: TokenPool, iteration: number): FuzzRequest {
  const isHostile = random.chance(50);
  const token = random.chance(85) ? random.pick(pool.honest) : pickToken(random, pool);
  const lines = [
    `GET ${isHostile ? `/hostile/ws/${iteration}.0` : random.pick(['/api/ws', '/api/v2/ws', '/open/ws'])} HTTP/1.1`,
    'Host: api.example.com',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${SAMPLE_KEY}`,
    `Authorization: Bearer ${token.text}`,
    ...random.many(0, 2, () => random.pick(FORGED_HEADERS)),
  ];
  const handshake = `${lines.join('\r\n')}\r\n\r\n`;
  const frames = random.many(0, 4, () => createFrame(random)).join('');
  const head = random.chance(50) ? handshake : mutateBytes(random, handshake, 2);
  const tail = random.chance(50) || frames === '' ? frames : mutateBytes(random, frames, 3);
  return { method: 'GET', text: head + tail, opens: token.opens };
}

/** A frame of a client (RFC 6455 section 5.2) whose opcode, reserved bits and lengths are correct only sometimes. */
export function createFrame(random: Random, masked = true): string {
  const opcode = random.pick([0x81, 0x82, 0x89, 0x8a, 0x88, 0x01, 0x80, 0x8f, 0xf1, 0x83]);
  const payload = random.bytes(random.pick([0, 1, 2, 5, 125, 126, 300]));
  const mask = masked ? 0x80 : 0;
  const length = random.chance(85) ? payload.length : random.pick([0, 127, 65536]);
  const header = [opcode, mask | (length < 126 ? length : length < 65536 ? 126 : 127)];
  if (length >= 65536) header.push(0, 0, 0, 0, 0, 1, 0, 0);
  else if (length >= 126) header.push(length >> 8, length & 0xff);
  return Buffer.concat([Buffer.from(header), random.bytes(masked ? 4 : 0), payload]).toString('latin1');
}
