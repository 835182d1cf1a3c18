/** Why the scopes of a verified token do not suffice: not granted, or there in a form that is not read. Scopes are compared exactly (RFC 6749 section 3.3). */

import type { Issuer } from '../../../config/config.ts';
import { IDENTITY_PRODUCTS } from '../../../config/lint/identity-products/identity-products.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { quoteValue } from '../../terminal.ts';
import { listText, requirementOf } from '../evaluate/facts.ts';
import type { Advice, Case } from './case.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Claims at the top that some product, or many a home-made issuer, keeps scopes in. */
const ELSEWHERE = [
  ...new Set([
    'scp',
    'scope',
    'scopes',
    'roles',
    'permissions',
    'authorities',
    ...IDENTITY_PRODUCTS.flatMap(({ scopeClaims }) => scopeClaims),
  ]),
];

export function adviseOnScope(each: Case): Advice | undefined {
  const { judgement, route, jws } = each;
  const { match, decision, question, credentials } = judgement;
  if (!match?.ok) return undefined;
  const requirement = requirementOf(match, route, question.method);
  const needed = requirement.ok ? requirement.scopes : [];
  const missing = needed.filter(scope => !decision?.verified?.scopes.has(scope));
  const claims = jws?.claims ?? {};
  const read = nameScopeClaim(claims, credentials?.issuer);
  return (
    adviseOnForm(claims[read], read, missing) ??
    adviseOnElsewhere(each, claims, read, missing) ??
    adviseOnName(each, claims, listText(claims[read]).flatMap(splitWords), missing) ?? {
      cause: `the client did not ask for ${missing.join(' ')}, or may not have ${missing.length > 1 ? 'them' : 'it'}`,
      remedy: { text: `let the client ask for scope "${needed.join(' ')}", and the issuer grant it` },
    }
  );
}

/** The claim is read, and holds what is missing, but as no list that is one. */
function adviseOnForm(claim: unknown, name: string, missing: readonly string[]): Advice | undefined {
  const holdsAll = (parts: readonly string[]) => missing.every(scope => parts.includes(scope));
  const form = findForm(claim, holdsAll);
  if (form === undefined) return undefined;
  const cause = `the claim ${quoteValue(name)} holds ${missing.join(' ')}, but ${form}`;
  const text =
    'let the issuer write a text with one space between two scopes (RFC 8693 section 4.2), or an array with one scope an entry';
  return { cause, remedy: { text } };
}

type HoldsAll = (parts: readonly string[]) => boolean;

function findForm(claim: unknown, holdsAll: HoldsAll): string | undefined {
  if (typeof claim === 'string') return findFormOfText(claim, holdsAll);
  if (Array.isArray(claim)) return findFormOfArray(claim, holdsAll);
  const isMap = typeof claim === 'object' && claim !== null;
  return isMap && holdsAll(Object.keys(claim)) ? 'as the keys of an object' : undefined;
}

function findFormOfText(claim: string, holdsAll: HoldsAll): string | undefined {
  if (claim.trim().startsWith('[') && holdsAll(listText(parseJson(claim))))
    return 'as the JSON of an array within a text';
  if (!holdsAll(claim.split(/[,;\s]+/))) return undefined;
  return claim.includes(',') ? 'with commas, where only a space separates' : 'with something else than a space between';
}

function findFormOfArray(claim: readonly unknown[], holdsAll: HoldsAll): string | undefined {
  if (claim.some(entry => typeof entry !== 'string')) {
    return holdsAll(listText(claim)) ? 'in an array with entries that are no text' : undefined;
  }
  const words = listText(claim).flatMap(entry => entry.split(/[,;\s]+/));
  return holdsAll(words) ? 'in an array whose entries hold several scopes' : undefined;
}

