/**
 * Tokens that the gateway would ask an issuer about (RFC 7662). `explain` shows a token to nobody, so it cannot decide on one; it
 * decides on the issuer's answer where it is given that in place of the token.
 */

import type { Config, Issuer, ProtectedRoute } from '../../../config/config.ts';
import { mayExcuse } from '../../../config/exceptions/exception.ts';
import { type Denial, deny, isRefused } from '../../../denial.ts';
import { checkTime } from '../../../token/claims.ts';
import { readClient } from '../../../token/client.ts';
import { isJwt, isOpaqueForm } from '../../../token/introspection/introspection.ts';
import { type IntrospectingIssuer, readAnswer } from '../../../token/introspection/introspection-request.ts';
import { judgeAnswer } from '../../../token/introspection/introspector.ts';
import type { CompactJws } from '../../../token/jws/compact-jws.ts';
import { refuseRevoked } from '../../../token/revocation.ts';
import type { Verification } from '../../../token/verifier.ts';
import type { Credentials } from './credentials.ts';

type Issuers = ReadonlyMap<string, Issuer>;

/** @returns whom the gateway would ask about `token`; `undefined` where it asks nobody, or refuses before that. */
export function findAskedIssuer(
  issuers: Issuers,
  route: ProtectedRoute,
  { token = '', jws, verification }: Credentials,
): IntrospectingIssuer | undefined {
  const serving = listIntrospecting(issuers, route);
  if (!isJwt(token)) return isOpaqueForm(token) && serving.length === 1 ? serving[0] : undefined;
  const asked = serving.find(({ issuer }) => jws?.ok && jws.claims['iss'] === issuer);
  if (!asked?.introspection.includesJwts) return undefined;
  return asked.keySource.kind === 'none' || isAskedAbout(verification, route) ? asked : undefined;
}

/**
 * @param text the JSON of an introspection answer, in place of a token.
 * @returns the credentials as the gateway has them after that answer of the one issuer that it can be of.
 */
export function readGivenAnswer(
  { issuers, revoked }: Pick<Config, 'issuers' | 'revoked'>,
  route: ProtectedRoute,
  text: string,
  now: number,
): Credentials {
  const known = { token: undefined, keys: [], refusedKeys: [], keysError: undefined, shape: 'answer' } as const;
  const answer = readAnswer(text);
  const claims = answer.active ? answer.claims : {};
  const issuer = findAnswering(listIntrospecting(issuers, route), claims['iss']);
  if (!issuer) return { ...known, issuer, jws: undefined, verification: deny('malformed_token') };
  const judged = judgeAnswer(answer, issuer, undefined, now);
  const jws: CompactJws | Denial = answer.active
    ? describeAsJws({ iss: issuer.issuer, ...claims })
    : deny('malformed_token');
  // Then it names another issuer than the one that was asked.
  const isForeign = !judged.ok && judged.reason === 'untrusted_issuer';
  const verification = refuseRevoked(revoked, judged.ok ? checkTime(judged, now) : judged);
  return { ...known, issuer: isForeign ? undefined : issuer, jws, verification };
}

/** What the checks and the advice read of a token: its claims. */
function describeAsJws(claims: CompactJws['claims']): CompactJws {
  return { ok: true, algorithm: '', keyId: undefined, type: undefined, claims };
}

function listIntrospecting(issuers: Issuers, route: ProtectedRoute): readonly IntrospectingIssuer[] {
  return [...issuers.values()].filter(
    (issuer): issuer is IntrospectingIssuer => issuer.introspection !== undefined && route.issuers.has(issuer.issuer),
  );
}

function findAnswering(serving: readonly IntrospectingIssuer[], iss: unknown): IntrospectingIssuer | undefined {
  return serving.length === 1 ? serving[0] : serving.find(({ issuer }) => issuer === iss);
}

function isAskedAbout(verification: Verification, route: ProtectedRoute): boolean {
  if (!verification.ok) return false;
  const isForeign = verification.kind !== undefined || !verification.typeAccepted;
  const reason = 'wrong_token_type';
  if (!isForeign || !isRefused(reason, route.enforcement)) return true;
  return mayExcuse(route, readClient(verification.claims), reason);
}
