import { expect, test } from 'vitest';
import { createLoopbackLookup } from '../../../../src/probe/http/loopback-lookup.ts';

const address = (text: string) => ({ address: text, family: text.includes(':') ? 6 : 4 });

function resolve(answers: readonly string[], all: boolean): Promise<unknown> {
  const lookup = createLoopbackLookup((_name, _options, done) => done(null, answers.map(address)));
  return new Promise(resolved => {
    lookup('api.localhost', { all }, (error, found) => resolved(error?.code ?? found));
  });
}

test.each([
  [['192.0.2.1', '127.0.0.1', '2001:db8::1', '::1'], true, [address('127.0.0.1'), address('::1')]],
  [['192.0.2.1', '127.0.0.1'], false, '127.0.0.1'],
  [['192.0.2.1'], true, 'its address is not of this machine'],
  [['169.254.169.254', '::ffff:10.0.0.1'], false, 'its address is not of this machine'],
  [[], true, 'its address is not of this machine'],
])('a loopback name that resolves to %j (all: %s): %j', async (answers, all, expected) => {
  expect(await resolve(answers, all)).toEqual(expected);
});
