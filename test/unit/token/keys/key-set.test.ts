/** The keys of one issuer against a real server: rotation, storms, outages. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Issuer } from '../../../../src/config/config.ts';
import { KeySet } from '../../../../src/token/keys/key-set.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../support/token-issuer.ts';
import { FetchLog, issuerOf, takeClock } from '../example-token.ts';

const HOUR = 3_600_000;

let issuer: TokenIssuer;
let fetches: FetchLog;
let keySet: KeySet;

beforeEach(async () => {
  issuer = await startTokenIssuer();
});

afterEach(async () => {
  vi.restoreAllMocks();
  keySet.release();
  await issuer.close();
});

function start(fields: Partial<Issuer> = {}): Promise<void> {
  fetches = new FetchLog();
  keySet = new KeySet(issuerOf(issuer, fields), fetches);
  return keySet.start();
}

/** The published key ids among those found; a word where there are no keys at all. */
async function find(keyId: string | undefined) {
  const keys = await keySet.find(keyId);
  return keys?.map(key => key.keyId) ?? 'no keys to judge by';
}

/** The id of the newest published key. */
const newest = () => issuer.jwks?.keys.at(-1)?.kid ?? '';

describe('an unknown kid', () => {
  test('right after the start is asked for at once: the start-up fetch is not counted by the cooldown', async () => {
    await start();
    await issuer.rotate();
    expect(await find(newest())).toEqual([newest()]);
    expect(issuer.fetches).toBe(2);
  });

  test('two hundred of them cause one fetch in a cooldown', async () => {
    await start();
    const found = await Promise.all(Array.from({ length: 200 }, () => find(crypto.randomUUID())));
    expect(new Set(found.map(keys => keys.length))).toEqual(new Set([0]));
    for (let each = 0; each < 20; each++) expect(await find(crypto.randomUUID())).toEqual([]);
    expect(issuer.fetches).toBe(2);
    expect(fetches.outcomes).toEqual(['success', 'success']);
  });

  test('causes a fetch again once the cooldown is over', async () => {
    const clock = takeClock();
    await start({ keys: { refresh: HOUR, cooldown: HOUR / 2, maxStale: HOUR } });
    await find('unknown');
    await issuer.rotate();
    expect(await find(newest())).toEqual([]);
    clock.pass(HOUR / 2);
    expect(await find(newest())).toEqual([newest()]);
    expect(issuer.fetches).toBe(3);
  });

  test('whose fetch fails is not asked for again before the cooldown is over', async () => {
    await start();
    const { jwks } = issuer;
    issuer.jwks = undefined;
    for (let each = 0; each < 50; each++) expect(await find(crypto.randomUUID())).toEqual([]);
    expect(fetches.outcomes).toEqual(['success', 'failure']);
    issuer.jwks = jwks;
    expect(await find('unknown')).toEqual([]);
    expect(issuer.fetches).toBe(2);
  });

  test('all who wait for one fetch get its answer', async () => {
    await start();
    await issuer.rotate();
    const found = await Promise.all(Array.from({ length: 50 }, () => find(newest())));
    for (const keys of found) expect(keys).toEqual([newest()]);
    expect(issuer.fetches).toBe(2);
  });
});

