/** Judges the claims of a token whose signature is right (RFC 9068 section 4), but for one mistake. */

import type { TokenRules } from './token-rules.ts';

type Members = Readonly<Record<string, unknown>>;

/** @param text of the claims set. @returns the status of the refusal; `undefined` where the claims are right. */
export function judgeClaims(claims: Members, header: Members, rules: TokenRules, text: string): number | undefined {
  const { mistake, issuer, scope } = rules;
  if (mistake === 'id-token' && claims['nonce'] !== undefined) return undefined;
  if (String(header['typ']).toLowerCase() !== 'at+jwt') return 401;
  if (claims['iss'] !== issuer && mistake !== 'wrong-issuer') return 401;
  if (!isInTime(claims, mistake)) return 401;
  const first = /"aud":"([^"]*)"/.exec(text)?.[1];
  if (!isForUs(mistake === 'duplicate-members' ? first : claims['aud'], rules)) return 401;
  const scopes = String(claims['scope'] ?? '').split(' ');
  return scope === undefined || scopes.includes(scope) || mistake === 'missing-scope' ? undefined : 403;
}

function isInTime({ exp, nbf }: Members, mistake: string | undefined): boolean {
  const now = Date.now() / 1000;
  if (typeof nbf === 'number' && nbf > now && mistake !== 'not-yet-valid') return false;
  if (mistake === 'expired') return typeof exp === 'number' && exp < 1e11;
  if (mistake === 'exp-as-text') return Number(exp) > now;
  if (typeof exp !== 'number') return false;
  const isMilliseconds = exp > 1e11;
  if (!isMilliseconds) return exp > now;
  return mistake === 'exp-in-milliseconds' && exp / 1000 > now;
}

const SAME: Readonly<Record<string, (aud: unknown, resource: string) => boolean>> = {
  'other-audience': aud => typeof aud === 'string' && aud !== '',
  'no-audience': aud => aud === undefined,
  'audience-substring': (aud, resource) =>
    typeof aud === 'string' && aud !== '' && (aud.includes(resource) || resource.includes(aud)),
  'audience-case': (aud, resource) => typeof aud === 'string' && aud.toLowerCase() === resource.toLowerCase(),
  'audience-slash': (aud, resource) => typeof aud === 'string' && aud.replace(/\/$/, '') === resource,
  'audience-list': aud => Array.isArray(aud) && aud.length > 1,
  'audience-object': (aud, resource) => JSON.stringify(aud ?? '').includes(JSON.stringify(resource)),
};

function isForUs(aud: unknown, { mistake, resource }: TokenRules): boolean {
  if (mistake !== undefined && SAME[mistake]?.(aud, resource)) return true;
  return aud === resource || (Array.isArray(aud) && aud.includes(resource));
}
