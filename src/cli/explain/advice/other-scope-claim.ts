/** Scopes in a claim that is not read. */

import { IDENTITY_PRODUCTS } from '../../../config/lint/identity-products/identity-products.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { type Claims, resolveClaim } from '../../../config/values/claim-path.ts';
import { listScopes } from '../../../token/scopes.ts';
import { quoteValue } from '../../terminal.ts';
import { listTexts } from '../checks/facts.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';
import type { ReadScopeClaim } from './scope-claim.ts';

/** Top-level claims in which some product, or an issuer of one's own, may keep scopes. */
const SCOPE_CLAIMS = [
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

/** @returns advice where the token has the missing scopes in a claim that is not read. */
export function adviseOnOtherClaim(
  denied: DeniedRequest,
  read: ReadScopeClaim,
  missing: readonly string[],
): Advice | undefined {
  const claims = denied.jws?.claims ?? {};
  const names = read.paths.map(({ text }) => text);
  const found = SCOPE_CLAIMS.find(name => {
    const held = listScopes(claims[name], read.separator);
    return !names.includes(name) && missing.every(scope => held.includes(scope));
  });
  if (found !== undefined) return suggestScopeClaim(claims, read, missing, found);
  return adviseOnNested(denied, claims, missing);
}

/** `scope_claim` replaces the claim that is read, for every token of the issuer: where a token has that claim, both are named. */
function suggestScopeClaim(claims: Claims, read: ReadScopeClaim, missing: readonly string[], claim: string): Advice {
  const cause = `the token has ${missing.join(' ')} in the claim ${claim}, which is not read`;
  const present = read.paths.filter(path => (resolveClaim(claims, path) ?? null) !== null).map(({ text }) => text);
  if (present.length > 0) {
    const text = `let the issuer put ${missing.join(' ')} into the claim ${quoteValue(present[0] ?? '')}, which this token has and which is read; or set [${[...present, claim].join(', ')}]: the scopes of both count then`;
    return { cause, remedy: { text, path: read.key } };
  }
  const judged =
    read.key[0] === 'routes' ? 'every token is then judged here' : 'every token of this issuer is then judged';
  return {
    cause,
    remedy: { text: `let the issuer write scope; or set ${claim}: ${judged} by \`${claim}\` alone`, path: read.key },
  };
}

/** Keycloak's roles, of the realm and of a client. Roles of a client belong to one API, so they are named for the route alone. */
function adviseOnNested({ route }: DeniedRequest, claims: Claims, missing: readonly string[]): Advice | undefined {
  const place = findNested(claims, missing);
  if (place === undefined) return undefined;
  const cause = `the token has ${missing.join(' ')} in ${place.what}, which is not read`;
  const { nestedScopes = 'let the issuer write them into scope' } = recogniseProduct(String(claims['iss']));
  const path = ['routes', route.key, 'scope_claim'];
  return { cause, remedy: { text: `${nestedScopes}; or set ${place.path}, if these roles are of this API`, path } };
}

interface NestedPlace {
  readonly what: string;
  /** For the YAML. */
  readonly path: string;
}

/** The name of the client is not printed: the issuer may write any text there. */
function findNested(claims: Claims, missing: readonly string[]): NestedPlace | undefined {
  const holdsAll = (value: unknown) => missing.every(scope => listTexts(readMember(value, 'roles')).includes(scope));
  if (holdsAll(claims['realm_access'])) return { what: 'realm_access.roles', path: 'realm_access.roles' };
  const clients = claims['resource_access'];
  const isMap = typeof clients === 'object' && clients !== null;
  if (!isMap || !Object.values(clients).some(holdsAll)) return undefined;
  return { what: 'the roles of a client in resource_access', path: '\'resource_access."CLIENT".roles\'' };
}

function readMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Claims)[name] : undefined;
}
