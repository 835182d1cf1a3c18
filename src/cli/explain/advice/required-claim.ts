/** Verified tokens for this resource without a claim that the route requires. */

import { findWrongClaim, readRequiredClaim } from '../../../authorization/required-claims.ts';
import type { ClaimValue, RequiredClaim } from '../../../config/config.ts';
import type { Claims } from '../../../config/values/claim-path.ts';
import { CLIENT_CLAIMS } from '../../../token/client.ts';
import { quoteValue } from '../../terminal.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';

/** @returns advice on `wrong_claim`. No value of the YAML is proposed that the operator has not written: who is let in is his choice. */
export function adviseOnClaim({ route, jws }: DeniedRequest): Advice | undefined {
  const claims = jws?.claims ?? {};
  const wrong = findWrongClaim(route.requiredClaims, claims);
  if (wrong === undefined) return undefined;
  const path = ['routes', route.key, 'claims', wrong.path.text];
  const value = readRequiredClaim(claims, wrong);
  const name = quoteValue(wrong.path.text);
  if (value === undefined) return { cause: describeAbsence(wrong, claims), remedy: { text: AT_ISSUER, path } };
  const twin = findTwin(wrong, value);
  if (twin !== undefined) {
    const cause = `${name} is ${nameType(value)} in the token, and ${nameType(twin)} in the YAML: they are compared in type, too`;
    return { cause, remedy: { text: `write ${JSON.stringify(value)}, as the issuer does`, path } };
  }
  const folded = findFolded(wrong, value);
  if (folded !== undefined) {
    const cause = `${name} is ${quoteValue(String(value))}, which differs from ${quoteValue(folded)} in letter case`;
    return { cause, remedy: { text: 'write it as the issuer does, if both are the same', path } };
  }
  const cause = `${name} is none of the values that this route accepts: the token is of another tenant, client or workload`;
  return { cause, remedy: { text: 'if that one may use this API, add its value', path } };
}

const AT_ISSUER = 'let the issuer write that claim into access tokens; or name the claim that holds it';

function describeAbsence({ path }: RequiredClaim, claims: Claims): string {
  if (path.text === 'client_id') return `the token names no client: it has none of ${CLIENT_CLAIMS.join(', ')} as text`;
  const [first = '', ...rest] = path.steps;
  const name = quoteValue(path.text);
  if (rest.length > 0 && !Object.hasOwn(claims, first))
    return `the token has no claim ${quoteValue(first)}, where the path ${name} begins`;
  return `the token has nothing at ${name}`;
}

/** The same text as another type: 7 and "7". */
function findTwin({ values }: RequiredClaim, value: unknown): ClaimValue | undefined {
  return [...values].find(each => typeof each !== typeof value && String(each) === String(value));
}

function findFolded({ values }: RequiredClaim, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const folded = value.toLowerCase();
  return [...values].filter(each => typeof each === 'string').find(each => each.toLowerCase() === folded);
}

function nameType(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object';
}
