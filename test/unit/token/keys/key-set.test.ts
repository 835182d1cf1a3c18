/** The keys of one issuer, fetched from a real server: rotation, many unknown kids, outages. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KeyFetchError } from '../../../../src/token/keys/key-fetch-error.ts';
import { KeySet } from '../../../../src/token/keys/key-set.ts';
import { startTokenIssuer, type TokenIssuer } from '../../../support/token-issuer.ts';
import { FetchLog, type IssuerFields, issuerOf, takeClock } from '../example-token.ts';

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

function start(fields: IssuerFields = {}): Promise<void> {
  fetches = new FetchLog();
  keySet = new KeySet(issuerOf(issuer, fields), fetches);
  return keySet.start();
}

/** The key ids of the candidates; `no usable keys` where there are none at all. */
async function find(keyId: string | undefined) {
  const keys = await keySet.find(keyId);
  return keys?.map(key => key.keyId) ?? 'no usable keys';
}

/** The id of the newest published key. */
const newest = () => issuer.jwks?.keys.at(-1)?.kid ?? '';

describe('an unknown kid', () => {
  test('just after the start: fetched at once, since the cooldown does not count the first fetch', async () => {
    await start();
    await issuer.rotate();
    expect(await find(newest())).toEqual([newest()]);
    expect(issuer.fetches).toBe(2);
  });

  test('200 tokens within one cooldown: one fetch', async () => {
    await start();
    const found = await Promise.all(Array.from({ length: 200 }, () => find(crypto.randomUUID())));
    expect(new Set(found.map(keys => keys.length))).toEqual(new Set([0]));
    for (let each = 0; each < 20; each++) expect(await find(crypto.randomUUID())).toEqual([]);
    expect(issuer.fetches).toBe(2);
    expect(fetches.outcomes).toEqual(['success', 'success']);
  });

  test('after the cooldown: fetched again', async () => {
    const clock = takeClock();
    await start({ keys: { refresh: HOUR, cooldown: HOUR / 2, maxStale: HOUR } });
    await find('unknown');
    await issuer.rotate();
    expect(await find(newest())).toEqual([]);
    clock.pass(HOUR / 2);
    expect(await find(newest())).toEqual([newest()]);
    expect(issuer.fetches).toBe(3);
  });

  test('whose fetch fails: not fetched again within the cooldown', async () => {
    await start();
    const { jwks } = issuer;
    issuer.jwks = undefined;
    for (let each = 0; each < 50; each++) expect(await find(crypto.randomUUID())).toEqual([]);
    expect(fetches.outcomes).toEqual(['success', 'failure']);
    issuer.jwks = jwks;
    expect(await find('unknown')).toEqual([]);
    expect(issuer.fetches).toBe(2);
  });

  test('several tokens during one fetch: all get its keys', async () => {
    await start();
    await issuer.rotate();
    const found = await Promise.all(Array.from({ length: 50 }, () => find(newest())));
    for (const keys of found) expect(keys).toEqual([newest()]);
    expect(issuer.fetches).toBe(2);
  });
});

