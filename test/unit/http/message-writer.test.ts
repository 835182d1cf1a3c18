/** How messages leave: in how few writes, and never longer or shorter than their heads say. */

import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { MessageWriter } from '../../../src/http/framing/message-writer.ts';

let writes: string[];
let writer: MessageWriter;

beforeEach(() => {
  writes = [];
  let corked: string[] | undefined;
  const socket = {
    writableNeedDrain: false,
    write: (bytes: string | Buffer) =>
      (corked ?? writes).push(typeof bytes === 'string' ? bytes : bytes.toString('latin1')),
    cork: () => {
      corked = [];
    },
    uncork: () => {
      writes.push((corked ?? []).join(''));
      corked = undefined;
    },
  };
  writer = new MessageWriter(socket as unknown as Socket);
});

const HEAD = 'HEAD\r\n\r\n';
const large = Buffer.alloc(20_000, 'x');

describe('in one write', () => {
  test('a head without a body', () => {
    writer.start(HEAD, 'none');
    expect(writer.end()).toBe(true);
    expect(writes).toEqual([HEAD]);
  });

  test('a head and a small body of a length', () => {
    writer.start(HEAD, 5);
    writer.write(Buffer.from('hel'));
    writer.write(Buffer.from('lo'));
    expect(writer.end()).toBe(true);
    expect(writes).toEqual([`${HEAD}hello`]);
  });

  test('a head and small chunks', () => {
    writer.start(HEAD, 'unknown');
    writer.write(Buffer.from('hello\xff', 'latin1'));
    writer.write(Buffer.alloc(0));
    expect(writer.end()).toBe(true);
    expect(writes).toEqual([`${HEAD}6\r\nhello\xff\r\n0\r\n\r\n`]);
  });

  test('a head and a large piece, which is not copied into a string', () => {
    writer.start(HEAD, 'unknown');
    writer.write(large);
    expect(writes).toEqual([`${HEAD}4e20\r\n${large}\r\n`]);
  });

  test('small pieces of one turn behind a head that has left', async () => {
    writer.start(HEAD, 'unknown');
    await setImmediate();
    for (const piece of ['a', 'b', 'c']) writer.write(Buffer.from(piece));
    await setImmediate();
    expect(writes).toEqual([HEAD, '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n']);
  });
});

test('a head whose body is yet to come: leaves at the end of the turn', async () => {
  writer.start(HEAD, 'unknown');
  expect(writes).toEqual([]);
  await setImmediate();
  expect(writes).toEqual([HEAD]);
});

test('closed in the same turn: nothing leaves', async () => {
  writer.start(HEAD, 'unknown');
  writer.write(Buffer.from('a'));
  writer.close();
  await setImmediate();
  expect([writes, writer.isOpen]).toEqual([[], false]);
});

describe('a body that is not as long as its head says', () => {
  test('longer: thrown, nothing of the piece leaves, and it does not end well', async () => {
    writer.start(HEAD, 5);
    expect(() => writer.write(Buffer.from('hello!'))).toThrow(RangeError);
    await setImmediate();
    expect([writes, writer.end()]).toEqual([[HEAD], false]);
  });

  test('shorter: it does not end well', () => {
    writer.start(HEAD, 5);
    writer.write(Buffer.from('hell'));
    expect(writer.end()).toBe(false);
  });

  test('one where there is none: thrown', () => {
    writer.start(HEAD, 'none');
    expect(() => writer.write(Buffer.from('a'))).toThrow(RangeError);
  });
});

test('one message inside another, or a piece of none: thrown', () => {
  writer.start(HEAD, 5);
  expect(() => writer.start(HEAD, 5)).toThrow('a message is under way');
  writer.close();
  expect(() => writer.write(Buffer.from('a'))).toThrow('no message is under way');
  expect(() => writer.end()).toThrow('no message is under way');
});
