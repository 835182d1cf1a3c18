import { expect, test } from 'vitest';
import { listParts, ReceivedPieces } from '../../../../src/process/workers/config-parts.ts';

const pieces = Array.from({ length: 10 }, (_, index) => Uint8Array.of(index, 255 - index));

/** @returns `part` as it arrives in another process. */
const send = <T>(part: T): T => JSON.parse(JSON.stringify(part));

test('all parts: the pieces as they were', () => {
  const received = new ReceivedPieces();
  const parts = [...listParts(pieces)];
  expect(parts.length).toBeGreaterThan(1);
  for (const part of parts) received.add(send(part));
  expect(received.take(pieces.length).map(piece => [...piece])).toEqual(pieces.map(piece => [...piece]));
});

test('a part is missing: throws, and nothing of it is left for the next configuration', () => {
  const received = new ReceivedPieces();
  for (const part of [...listParts(pieces)].slice(0, -1)) received.add(part);
  expect(() => received.take(pieces.length)).toThrow('the configuration is not complete');
  expect(received.take(0)).toEqual([]);
});

test('the parts of another configuration before: dropped', () => {
  const received = new ReceivedPieces();
  for (const part of [...listParts(pieces)].slice(0, 2)) received.add(part);
  for (const part of listParts(pieces.slice(0, 3))) received.add(part);
  expect(received.take(3)).toHaveLength(3);
});