function adviseOnElsewhere(each: Case, claims: Claims, read: string, missing: readonly string[]): Advice | undefined {
  const found = ELSEWHERE.find(name => {
    const claim = claims[name];
    const held = typeof claim === 'string' ? claim.split(' ') : listText(claim);
    return name !== read && missing.every(scope => held.includes(scope));
  });
  if (found !== undefined) return adviseOnOtherClaim(each, missing, found);
  const nested = findNested(claims, missing);
  if (nested === undefined) return undefined;
  const cause = `the token has ${missing.join(' ')} in ${nested}, which is not read`;
  const { nestedScopes = 'let the issuer write them into scope' } = recogniseProduct(String(claims['iss']));
  return { cause, remedy: { text: nestedScopes } };
}

/** Roles of Keycloak, of the realm and of a client. The name of the client is the issuer's, and may be anything. */
function findNested(claims: Claims, missing: readonly string[]): string | undefined {
  const holdsAll = (value: unknown) => missing.every(scope => listText(readMember(value, 'roles')).includes(scope));
  if (holdsAll(claims['realm_access'])) return 'realm_access.roles';
  const clients = claims['resource_access'];
  const isMap = typeof clients === 'object' && clients !== null;
  return isMap && Object.values(clients).some(holdsAll) ? 'the roles of a client in resource_access' : undefined;
}

/** `scope_claim` replaces what is read of every token of the issuer: offered only where there is nothing that it would replace. */
function adviseOnOtherClaim({ jws, judgement }: Case, missing: readonly string[], claim: string): Advice {
  const claims = jws?.claims ?? {};
  const read = nameScopeClaim(claims, judgement.credentials?.issuer);
  const cause = `the token has ${missing.join(' ')} in the claim ${claim}, which is not read`;
  if (claims[read] !== undefined && claims[read] !== null) {
    const text = `let the issuer put ${missing.join(' ')} into the claim ${quoteValue(read)}, which this token has and which is read`;
    return { cause, remedy: { text } };
  }
  return {
    cause,
    remedy: {
      text: `let the issuer write scope; or set ${claim}: every token of this issuer is then judged by \`${claim}\` alone`,
      path: ['issuers', String(claims['iss']), 'scope_claim'],
    },
  };
}

/** The token has another spelling of what is missing, which may be meant: the YAML is to say what the issuer writes. */
function adviseOnName(
  { route }: Case,
  claims: Claims,
  held: readonly string[],
  missing: readonly string[],
): Advice | undefined {
  const path = ['routes', route.key, 'scopes'];
  for (const scope of missing) {
    const folded = held.find(value => value !== scope && value.toLowerCase() === scope.toLowerCase());
    if (folded !== undefined) {
      const cause = `the token has ${quoteValue(folded)}, which differs from ${quoteValue(scope)} in letter case`;
      return {
        cause,
        remedy: { text: `write ${quoteValue(folded)}, if that is how the issuer names this scope`, path },
      };
    }
    const other = held.find(value => isPathOf(value, scope) || isPathOf(scope, value));
    if (other !== undefined) return adviseOnPrefix(claims, other, scope, path);
  }
  return undefined;
}

function adviseOnPrefix(claims: Claims, held: string, scope: string, path: readonly string[]): Advice {
  const isShort = scope.length > held.length;
  const known = isShort ? recogniseProduct(String(claims['iss'])).shortScopes : undefined;
  const what = isShort ? 'the last part of' : 'the same name behind a URI as';
  return {
    cause: `the token has ${quoteValue(held)}, ${what} ${quoteValue(scope)}${known === undefined ? '' : `: ${known}`}`,
    remedy: { text: `write ${quoteValue(held)}, as the issuer does, if both are one scope of this API`, path },
  };
}

/** `api://orders/read` of `read`. */
function isPathOf(long: string, short: string): boolean {
  return short !== '' && long.includes('/') && long.endsWith(`/${short}`);
}

/** As `readAccessToken` reads it. */
function nameScopeClaim(claims: Claims, issuer: Issuer | undefined): string {
  return issuer?.scopeClaim ?? ((claims['scope'] ?? undefined) === undefined ? 'scp' : 'scope');
}

function splitWords(text: string): readonly string[] {
  return text.split(' ').filter(word => word !== '');
}

function readMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Claims)[name] : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
