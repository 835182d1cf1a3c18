/** Keys fetched once for all workers, against a real server. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { KeyRequest } from '../../../../src/process/workers/calls.ts';
import { SharedKeys } from '../../../../src/process/workers/shared-keys.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../support/token-issuer.ts';
import { FetchLog, issuerOf, takeClock } from '../../token/example-token.ts';

const MINUTE = 60_000;

let issuer: TokenIssuer;
let changes: string[];
let fetches: FetchLog;
let keys: SharedKeys;

beforeEach(async () => {
  issuer = await startTokenIssuer();
  changes = [];
  fetches = new FetchLog();
  keys = new SharedKeys({ onFetch: fetches.onFetch, onResult: name => changes.push(name) });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await issuer.close();
});

function ask(cause: KeyRequest['cause'] = 'schedule') {
  const rules = { refresh: 10 * MINUTE, cooldown: MINUTE, maxStale: 60 * MINUTE };
  const acceptedAge = { keys: rules.refresh / 2, failure: 500 };
  return keys.fetch({ ...issuerOf(issuer, { keys: rules }), cause, acceptedAge });
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
  expect(await ask('token')).toMatchObject({ ok: true, isShared: false });
  expect(await ask('token')).toMatchObject({ ok: true, isShared: true });
  expect(issuer.fetches).toBe(2);
  clock.pass(MINUTE + 1);
  issuer.jwks = undefined;
  expect(await ask('token')).toMatchObject({ ok: false, isShared: false });
  expect(await ask('token')).toMatchObject({ ok: false, isShared: true });
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

test('onResult: called after each fetch that gave keys, also the same ones, so that workers agree on their age', async () => {
  const clock = takeClock();
  for (let round = 0; round < 3; round += 1) {
    await ask();
    await ask();
    clock.pass(6 * MINUTE);
  }
  expect(changes).toHaveLength(3);
  issuer.jwks = undefined;
  expect(await ask()).toMatchObject({ ok: false });
  expect(changes).toHaveLength(3);
});

test('a token within the cooldown: told how long ago the fetch of another worker was', async () => {
  const clock = takeClock();
  await ask('token');
  clock.pass(MINUTE / 2);
  expect(await ask('token')).toMatchObject({ isShared: true, tokenFetchAge: expect.closeTo(MINUTE / 2, -3) });
  expect(issuer.fetches).toBe(1);
});

test('what another process has: taken over, however old, without a fetch', async () => {
  const clock = takeClock();
  await ask();
  clock.pass(30 * MINUTE);
  expect(await ask('shared')).toMatchObject({ ok: true, isShared: true, age: expect.closeTo(30 * MINUTE, -4) });
  expect(issuer.fetches).toBe(1);
});

test('refetch: every source at once, whatever the cooldown, counted here, and passed on', async () => {
  await ask('token');
  await issuer.rotate();
  await keys.refetch();
  expect(issuer.fetches).toBe(2);
  expect(fetches.outcomes).toEqual(['success']);
  expect(await ask()).toMatchObject({ ok: true, jwks: issuer.jwks?.keys });
  issuer.jwks = undefined;
  await keys.refetch();
  expect(fetches.lastError).toMatch(/the answer has status 500$/);
  expect(changes).toHaveLength(3);
});
