/** Messages with one or a few things wrong, or odd: each a function of the seed. */

import type { Random } from '../../fuzz/prng.ts';

const NAMES = [
  'A',
  'X-B',
  'Host',
  'Content-Length',
  'Transfer-Encoding',
  'Connection',
  'Expect',
  'Upgrade',
  'TE',
  'Trailer',
];
const VALUES = [
  '',
  'a',
  'a.example',
  '0',
  '3',
  '5',
  '+3',
  '0x3',
  '3, 3',
  '03',
  'chunked',
  'Chunked',
  ' chunked',
  'chunked ',
  'gzip, chunked',
  'chunked, chunked',
  'identity',
  'xchunked',
  'close',
  'keep-alive',
  'upgrade',
  'websocket',
  '100-continue',
  'a\tb',
  '\xff\x80',
  '"a, b"',
];
/** What is put in, or instead of a byte, somewhere. */
const SCRAPS = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\0',
  '\t',
  ' ',
  ':',
  ';',
  ',',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x85',
  '\xa0',
  '0',
  '5',
  'a',
  ' chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  ' \r\n',
  'HTTP/1.1',
  '0\r\n\r\n',
];
const METHODS = ['GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'QUERY', 'PATCH', 'FROB'];
const TARGETS = ['/', '/a?b=c', '*', 'http://a.example/b', '/%00', '/a#b', 'a', '/"<>'];

export function createRequests(random: Random): Buffer {
  const text = random.many(1, 3, () => createRequest(random)).join('');
  return mutate(random, text);
}

export function createResponse(random: Random): Buffer {
  const line = `HTTP/1.${random.pick(['1', '1', '1', '0'])} ${random.pick(['200', '200', '204', '304', '404', '500', '100', '103'])} OK\r\n`;
  const first = random.chance(10) ? 'HTTP/1.1 100 Continue\r\n\r\n' : '';
  return mutate(random, `${first}${line}${createRest(random)}`);
}

function createRequest(random: Random): string {
  const version = random.chance(93) ? '1.1' : random.pick(['1.0', '1.2', '2.0']);
  return `${random.pick(METHODS)} ${random.pick(TARGETS)} HTTP/${version}\r\nHost: a.example\r\n${createRest(random)}`;
}

/** Fields, and a body that mostly fits. */
function createRest(random: Random): string {
  const fields = random.many(0, 3, () => createField(random)).join('');
  const kind = random.below(4);
  if (kind === 0) return `${fields}\r\n`;
  const body = random
    .many(0, 3, () => random.pick(['abc', 'hello', '\r\n', '0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n']))
    .join('');
  if (kind === 1) return `${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
  return `${fields}Transfer-Encoding: chunked\r\n\r\n${createChunks(random, body)}`;
}

function createField(random: Random): string {
  const colon = random.chance(95) ? ': ' : random.pick([':', ' :', ':\t', ': \t ', '']);
  const end = random.chance(97) ? '\r\n' : random.pick(['\n', '\r', '\r\r\n', ' \r\n', '\r\n ', '\r\n\t']);
  return `${random.pick(random.chance(85) ? NAMES.slice(0, 2) : NAMES)}${colon}${random.pick(VALUES)}${end}`;
}

function createChunks(random: Random, body: string): string {
  const cut = random.below(body.length + 1);
  const chunks = [body.slice(0, cut), body.slice(cut)]
    .filter(chunk => chunk !== '')
    .map(chunk => createChunk(random, chunk));
  const trailer = random.chance(80) ? '' : createField(random);
  return `${chunks.join('')}${random.pick(['0', '0', '0', '00', '0;a'])}\r\n${trailer}\r\n`;
}

function createChunk(random: Random, chunk: string): string {
  const size = chunk.length.toString(16);
  const spelling = random.chance(85)
    ? size
    : random.pick([size.toUpperCase(), `0${size}`, `0x${size}`, `+${size}`, ` ${size}`, `${size} `]);
  const extension = random.chance(85)
    ? ''
    : random.pick([';a', ';a=b', ';a="b c"', '; a', ';', ' ;a', ';a="\\""', ';a;b=c']);
  return `${spelling}${extension}\r\n${chunk}\r\n`;
}

function mutate(random: Random, text: string): Buffer {
  let mutated = text;
  for (let count = random.pick([0, 0, 1, 1, 1, 2]); count > 0; count -= 1) {
    const at = random.below(mutated.length + 1);
    const removed = random.pick([0, 0, 1, 1, 2, 5]);
    const added = random.chance(70) ? random.pick(SCRAPS) : '';
    mutated = mutated.slice(0, at) + added + mutated.slice(at + removed);
  }
  return Buffer.from(mutated, 'latin1');
}
