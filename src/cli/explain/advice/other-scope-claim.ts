/** Scopes in a claim that is not read. */

import { IDENTITY_PRODUCTS } from '../../../config/lint/identity-products/identity-products.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { quoteValue } from '../../terminal.ts';
import { listTexts } from '../checks/facts.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';
import type { Claims } from './scope-claim.ts';

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
  read: string,
  missing: readonly string[],
): Advice | undefined {
  const claims = denied.jws?.claims ?? {};
  const found = SCOPE_CLAIMS.find(name => {
    const claim = claims[name];
    const held = typeof claim === 'string' ? claim.split(' ') : listTexts(claim);
    return name !== read && missing.every(scope => held.includes(scope));
  });
  if (found !== undefined) return suggestScopeClaim(claims, read, missing, found);
  const nested = findNested(claims, missing);
  if (nested === undefined) return undefined;
  const cause = `the token has ${missing.join(' ')} in ${nested}, which is not read`;
  const { nestedScopes = 'let the issuer write them into scope' } = recogniseProduct(String(claims['iss']));
  return { cause, remedy: { text: nestedScopes } };
}

/** `scope_claim` replaces the claim that is read, for every token of the issuer, so it is suggested only where the token has no such claim. */
function suggestScopeClaim(claims: Claims, read: string, missing: readonly string[], claim: string): Advice {
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

/** Keycloak's roles, of the realm and of a client. The name of the client is not printed: the issuer may write any text there. */
function findNested(claims: Claims, missing: readonly string[]): string | undefined {
  const holdsAll = (value: unknown) => missing.every(scope => listTexts(readMember(value, 'roles')).includes(scope));
  if (holdsAll(claims['realm_access'])) return 'realm_access.roles';
  const clients = claims['resource_access'];
  const isMap = typeof clients === 'object' && clients !== null;
  return isMap && Object.values(clients).some(holdsAll) ? 'the roles of a client in resource_access' : undefined;
}

function readMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Claims)[name] : undefined;
}
