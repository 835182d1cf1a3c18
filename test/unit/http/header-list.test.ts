import { describe, expect, test } from 'vitest';
import { isHopByHop, readConnectionOptions, reduceFields, valuesOf } from '../../../src/http/header-list.ts';

describe('reduceFields', () => {
  const list = (fields: readonly string[]) =>
    reduceFields(fields, (seen, name, value) => [...seen, `${name}=${value}`], [] as readonly string[]);

  test('several fields of one name: each is visited, in order, as spelled', () => {
    expect(list(['A', '1', 'b', '2', 'a', '3'])).toEqual(['A=1', 'b=2', 'a=3']);
  });

  test('an empty list: the initial value', () => {
    expect(list([])).toEqual([]);
  });

  test('a name without a value at the end: ignored', () => {
    expect(list(['a', '1', 'b'])).toEqual(['a=1']);
  });

  test('a context: handed to each step', () => {
    const step = (sum: number, _name: string, value: string, factor: number) => sum + Number(value) * factor;
    expect(reduceFields(['a', '1', 'b', '2'], step, 0, 10)).toBe(30);
  });
});

test('valuesOf: every value of the name in any letter case, none of a longer name or of a value', () => {
  expect(valuesOf(['Link', 'a', 'LINK', 'b', 'Links', 'c', 'x', 'link'], 'link')).toEqual(['a', 'b']);
});

describe('readConnectionOptions', () => {
  test.each([[['Connection', 'keep-alive']], [['Connection', 'close, Keep-Alive']], [['Host', 'a']], [[]]])(
    '%j lists no field: undefined',
    fields => {
      expect(readConnectionOptions(fields)).toBeUndefined();
    },
  );

  test('two Connection fields: the names of both, lower-case', () => {
    const fields = ['connection', 'X-One , close', 'CONNECTION', 'x-two,upgrade'];
    expect(readConnectionOptions(fields)).toEqual(new Set(['x-one', 'x-two', 'upgrade']));
  });
});

test.each(['connection', 'te', 'transfer-encoding', 'upgrade'])('%s: hop-by-hop', name => {
  expect(isHopByHop(name)).toBe(true);
});

test.each(['content-length', 'authorization', 'via'])('%s: end-to-end', name => {
  expect(isHopByHop(name)).toBe(false);
});