describe('candidates for a token', () => {
  test('known kid: no fetch', async () => {
    await start();
    for (let each = 0; each < 10; each++) expect(await find('key-1')).toEqual(['key-1']);
    expect(issuer.fetches).toBe(1);
  });

  test('no kid: every key', async () => {
    await issuer.rotate();
    await start();
    expect(await find(undefined)).toEqual(['key-1', newest()]);
  });

  test('one kid of several keys: all of them', async () => {
    await issuer.rotate();
    issuer.jwks = { keys: (issuer.jwks?.keys ?? []).map(key => ({ ...key, kid: 'same' })) };
    await start();
    expect(await find('same')).toEqual(['same', 'same']);
  });

  test('kid in another case: unknown', async () => {
    await start();
    for (const keyId of ['KEY-1', 'key-1 ', 'key', '', '__proto__']) expect(await find(keyId)).toEqual([]);
  });

  test('a key set with unusable keys: only the others', async () => {
    const keys = issuer.jwks?.keys ?? [];
    issuer.jwks = { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' }, { kty: 'EC', kid: 'broken' }, ...keys] };
    await start();
    expect(await find(undefined)).toEqual(['key-1']);
    expect(keySet.status()).toMatchObject({ keys: 1 });
  });
});

describe('while the issuer is down', () => {
  test('before the first success: no keys; after it: keys at once', async () => {
    const { jwks } = issuer;
    issuer.jwks = undefined;
    await start({ keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
    expect(keySet.isReady()).toBe(false);
    expect(await find('key-1')).toBe('no usable keys');
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

  test('the last keys: usable until max_stale, not after', async () => {
    const clock = takeClock();
    await start({ keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
    issuer.jwks = undefined;
    await fetches.reached(3, 'failure');
    clock.pass(HOUR / 2);
    expect(await find('key-1')).toEqual(['key-1']);
    expect(keySet.status().keys).toBe(1);
    clock.pass(HOUR / 2);
    expect(await find('key-1')).toBe('no usable keys');
    expect(keySet.status().keys).toBe(0);
  });

  test('keys past max_stale: usable again after the next fetch', async () => {
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

  test('a response without a usable key: the keys stay', async () => {
    await start({ keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
    issuer.jwks = { keys: [] };
    await fetches.reached(1, 'failure');
    expect(await find('key-1')).toEqual(['key-1']);
    expect(keySet.status()).toMatchObject({ lastError: `${issuer.jwksUri}: the key set has no usable key` });
  });

  test('fetches: delayed, not in a loop', async () => {
    issuer.jwks = undefined;
    await start();
    await sleep(300);
    expect(issuer.fetches).toBe(1);
  });
});

describe('a refresh', () => {
  const often = { refresh: 20, cooldown: HOUR, maxStale: HOUR };

  test('due: fetched without a request, with the new keys', async () => {
    await start({ keys: often });
    await issuer.rotate();
    await fetches.next();
    expect(await find(newest())).toEqual([newest()]);
  });

  test('unchanged key: the same object; missing key: retired', async () => {
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

  test('same kid with another content: another key', async () => {
    await start({ keys: often });
    const [first] = (await keySet.find('key-1')) ?? [];
    await issuer.rotate({ alone: true });
    issuer.jwks = { keys: (issuer.jwks?.keys ?? []).map(key => ({ ...key, kid: 'key-1' })) };
    await fetches.next();
    const [second] = (await keySet.find('key-1')) ?? [];
    expect(first?.retired).toBe(true);
    expect(second).toMatchObject({ keyId: 'key-1', retired: false });
  });

  test('two holders, one releases: refreshes go on', async () => {
    await start({ keys: often });
    expect(keySet.retainFor(issuerOf(issuer, { keys: often }))).toBe(keySet);
    keySet.release();
    await fetches.next();
    expect(await find('key-1')).toEqual(['key-1']);
  });

  test('the last holder releases: no further fetch', async () => {
    await start({ keys: often });
    keySet.release();
    const before = issuer.fetches;
    await sleep(100);
    expect(issuer.fetches).toBeLessThanOrEqual(before + 1);
  });
});

test('age in the status: seconds', async () => {
  await start();
  await sleep(50);
  const { ageSeconds = 0 } = keySet.status();
  expect(ageSeconds).toBeGreaterThan(0.04);
  expect(ageSeconds).toBeLessThan(5);
});

describe('keys that another worker fetched', () => {
  test('age of hours: not counted as a fetch here, and due when they are due there', async () => {
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

  test('a failure with earlier keys of which none is usable: start settles, and the failure is reported', async () => {
    fetches = new FetchLog();
    keySet = new KeySet(issuerOf(issuer), fetches, async () => {
      throw new KeyFetchError('no answer', true, { jwks: [{ kty: 'oct', k: 'c2VjcmV0' }], age: 0 });
    });
    await keySet.start();
    expect(keySet.isReady()).toBe(false);
    expect(keySet.hasTried()).toBe(true);
    expect(keySet.status().lastError).toBe('no answer');
  });
});
