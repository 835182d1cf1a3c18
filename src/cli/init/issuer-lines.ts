/** The entry of `issuers` that `audgate init` writes. */

import { ANY_PRODUCT } from '../../config/lint/identity-products/identity-product.ts';
import { writeList, writeScalar } from '../../config/source/yaml-text.ts';
import { comment } from './comment.ts';
import type { Inspection } from './inspection.ts';

/** @returns the lines of the map, with what its product writes into tokens. */
export function describeIssuer(inspection: Inspection): readonly string[] {
  const { issuer, jwksUri } = inspection;
  return [
    '# Who may sign tokens. The key is their exact iss.',
    'issuers:',
    ...describeProduct(inspection),
    ...describeKeys(inspection),
    `  ${writeScalar(issuer)}:`,
    ...(jwksUri === undefined ? [] : [`    jwks_uri: ${writeScalar(jwksUri)}`]),
    ...describeTokenTypes(inspection),
    ...describeScopes(inspection),
    ...describeAudienceClaim(inspection),
  ];
}

function describeProduct({ product, problem }: Inspection): string[] {
  const { name, audience, unverifiable, withoutAudience, instead } = product;
  const lines =
    problem === undefined
      ? []
      : comment(2, `It could not be asked: ${problem}. What follows is known by its name alone.`);
  if (product === ANY_PRODUCT)
    return [...lines, ...comment(2, 'No known product: it is taken to follow the standards.')];
  lines.push(...comment(2, `${name}. Into aud it writes ${audience}.`));
  for (const more of [withoutAudience, unverifiable, instead?.how]) {
    if (more !== undefined) lines.push(...comment(2, `${more[0]?.toUpperCase()}${more.slice(1)}.`));
  }
  return lines;
}

function describeKeys({ foundKeys, jwksUri }: Inspection): string[] {
  if (jwksUri !== undefined) return [];
  const place = foundKeys === undefined ? '' : `; now they are at ${foundKeys}`;
  return comment(2, `Its keys are found by its metadata${place}. jwks_uri or jwks_file would name another place.`);
}

function describeTokenTypes({ product: { tokenTypes, typeSetting } }: Inspection): string[] {
  const types = [...tokenTypes].sort((a, b) => Number(b === 'at+jwt') - Number(a === 'at+jwt'));
  const what = types.includes('JWT')
    ? 'The typ of its access tokens. JWT, or none, says little: what the payload calls an ID or refresh token is refused all the same.'
    : 'The typ of its access tokens (RFC 9068). Where the log has wrong_token_type, add JWT: [at+jwt, JWT].';
  const setting = typeSetting === undefined ? [] : comment(4, `To have at+jwt alone, ${typeSetting}.`);
  return [...comment(4, what), ...setting, `    token_types: ${writeList(types)}`];
}

function describeScopes({ product: { scopeSetting, scopeClaims } }: Inspection): string[] {
  if (scopeSetting !== undefined) {
    return [...comment(4, 'Where its tokens have scopes or roles.'), `    scope_claim: ${writeList(scopeSetting)}`];
  }
  const others = scopeClaims.filter(claim => claim !== 'scope' && claim !== 'scp');
  if (others.length === 0) return [];
  return comment(
    4,
    `Scopes are read from scope, else scp. It has roles in ${others.join(', ')}: scope_claim makes them count.`,
  );
}

/** Not set by itself: each client of the issuer would then be an audience, and the ids of those that may come are not known here. */
function describeAudienceClaim({ product: { audienceSetting } }: Inspection): string[] {
  if (audienceSetting === undefined) return [];
  const what = `For tokens without aud, the client can stand for it, with the ids of the clients under audiences of the route; check says what that risks:`;
  return [...comment(4, what), `    # audience_claim: ${audienceSetting}`];
}
