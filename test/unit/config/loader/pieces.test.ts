import { expect, test } from 'vitest';
import type { Config } from '../../../../src/config/config.ts';
import { fromPieces, toPieces } from '../../../../src/config/loader/pieces.ts';
import { EXAMPLE, loadValid } from '../configuration.ts';

const MANY = `${EXAMPLE}${Array.from({ length: 60 }, (_, index) => `  /r${index}: { resource: https://r${index}.example.com/, upstream: http://r }\n`).join('')}`;
const TWO_ISSUERS = MANY.replace('issuers: ', 'issuers:\n  https://other.example.com: \n#');
const sendAndRestore = (config: Config) => fromPieces(toPieces(config), () => undefined);

test.each([
  ['the example', EXAMPLE],
  ['63 routes', MANY],
  ['two issuers', TWO_ISSUERS],
])('%s: restored from its pieces, equal', async (_name, text) => {
  const config = loadValid(text);
  expect(await sendAndRestore(config)).toStrictEqual(config);
});

test('routes without issuers of their own: one shared set', async () => {
  const config = await sendAndRestore(loadValid(TWO_ISSUERS));
  const sets = new Set(config.routes.flatMap(route => (route.public || route.issuers.size < 2 ? [] : [route.issuers])));
  expect(config.issuers.size).toBe(2);
  expect(sets.size).toBe(1);
});

test('restored configuration: frozen', async () => {
  const config = await sendAndRestore(loadValid(MANY));
  for (const part of [config, config.limits, config.routes, ...config.routes, ...config.issuers.values()]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

test('63 routes: pieces of at most 25, a pause after each', async () => {
  const pieces = toPieces(loadValid(MANY));
  let pauses = 0;
  await fromPieces(pieces, async () => {
    pauses += 1;
  });
  expect(pauses).toBe(pieces.length - 1);
  expect(pieces.length).toBe(1 + 1 + Math.ceil(63 / 25));
});

test('no pieces: rejected', async () => {
  await expect(fromPieces([], () => undefined)).rejects.toThrow('no configuration');
});
