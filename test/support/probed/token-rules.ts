/** Judges a token as RFC 9068 section 4 has it, but for one mistake. Written apart from `src`, so that the two can disagree. */

import { createHmac, createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { judgeClaims } from './claim-rules.ts';

export interface TokenRules {
  readonly issuer: string;
  readonly resource: string;
  /** The published keys (JWK). */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
  readonly scope?: string;
  /** The id of the check that finds it. */
  readonly mistake: string | undefined;
}

type Members = Record<string, unknown>;

/** @returns the status of the refusal; `undefined` for a token that is accepted. */
export async function judgeToken(text: string, rules: TokenRules): Promise<number | undefined> {
  const token = rules.mistake === 'padded' ? text.replaceAll('=', '') : text;
  const form = rules.mistake === 'cut-signature' ? /^[\w-]+\.[\w-]+(?:\.[\w-]*)?$/ : /^[\w-]+\.[\w-]+\.[\w-]*$/;
  if (!form.test(token)) return 401;
  const [head = '', payload = '', signature = ''] = token.split('.');
  const header = parse(head);
  if (!header) return 401;
  if (rules.mistake === 'nested' && header['cty'] === 'JWT') {
    return judgeToken(Buffer.from(payload, 'base64url').toString(), rules);
  }
  if (header['crit'] !== undefined && rules.mistake !== 'crit') return 401;
  const input = `${head}.${payload}`;
  if (!(await isSigned(header, input, signature, rules))) return 401;
  const claims = parse(payload);
  return claims ? judgeClaims(claims, header, rules, Buffer.from(payload, 'base64url').toString()) : 401;
}

function parse(part: string): Members | undefined {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

async function isSigned(header: Members, input: string, signature: string, rules: TokenRules): Promise<boolean> {
  const { mistake, keys } = rules;
  const { alg, kid } = header;
  const mistaken = mistake === undefined ? undefined : MISTAKES[mistake];
  if (mistaken && (await mistaken(header, input, signature, rules))) return true;
  const jwk = keys.find(key => key['kid'] === kid);
  return jwk !== undefined && alg === jwk['alg'] && isSignedBy(toKey(jwk), String(alg), input, signature);
}

function toKey(jwk: unknown): KeyObject {
  return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
}

function isSignedBy(key: KeyObject, alg: string, input: string, signature: string): boolean {
  const options = { key, dsaEncoding: 'ieee-p1363' as const };
  return verify(`sha${alg.slice(2)}`, Buffer.from(input), options, Buffer.from(signature, 'base64url'));
}

function isHmac(secret: string | Buffer, input: string, signature: string): boolean {
  return createHmac('sha256', secret).update(input).digest('base64url') === signature;
}

type Mistaken = (header: Members, input: string, signature: string, rules: TokenRules) => boolean | Promise<boolean>;

/** What verifies where the right way does not. */
const MISTAKES: Readonly<Record<string, Mistaken>> = {
  'alg-none': ({ alg }) => alg === 'none',
  'alg-none-letter-case': ({ alg }) => alg !== 'none' && String(alg).toLowerCase() === 'none',
  'altered-signature': () => true,
  'cut-signature': ({ alg }, _input, signature) => signature === '' && /^[ER]S/.test(String(alg)),
  'foreign-key': (_header, _input, signature) => Buffer.from(signature, 'base64url').length === 64,
  'hs256-public-key': ({ alg }, input, signature, { keys: [jwk] }) =>
    alg === 'HS256' && isHmac(toKey(jwk).export({ format: 'pem', type: 'spki' }), input, signature),
  'jku-url': async ({ jku, alg }, input, signature) =>
    typeof jku === 'string' && isSignedBy(toKey((await fetchKeys(jku))[0]), String(alg), input, signature),
  'x5u-url': async ({ x5u }) => typeof x5u === 'string' && (await fetchKeys(x5u)).length < 0,
  'jwk-header': ({ jwk, alg }, input, signature) =>
    jwk !== undefined && isSignedBy(toKey(jwk), String(alg), input, signature),
  'kid-injection': ({ kid, alg }, input, signature) =>
    alg === 'HS256' && String(kid).startsWith('/') && isHmac(readFileSync(String(kid)), input, signature),
};

async function fetchKeys(url: string): Promise<readonly unknown[]> {
  const { keys } = (await (await fetch(url)).json()) as { keys: unknown[] };
  return keys;
}
