/** The keys of one issuer, fetched from a real server: rotation, many unknown kids, outages. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KeyFetchError } from '../../../../src/token/keys/key-fetch-error.ts';
import { KeySet } from '../../../../src/token/keys/key-set.ts';
import { RETIRED, type VerificationKey } from '../../../../src/token/keys/verification-key.ts';
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
  const known = await keySet.find(keyId);
  const keys = known?.length === 0 ? await keySet.findNewer(keyId, known) : known;
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
    expect(first?.usableUntil).toBe(RETIRED);
    expect(await find('key-1')).toEqual([]);
  });

  test('same kid with another content: another key', async () => {
    await start({ keys: often });
    const [first] = (await keySet.find('key-1')) ?? [];
    await issuer.rotate({ alone: true });
    issuer.jwks = { keys: (issuer.jwks?.keys ?? []).map(key => ({ ...key, kid: 'key-1' })) };
    await fetches.next();
    const [second] = (await keySet.find('key-1')) ?? [];
    expect(first?.usableUntil).toBe(RETIRED);
    expect(second).toMatchObject({ keyId: 'key-1', usableUntil: expect.closeTo(performance.now() + HOUR, -3) });
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

describe('keys that may be old', () => {
  const verifies = async (keyId: string | undefined, tried: readonly VerificationKey[]) =>
    (await keySet.findNewer(keyId, tried))?.map(key => key.keyId) ?? 'no usable keys';
  const swapKey = async (keyId: string | undefined) => {
    await issuer.rotate({ alone: true });
    issuer.jwks = {
      keys: (issuer.jwks?.keys ?? []).map(({ kid: _, ...key }) => ({ ...key, ...(keyId && { kid: keyId }) })),
    };
  };

  test.each(['key-1', undefined])('another key under kid %s: found by one fetch', async keyId => {
    await start();
    const tried = (await keySet.find(keyId)) ?? [];
    expect(tried).toHaveLength(1);
    await swapKey(keyId);
    expect(await verifies(keyId, tried)).toEqual([keyId]);
    expect(issuer.fetches).toBe(2);
  });

  test('1,000 bad signatures under a known kid: one fetch in a cooldown, and the key stays the same', async () => {
    await start();
    const tried = (await keySet.find('key-1')) ?? [];
    const found = await Promise.all(Array.from({ length: 1_000 }, () => verifies('key-1', tried)));
    expect(found.flat()).toEqual([]);
    expect(issuer.fetches).toBe(2);
    expect(await keySet.find('key-1')).toEqual(tried);
    // Within the cooldown nothing is waited for.
    expect(keySet.findNewer('key-1', tried)).toEqual([]);
  });

  test('the fetch under way asked before the rotation: one more, so that the first token finds its key', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    let calls = 0;
    fetches = new FetchLog();
    keySet = new KeySet(issuerOf(issuer), fetches, async () => {
      const jwks = issuer.jwks?.keys ?? [];
      calls += 1;
      if (calls === 2) await held;
      return { jwks, age: 0, isShared: false };
    });
    await keySet.start();
    const refreshing = keySet.refresh();
    await issuer.rotate();
    const waiting = verifies(newest(), []);
    release();
    await refreshing;
    expect(await waiting).toEqual([newest()]);
    expect(calls).toBe(3);
  });
});

describe('unknown kids while the issuer is away', () => {
  const rules = { refresh: 20_000, cooldown: 1_000, maxStale: 22_000 };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a fetch that is due is not put off, and the keys end at max_stale', async () => {
    fetches = new FetchLog();
    const at: number[] = [];
    let isAway = false;
    keySet = new KeySet(issuerOf(issuer, { keys: rules }), fetches, async (_, { cause }) => {
      at.push(performance.now());
      if (isAway) throw new KeyFetchError(cause);
      return { jwks: issuer.jwks?.keys ?? [], age: 0, isShared: false };
    });
    await keySet.start();
    isAway = true;
    const began = performance.now();
    const [key] = (await keySet.find('key-1')) ?? [];
    for (let second = 0; second < 40; second += 0.5) {
      await vi.advanceTimersByTimeAsync(500);
      if ((await keySet.find('unknown')) !== undefined) await keySet.findNewer('unknown', []);
      const isUsable = performance.now() - began < rules.maxStale;
      expect(keySet.isReady(), `after ${second + 0.5} s`).toBe(isUsable);
      expect(performance.now() < (key?.usableUntil ?? 0)).toBe(isUsable);
    }
    const scheduled = fetches.errors.flatMap((cause, index) =>
      cause === 'schedule' ? [(at[index] ?? 0) - began] : [],
    );
    expect(scheduled[0]).toBeGreaterThanOrEqual(18_000);
    expect(scheduled[0]).toBeLessThanOrEqual(20_000);
    const gaps = scheduled.map((time, index) => time - (scheduled[index - 1] ?? time)).slice(1);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2_000);
    isAway = false;
    await vi.advanceTimersByTimeAsync(1_100);
    expect(keySet.isReady()).toBe(true);
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
      throw new KeyFetchError('no answer', { isShared: true, last: { jwks: [{ kty: 'oct', k: 'c2VjcmV0' }], age: 0 } });
    });
    await keySet.start();
    expect(keySet.isReady()).toBe(false);
    expect(keySet.hasTried()).toBe(true);
    expect(keySet.status().lastError).toBe('no answer');
  });
});
