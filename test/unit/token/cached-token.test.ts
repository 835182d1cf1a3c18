/** A token that verified and is cached: every reason that can come to apply to it later is still found. */

import { generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RevokedTokens } from '../../../src/config/revoked/revoked-tokens.ts';
import type { TokenReason } from '../../../src/token/access-token.ts';
import { TokenVerifier, type VerifierEvents } from '../../../src/token/verifier.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { FetchLog, issuerOf, SILENT, takeClock } from './example-token.ts';

const HOUR = 3_600_000;
const EXP = 4_000_000_000;
const CLIENT = 'nightly-batch';
const NONE = new RevokedTokens();

/** Makes the reason true of a cached token. @returns the time of the next request; default: now. */
type Change = () => Promise<void> | number;

/**
 * By reason; `undefined` where it lies in the bytes of the request alone, so that it cannot come to apply later. What
 * `verifyJws` finds is not looked at again for a cached token: a reason that can change, such as a revocation, belongs beside
 * `checkTime` in `TokenVerifier.verify`, or has to end the cache entry.
 */
const CHANGES: Readonly<Record<TokenReason, Change | undefined>> = {
  missing_token: undefined,
  malformed_credentials: undefined,
  malformed_token: undefined,
  untrusted_issuer: async () => {
    const previous = verifier;
    verifier = new TokenVerifier(new Map(), events, NONE, previous);
    previous.stop();
  },
  keys_unavailable: async () => {
    issuer.jwks = undefined;
    await fetches.reached(1, 'failure');
    clock.pass(HOUR);
    await fetches.next();
  },
  unknown_key: async () => {
    await issuer.rotate({ alone: true });
    await fetches.next();
  },
  bad_signature: async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    issuer.jwks = { keys: [{ ...(publicKey.export({ format: 'jwk' }) as JWK), kid: 'key-1' }] };
    await fetches.next();
  },
  // An answer counts for its time, and no token of keys can become inactive (introspection/introspector.test.ts).
  inactive_token: undefined,
  revoked_token: async () => {
    const revoked = new RevokedTokens();
    revoked.add({ clientId: CLIENT });
    verifier.revoke(revoked);
  },
  token_expired: () => EXP * 1000,
  token_not_yet_valid: () => 0,
};

let issuer: TokenIssuer;
let fetches: FetchLog;
let clock: ReturnType<typeof takeClock>;
let lookups: string[];
let events: VerifierEvents;
let verifier: TokenVerifier;

beforeEach(async () => {
  issuer = await startTokenIssuer();
  clock = takeClock();
  fetches = new FetchLog();
  lookups = [];
  events = {
    ...SILENT,
    onFetch: fetches.onFetch,
    onRefusedKeys: fetches.onRefusedKeys,
    onCacheLookup: outcome => lookups.push(outcome),
  };
  const configured = issuerOf(issuer, { keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
  verifier = new TokenVerifier(new Map([[configured.issuer, configured]]), events, NONE);
  await verifier.start();
});

afterEach(async () => {
  vi.restoreAllMocks();
  verifier.stop();
  await issuer.close();
});

test.each(Object.entries(CHANGES).flatMap(([reason, change]) => (change ? [{ reason, change }] : [])))(
  'a cached token that becomes $reason: denied',
  async ({ reason, change }) => {
    const token = await issuer.sign({ claims: { exp: EXP, client_id: CLIENT } });
    expect(await verifier.verify(token, Date.now())).toMatchObject({ ok: true });
    expect(await verifier.verify(token, Date.now())).toMatchObject({ ok: true });
    expect(lookups).toEqual(['miss', 'hit']);
    const now = await change();
    expect(await verifier.verify(token, now ?? Date.now())).toMatchObject({ ok: false, reason });
  },
);
