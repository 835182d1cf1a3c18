/** Mutations of bytes: of lines, numbers and pieces of the dictionary, besides random flips and cuts. */

import { FRAGMENTS, FRAMING_LINES, NUMBERS, PATH_PIECES } from './corpus.ts';
import type { Random } from './prng.ts';

type Mutation = (random: Random, text: string) => string;

/** @returns `bytes`, changed in one to `most` places. Text is Latin-1: one character a byte. */
export function mutateBytes(random: Random, bytes: string, most = 4): string {
  let mutated = bytes;
  for (let left = random.between(1, most); left > 0; left--) mutated = random.pick(MUTATIONS)(random, mutated);
  return mutated;
}

/** @returns `path` with pieces inserted, removed or spelled otherwise; still a target that node:http can parse. */
export function mutatePath(random: Random, path: string): string {
  let mutated = path;
  for (let left = random.between(1, 3); left > 0; left--) mutated = random.pick(PATH_MUTATIONS)(random, mutated);
  return mutated.startsWith('/') ? mutated : `/${mutated}`;
}

function splice(text: string, at: number, removed: number, inserted: string): string {
  return text.slice(0, at) + inserted + text.slice(at + removed);
}

function place(random: Random, text: string): number {
  return random.below(text.length + 1);
}

function character(code: number): string {
  return String.fromCharCode(code & 0xff);
}

const flipBit: Mutation = (random, text) => {
  const at = random.below(text.length);
  return splice(text, at, 1, character((text.charCodeAt(at) || 0) ^ (1 << random.below(8))));
};
const replaceByte: Mutation = (random, text) => splice(text, random.below(text.length), 1, character(random.next()));
const insertByte: Mutation = (random, text) => splice(text, place(random, text), 0, character(random.next()));
const insertFragment: Mutation = (random, text) => splice(text, place(random, text), 0, random.pick(FRAGMENTS));
const removeRange: Mutation = (random, text) => splice(text, place(random, text), random.between(1, 12), '');
const truncate: Mutation = (random, text) => text.slice(0, place(random, text));

const repeatRange: Mutation = (random, text) => {
  const at = place(random, text);
  const range = text.slice(at, at + random.between(1, 40));
  return splice(text, at, 0, range.repeat(random.chance(5) ? 500 : random.between(1, 3)));
};

const changeNumber: Mutation = (random, text) => {
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return text;
  const { index, 0: digits } = random.pick(numbers);
  return splice(text, index, digits.length, random.pick(NUMBERS));
};

const changeCase: Mutation = (random, text) => {
  const at = place(random, text);
  const range = text.slice(at, at + random.between(1, 10));
  return splice(text, at, range.length, random.chance(50) ? range.toUpperCase() : range.toLowerCase());
};

/** At the start of a line: there begin fields in a head, and chunks in a body. */
function mutateLine(change: (random: Random, line: string) => string): Mutation {
  return (random, text) => {
    const lines = text.split('\r\n');
    const at = random.below(lines.length);
    lines[at] = change(random, lines[at] ?? '');
    return lines.join('\r\n');
  };
}

const addFramingLine = mutateLine((random, line) => `${line}\r\n${random.pick(FRAMING_LINES)}`);
const replaceLine = mutateLine(random => random.pick(FRAMING_LINES));
const repeatLine = mutateLine((_random, line) => `${line}\r\n${line}`);
const emptyLine = mutateLine(() => '');
const foldLine = mutateLine((random, line) => `${random.pick([' ', '\t'])}${line}`);

const changeLineEnd: Mutation = (random, text) => {
  const ends = [...text.matchAll(/\r\n/g)];
  if (ends.length === 0) return text;
  return splice(text, random.pick(ends).index, 2, random.pick(['\n', '\r', '\r\r\n', '\n\r', '\0\r\n', '']));
};

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  replaceByte,
  insertByte,
  insertFragment,
  insertFragment,
  removeRange,
  truncate,
  repeatRange,
  changeNumber,
  changeCase,
  addFramingLine,
  addFramingLine,
  replaceLine,
  repeatLine,
  emptyLine,
  foldLine,
  changeLineEnd,
];

const encodeCharacter: Mutation = (random, path) => {
  const at = random.below(path.length);
  const hex = (path.charCodeAt(at) || 0x2f).toString(16).padStart(2, '0');
  return splice(path, at, 1, `%${random.chance(50) ? hex.toUpperCase() : hex}`);
};

const PATH_MUTATIONS: readonly Mutation[] = [
  (random, path) => splice(path, place(random, path), 0, random.pick(PATH_PIECES)),
  (random, path) => splice(path, place(random, path), 0, random.pick(PATH_PIECES)),
  (random, path) => splice(path, place(random, path), random.between(1, 3), ''),
  (random, path) => splice(path, place(random, path), 0, character(random.between(0x21, 0x7e))),
  encodeCharacter,
  (random, path) => (random.chance(10) ? path + '/a'.repeat(random.between(1, 900)) : path.toUpperCase()),
];
