/** Keys fetched once for all workers, against a real server. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { KeyRequest } from '../../../../src/process/workers/calls.ts';
import { SharedKeys } from '../../../../src/process/workers/shared-keys.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../support/token-issuer.ts';
import { issuerOf, takeClock } from '../../token/example-token.ts';

const MINUTE = 60_000;

let issuer: TokenIssuer;
let changes: string[];
let keys: SharedKeys;

beforeEach(async () => {
  issuer = await startTokenIssuer();
  changes = [];
  keys = new SharedKeys(name => changes.push(name));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await issuer.close();
});

function ask(cause: KeyRequest['cause'] = 'schedule') {
  const rules = { refresh: 10 * MINUTE, cooldown: MINUTE, maxStale: 60 * MINUTE };
  return keys.fetch({ ...issuerOf(issuer, { keys: rules }), cause });
}

test('requests at once: one fetch, of which one requester is not told that it is shared', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask()));
  expect(issuer.fetches).toBe(1);
  expect(answers.map(({ isShared }) => isShared)).toEqual([false, true, true, true, true]);
  expect(new Set(answers.map(({ ok }) => ok))).toEqual(new Set([true]));
  expect(changes).toEqual([issuer.issuer]);
});

test('within half the refresh interval: keys are shared with their age; after it: fetched again', async () => {
  const clock = takeClock();
  await ask();
  clock.pass(4 * MINUTE);
  expect(await ask()).toMatchObject({ ok: true, isShared: true, age: expect.closeTo(4 * MINUTE, -4) });
  clock.pass(2 * MINUTE);
  expect(await ask()).toMatchObject({ ok: true, isShared: false, age: 0 });
  expect(issuer.fetches).toBe(2);
});

test('unknown kids: one cooldown for all workers, after failed fetches, too', async () => {
  const clock = takeClock();
  await ask();
  await issuer.rotate();
  expect(await ask('unknown_key')).toMatchObject({ ok: true, isShared: false });
  expect(await ask('unknown_key')).toMatchObject({ ok: true, isShared: true });
  expect(issuer.fetches).toBe(2);
  clock.pass(MINUTE + 1);
  issuer.jwks = undefined;
  expect(await ask('unknown_key')).toMatchObject({ ok: false, isShared: false });
  expect(await ask('unknown_key')).toMatchObject({ ok: false, isShared: true });
  expect(issuer.fetches).toBe(3);
});

test('a failure: shared for half a second only', async () => {
  const clock = takeClock();
  issuer.jwks = undefined;
  expect(await ask()).toMatchObject({
    ok: false,
    error: expect.stringMatching(/\/jwks: the answer has status 500$/),
    isShared: false,
  });
  expect(await ask()).toMatchObject({ ok: false, isShared: true });
  clock.pass(501);
  expect(await ask()).toMatchObject({ ok: false, isShared: false });
  expect(issuer.fetches).toBe(2);
});

test('onChange: called for keys that changed, not for the same keys', async () => {
  const clock = takeClock();
  for (let round = 0; round < 3; round += 1) {
    await ask();
    clock.pass(6 * MINUTE);
  }
  expect(changes).toHaveLength(1);
  await issuer.rotate();
  await ask();
  expect(changes).toHaveLength(2);
});