describe('which keys a token may have been signed with', () => {
  test('a known kid costs no fetch', async () => {
    await start();
    for (let each = 0; each < 10; each++) expect(await find('key-1')).toEqual(['key-1']);
    expect(issuer.fetches).toBe(1);
  });

  test('without a kid every key is a candidate', async () => {
    await issuer.rotate();
    await start();
    expect(await find(undefined)).toEqual(['key-1', newest()]);
  });

  test('several keys may have one kid', async () => {
    await issuer.rotate();
    issuer.jwks = { keys: (issuer.jwks?.keys ?? []).map(key => ({ ...key, kid: 'same' })) };
    await start();
    expect(await find('same')).toEqual(['same', 'same']);
  });

  test('kids are compared exactly', async () => {
    await start();
    for (const keyId of ['KEY-1', 'key-1 ', 'key', '', '__proto__']) expect(await find(keyId)).toEqual([]);
  });

  test('keys that nobody should verify with are left out, and the others are used', async () => {
    const keys = issuer.jwks?.keys ?? [];
    issuer.jwks = { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' }, { kty: 'EC', kid: 'broken' }, ...keys] };
    await start();
    expect(await find(undefined)).toEqual(['key-1']);
    expect(keySet.status()).toMatchObject({ keys: 1 });
  });
});

describe('while the issuer is down', () => {
  test('there is nothing to judge by before the first fetch succeeds, and everything right after', async () => {
    const { jwks } = issuer;
    issuer.jwks = undefined;
    await start({ keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
    expect(keySet.isReady()).toBe(false);
    expect(await find('key-1')).toBe('no keys to judge by');
    expect(keySet.status()).toMatchObject({
      keys: 0,
      ageSeconds: undefined,
      lastError: `${issuer.jwksUri}: the answer has status 500`,
    });
    issuer.jwks = jwks;
    await fetches.reached(1, 'success');
    expect(await find('key-1')).toEqual(['key-1']);
    expect(keySet.status()).toMatchObject({ keys: 1, lastError: undefined });
  });

  test('the last keys serve until max_stale, and not after', async () => {
    const clock = takeClock();
    await start({ keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
    issuer.jwks = undefined;
    await fetches.reached(3, 'failure');
    clock.pass(HOUR / 2);
    expect(await find('key-1')).toEqual(['key-1']);
    expect(keySet.status().keys).toBe(1);
    clock.pass(HOUR / 2);
    expect(await find('key-1')).toBe('no keys to judge by');
    expect(keySet.status().keys).toBe(0);
  });

  test('keys that were too old are usable again once they were fetched again', async () => {
    const clock = takeClock();
    await start({ keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
    const { jwks } = issuer;
    issuer.jwks = undefined;
    clock.pass(HOUR);
    await fetches.reached(1, 'failure');
    expect(keySet.isReady()).toBe(false);
    issuer.jwks = jwks;
    await fetches.next();
    expect(await find('key-1')).toEqual(['key-1']);
  });

  test('an answer without a usable key does not take the keys away', async () => {
    await start({ keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
    issuer.jwks = { keys: [] };
    await fetches.reached(1, 'failure');
    expect(await find('key-1')).toEqual(['key-1']);
    expect(keySet.status()).toMatchObject({ lastError: `${issuer.jwksUri}: the key set has no usable key` });
  });

  test('it is not asked in a loop', async () => {
    issuer.jwks = undefined;
    await start();
    await sleep(300);
    expect(issuer.fetches).toBe(1);
  });
});

describe('a refresh', () => {
  const often = { refresh: 20, cooldown: HOUR, maxStale: HOUR };

  test('happens by itself, and brings new keys', async () => {
    await start({ keys: often });
    await issuer.rotate();
    await fetches.next();
    expect(await find(newest())).toEqual([newest()]);
  });

  test('keeps a key that comes again unchanged as the same object, and retires one that does not come', async () => {
    await start({ keys: often });
    const [first] = (await keySet.find('key-1')) ?? [];
    await issuer.rotate();
    await fetches.next();
    const [again] = (await keySet.find('key-1')) ?? [];
    expect(first).toBeDefined();
    expect(again).toBe(first);
    await issuer.rotate({ alone: true });
    await fetches.next();
    expect(first?.retired).toBe(true);
    expect(await find('key-1')).toEqual([]);
  });

  test('takes a key with the same kid and other content for another key', async () => {
    await start({ keys: often });
    const [first] = (await keySet.find('key-1')) ?? [];
    await issuer.rotate({ alone: true });
    issuer.jwks = { keys: (issuer.jwks?.keys ?? []).map(key => ({ ...key, kid: 'key-1' })) };
    await fetches.next();
    const [second] = (await keySet.find('key-1')) ?? [];
    expect(first?.retired).toBe(true);
    expect(second).toMatchObject({ keyId: 'key-1', retired: false });
  });

  test('goes on until the last holder has let go of the set', async () => {
    await start({ keys: often });
    expect(keySet.retainFor(issuerOf(issuer, { keys: often }))).toBe(keySet);
    keySet.release();
    await fetches.next();
    expect(await find('key-1')).toEqual(['key-1']);
  });

  test('is no more once the set was let go of', async () => {
    await start({ keys: often });
    keySet.release();
    const before = issuer.fetches;
    await sleep(100);
    expect(issuer.fetches).toBeLessThanOrEqual(before + 1);
  });
});

test('the age of the keys is told in seconds', async () => {
  await start();
  await sleep(50);
  const { ageSeconds = 0 } = keySet.status();
  expect(ageSeconds).toBeGreaterThan(0.04);
  expect(ageSeconds).toBeLessThan(5);
});

describe('keys that were fetched for another asker', () => {
  test('are counted by him, and are due when they are due for him', async () => {
    const clock = takeClock();
    fetches = new FetchLog();
    const jwks = issuer.jwks?.keys ?? [];
    const ages = [4 * HOUR, 0];
    const isShared = (age: number) => age > 0;
    const rules = { keys: { refresh: 10 * HOUR, cooldown: HOUR, maxStale: 24 * HOUR } };
    keySet = new KeySet(issuerOf(issuer, rules), fetches, async () => {
      const age = ages.shift() ?? 0;
      return { jwks, age, isShared: isShared(age) };
    });
    await keySet.start();
    expect(fetches.outcomes).toEqual([]);
    expect(keySet.status()).toMatchObject({ keys: 1, ageSeconds: expect.closeTo(4 * 3600, -2) });
    clock.pass(21 * HOUR);
    expect(keySet.isReady()).toBe(false);
    await keySet.refresh();
    expect(fetches.outcomes).toEqual(['success']);
    expect(keySet.status().ageSeconds).toBeLessThan(60);
  });
});
