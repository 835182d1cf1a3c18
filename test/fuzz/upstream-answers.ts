/** Responses of a broken or hostile upstream: complete, cut, with bytes behind their end, and mutated. */

import { mutateBytes } from './mutate.ts';
import { Random } from './prng.ts';
import { createFrame } from './requests.ts';

/** What the client of the gateway must be able to tell from the response. */
export type Verdict = 'whole' | 'cut' | 'any';

export interface UpstreamAnswer {
  /** Latin-1; written with pauses between the pieces. */
  readonly pieces: readonly string[];
  readonly end: 'keep' | 'close' | 'reset' | 'hang';
  /** `whole`: exactly `body` with `status`, or nothing that looks complete. `cut`: never a complete message of the upstream. */
  readonly verdict: Verdict;
  readonly status: number;
  readonly body: string;
}

interface Seed {
  readonly status: number;
  readonly text: string;
  readonly body: string;
  /** The end of the connection is the end of the body. */
  readonly endsByClose?: boolean;
}

const NO_ANSWER = 0;

/** @returns a tag that ties a body to one request; a mutated tag is not recognised. */
export function tagOf(seed: number, iteration: number, index: number): string {
  const proof = new Random(seed, iteration, index, 0x7a9).next().toString(16).padStart(8, '0');
  return `<${iteration}.${index}.${proof}>`;
}

/** @returns the response to request `index` of case `iteration`; depends on these and the seed only. */
export function createUpstreamAnswer(seed: number, iteration: number, index: number): UpstreamAnswer {
  const random = new Random(seed, iteration, index, 0x4e5);
  const base = createSeed(random, tagOf(seed, iteration, index));
  const { status, body, text } = base;
  const end = base.endsByClose ? 'close' : 'keep';
  const whole = { pieces: [text], end, verdict: 'whole', status, body } as const;
  const kind = random.below(100);
  if (kind < 20) return { ...whole, pieces: random.chance(70) ? [text] : split(random, text) };
  if (kind < 35) return cut(random, base);
  if (kind < 45) return { ...whole, pieces: [text + createExtra(random)], verdict: base.endsByClose ? 'any' : 'whole' };
  const mutated = mutateBytes(random, text, 5);
  const pieces = random.chance(85) ? [mutated] : split(random, mutated);
  const mutatedEnd = random.chance(1) ? 'hang' : random.pick(['keep', 'close', 'close', 'close', 'reset'] as const);
  return { ...whole, pieces, end: mutatedEnd, verdict: 'any' };
}

/** @returns the response to a handshake: mostly 101, then frames; or anything else. */
export function createUpgradeAnswer(seed: number, iteration: number): UpstreamAnswer {
  const random = new Random(seed, iteration, 0, 0x3b);
  const tag = tagOf(seed, iteration, 0);
  const accepted =
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Tag: ${tag}\r\n\r\n`;
  const head = random.chance(75) ? accepted : createSeed(random, tag).text;
  const frames = random.many(0, 4, () => createFrame(random, random.chance(10))).join('');
  const text = random.chance(40) ? head + frames : mutateBytes(random, head + frames, 3);
  const end = random.pick(['keep', 'close', 'reset', 'reset'] as const);
  return { pieces: random.chance(60) ? [text] : split(random, text), end, verdict: 'any', status: 101, body: '' };
}

function createSeed(random: Random, tag: string): Seed {
  const body = random.chance(5) ? tag.padEnd(40_000, tag) : `${tag}${'b'.repeat(random.below(60))}`;
  const length = `Content-Length: ${body.length}`;
  const chunks = random.many(1, 3, () => random.between(1, body.length));
  const chunked = chunkBody(body, chunks);
  const message = (status: number, lines: readonly string[], content = body) =>
    ({ status, body: content, text: `${[statusLine(status), ...lines, '', ''].join('\r\n')}${content}` }) as const;
  const inChunks = (status: number, lines: readonly string[], trailer = '') => {
    const { text } = message(status, ['Transfer-Encoding: chunked', ...lines], '');
    return { status, body, text: `${text}${chunked}0\r\n${trailer}\r\n` };
  };
  const after = (interim: string, seed: Seed): Seed => ({ ...seed, text: interim + seed.text });
  switch (random.below(16)) {
    case 0:
      return message(204, [], '');
    case 1:
      return message(304, ['ETag: "x"'], '');
    case 2:
      return { ...message(200, []), endsByClose: true };
    case 3:
      return { ...message(200, [length, 'Connection: close']), endsByClose: true };
    case 4:
      return inChunks(200, ['Trailer: X-Sum'], 'X-Sum: 1\r\n');
    case 5:
      return inChunks(500, ['Content-Type: text/event-stream']);
    case 6:
      return after('HTTP/1.1 100 Continue\r\n\r\n', message(200, [length]));
    case 7:
      return after('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n', message(200, [length]));
    case 8:
      return after('HTTP/1.1 102 Processing\r\n\r\n'.repeat(random.between(1, 15)), message(200, [length]));
    case 9:
      return message(404, [length, 'Set-Cookie: a=b', 'Set-Cookie: c=d', 'Connection: X-Gone', 'X-Gone: 1']);
    case 10:
      return message(401, [length, 'WWW-Authenticate: Basic realm="x"']);
    case 11:
      return message(200, ['Content-Length: 0'], '');
    case 12:
      return message(302, [length, 'Location: http://127.0.0.1:1/']);
    default:
      return random.chance(50) ? message(200, [length]) : inChunks(200, []);
  }
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} Said`;
}

function chunkBody(body: string, lengths: readonly number[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const length of [...lengths, body.length]) {
    const piece = body.slice(at, at + length);
    if (piece !== '') pieces.push(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    at += length;
  }
  return pieces.join('');
}

/** Cuts before the last byte. A body that ends with the connection cannot be cut; a response without a body is cut in its head. */
function cut(random: Random, { text, body, status, endsByClose }: Seed): UpstreamAnswer {
  const head = text.lastIndexOf('\r\n\r\n', text.length - body.length) + 4;
  const limit = endsByClose && !text.includes('Content-Length') ? head - 2 : text.length - 1;
  const pieces = [text.slice(0, random.below(Math.max(1, limit)))];
  return {
    pieces,
    end: random.pick(['close', 'reset']),
    verdict: 'cut',
    status: NO_ANSWER,
    body: status === 0 ? '' : body,
  };
}

function createExtra(random: Random): string {
  const stolen = 'HTTP/1.1 200 OK\r\nX-Stolen: 1\r\nContent-Length: 6\r\n\r\nstolen';
  return random.pick([stolen, stolen + stolen, 'x', '\r\n', '\0', '0\r\n\r\n', 'HTTP/1.1 200 ', 'x'.repeat(5000)]);
}

function split(random: Random, text: string): string[] {
  const cuts = random.many(1, 3, () => random.below(text.length)).sort((a, b) => a - b);
  return [...cuts, text.length].map((end, index) => text.slice(cuts[index - 1] ?? 0, end));
}
