/** Issuers, verified tokens and raw tokens, for tests that need a few of their parts to be something particular. */

import { vi } from 'vitest';
import type { Issuer, KeySettings } from '../../../src/config/config.ts';
import { checkKeys } from '../../../src/config/values/key-set/json-web-key-set.ts';
import type { AccessToken } from '../../../src/token/access-token.ts';
import type { KeySetEvents } from '../../../src/token/keys/key-set.ts';
import { createVerificationKey, type VerificationKey } from '../../../src/token/keys/verification-key.ts';
import type { VerifierEvents } from '../../../src/token/verifier.ts';
import type { TokenIssuer } from '../../support/token-issuer.ts';

const HOUR = 3_600_000;

export type IssuerFields = Partial<Omit<Issuer, 'keys'>> & { readonly keys?: Partial<KeySettings> };

const KEY_SETTINGS: KeySettings = {
  refresh: 10 * HOUR,
  cooldown: HOUR,
  maxStale: 24 * HOUR,
  timeout: 5_000,
  caFile: undefined,
  tokenFile: undefined,
  proxy: undefined,
};

/** An issuer as `loadConfig` makes it. Nothing happens by itself in the time of a test: refresh and cooldown are hours. */
export function exampleIssuer({ keys, ...fields }: IssuerFields = {}): Issuer {
  const issuer = fields.issuer ?? 'https://login.example';
  return {
    issuer,
    keySource: { kind: 'uri', uri: `${issuer}/jwks` },
    algorithms: new Set(['RS256', 'PS256', 'ES256', 'EdDSA']),
    tokenTypes: new Set(['at+jwt']),
    scopeSource: { paths: undefined, separator: ' ' },
    impliedScopes: new Map(),
    audienceClaim: 'aud',
    leeway: 30_000,
    expiryLeeway: 0,
    keys: { ...KEY_SETTINGS, ...keys },
    introspection: undefined,
    ...fields,
  };
}

/** The same for a running issuer. */
export function issuerOf(running: TokenIssuer, fields: IssuerFields = {}): Issuer {
  return exampleIssuer({ issuer: running.issuer, keySource: { kind: 'uri', uri: running.jwksUri }, ...fields });
}

/** The key of one published JWK; `undefined` where it is refused. */
export async function createKey(jwk: unknown): Promise<VerificationKey | undefined> {
  const [checked] = checkKeys([jwk]);
  return checked && createVerificationKey(checked);
}

/** A token that `verify` found good. */
export function exampleToken(fields: Partial<AccessToken> = {}): AccessToken {
  const { scopes = new Set(), expiresAt = 4_000_000_000 } = fields;
  return {
    ok: true,
    issuer: 'https://login.example',
    kind: undefined,
    type: 'at+jwt',
    typeAccepted: true,
    audience: ['https://api.example/'],
    secondAudience: undefined,
    scopes,
    allScopes: scopes,
    scopeSource: { paths: undefined, separator: ' ' },
    expiresAt,
    validUntil: expiresAt,
    validFrom: 0,
    claims: {},
    ...fields,
  };
}

/** Header, claims and signature, encoded as they are given: strings verbatim, everything else as JSON. */
export function compact(header: unknown, claims: unknown, signature = 'c2ln'): string {
  const encode = (part: unknown) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

/** Remembers fetches, and lets a test wait for them. */
export class FetchLog {
  readonly outcomes: string[] = [];
  readonly errors: (string | undefined)[] = [];
  lastError: string | undefined;
  /** As `kid: reason`. */
  readonly refused: string[] = [];
  #waiting: (() => void)[] = [];

  readonly onFetch: KeySetEvents['onFetch'] = (_issuer, outcome, error) => {
    this.outcomes.push(outcome);
    this.errors.push(error);
    this.lastError = error;
    for (const wake of this.#waiting.splice(0)) wake();
  };

  readonly onRefusedKeys: KeySetEvents['onRefusedKeys'] = (_issuer, keys) => {
    this.refused.push(...keys.map(({ keyId, reason }) => `${keyId}: ${reason}`));
  };

  /** Settles once there were `count` fetches with this outcome. */
  async reached(count: number, outcome: 'success' | 'failure'): Promise<void> {
    while (this.outcomes.filter(each => each === outcome).length < count) {
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    }
  }

  /** Settles after one more fetch that began after this call: the next may have been under way already. */
  async next(): Promise<void> {
    const seen = this.outcomes.length;
    while (this.outcomes.length < seen + 2) await new Promise<void>(resolve => this.#waiting.push(resolve));
  }
}

/** A monotonic clock that a test can put forward, so that nothing has to be waited for. `vi.restoreAllMocks()` ends it. */
export function takeClock(): { readonly pass: (milliseconds: number) => void } {
  const now = performance.now.bind(performance);
  let ahead = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
  return {
    pass: milliseconds => {
      ahead += milliseconds;
    },
  };
}

/** Events of a verifier that nobody listens to. */
export const SILENT: VerifierEvents = {
  onFetch: () => undefined,
  onRefusedKeys: () => undefined,
  onCacheLookup: () => undefined,
  onIntrospection: () => undefined,
  onIntrospectionFailure: () => undefined,
};
