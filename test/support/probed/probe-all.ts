/** Runs every check in this process, without pauses, with the key of a test issuer. */

import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { readProbeArguments } from '../../../src/cli/probe/arguments.ts';
import { createUrlSubject } from '../../../src/cli/probe/subjects.ts';
import type { GivenTokens } from '../../../src/cli/probe/tokens.ts';
import type { CheckResult, Verdict } from '../../../src/probe/check.ts';
import { ProbeClient } from '../../../src/probe/http/probe-client.ts';
import { type ProbeReport, runProbe } from '../../../src/probe/run.ts';
import { startKeyListener } from '../../../src/probe/tokens/key-listener.ts';
import { createMinter, type Minter } from '../../../src/probe/tokens/minter.ts';
import { exportPublicKey, type IssuerKey, readIssuerKey } from '../../../src/probe/tokens/signing-keys.ts';

export interface TestIssuer {
  readonly issuer: string;
  readonly key: IssuerKey;
  /** The text of a file for `--mint-key`. */
  readonly privateJwk: string;
  readonly publicJwk: JWK;
}

/** @param algorithm RS256 is the one that more servers know. */
export async function createTestIssuer(issuer: string, algorithm: 'ES256' | 'RS256' = 'ES256'): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const named = { kid: 'test-key', alg: algorithm };
  const privateJwk = JSON.stringify({ ...(await exportJWK(privateKey)), ...named });
  const key = readIssuerKey(privateJwk);
  if (!key.ok) throw new Error(key.rejection.what);
  return { issuer, key: key.value, privateJwk, publicJwk: { ...(await exportJWK(publicKey)), ...named, use: 'sig' } };
}

export interface ProbedPlace {
  readonly url: string;
  readonly siblingUrl?: string | undefined;
  readonly resource: string;
  readonly scope?: string | undefined;
  readonly method?: string;
  /** `false`: minted for, but not named with `--resource`. */
  readonly knowsResource?: boolean;
  /** Claims and `typ` that its tokens have beside the usual ones. */
  readonly template?: { readonly header: Record<string, unknown>; readonly claims: Record<string, unknown> };
}

/** @returns the report of `audgate probe --all --mint-key …`. */
export async function probeAll(issuer: TestIssuer, place: ProbedPlace): Promise<ProbeReport> {
  const { url, siblingUrl, resource, scope, method = 'GET' } = place;
  const given = readProbeArguments({
    ...{ urls: [url], method, 'mint-key': 'given', issuer: [issuer.issuer], resource: [resource] },
    ...(siblingUrl !== undefined && { 'sibling-url': siblingUrl }),
  });
  if (!given.ok) throw new Error(given.rejection.what);
  const minter = createMinter({ key: issuer.key, issuer: issuer.issuer, resource, template: place.template, scope });
  const insufficient = scope === undefined ? undefined : minter.mint({ claims: { scope: 'openid' } });
  const right = place.template && minter.mint();
  const tokens = { right, others: [], idToken: undefined, expired: undefined, insufficient, mintKey: issuer.key };
  const subject = createUrlSubject(given.value, tokens, scope);
  if (typeof subject === 'string') throw new Error(subject);
  const listener = await startKeyListener([exportPublicKey(subject.foreignKey(), 'audgate-probe')]);
  try {
    const known = place.knowsResource === false ? { resource: undefined } : {};
    return await runProbe({ ...subject, ...known, listener }, new ProbeClient(0), { isAll: true, isStrict: false });
  } finally {
    listener.close();
  }
}

/** @returns the report of `audgate probe --token-file …`, the eight checks, with tokens that `write` mints for `resource`. */
export async function probeGiven(
  { key, issuer }: TestIssuer,
  { url, resource, scope }: ProbedPlace,
  write: (mint: Minter['mint']) => Partial<GivenTokens>,
  isAll = false,
): Promise<ProbeReport> {
  const given = readProbeArguments({ urls: [url], 'token-file': 'given' });
  if (!given.ok) throw new Error(given.rejection.what);
  const { mint } = createMinter({ key, issuer, resource, scope });
  const none = { others: [], idToken: undefined, expired: undefined, insufficient: undefined, mintKey: undefined };
  const subject = createUrlSubject(given.value, { ...none, right: mint(), ...write(mint) }, undefined);
  if (typeof subject === 'string') throw new Error(subject);
  return runProbe(subject, new ProbeClient(0), { isAll, isStrict: false });
}

/** @returns the result of one check. */
export function resultOf({ results }: ProbeReport, id: string): CheckResult | undefined {
  return results.find(({ check }) => check.id === id);
}

/** @returns the ids of the checks with this verdict. */
export function idsOf({ results }: ProbeReport, verdict: Verdict): readonly string[] {
  return results.filter(result => result.verdict === verdict).map(({ check }) => check.id);
}
