/** The type and the scopes of a token that verified. */

import { createAudienceIndex, findWrongAudience, type PresentedAudience } from '../../authorization/audience.ts';
import type { Issuer } from '../../config/config.ts';
import { quoteValue } from '../terminal.ts';
import { adviseOnAudience } from './advice-on-audience.ts';
import type { Advice, Case } from './case.ts';
import { listText, requirementOf } from './facts.ts';
import { recogniseIssuer } from './known-issuer.ts';
import { nameOtherKind } from './token-kind.ts';

/** Types are the issuer's, for all routes: a line of the YAML is named only for an access token that is for this one. */
export function adviseOnType(each: Case): Advice {
  const { jws, route, judgement } = each;
  const claims = jws?.claims ?? {};
  const issuer = String(claims['iss']);
  const other = nameOtherKind(claims);
  if (other !== undefined) {
    const text = `send the access token; ${recogniseIssuer(issuer).ask(route.resource)}`;
    return { cause: `it is ${other}, and opens no API`, remedy: { text } };
  }
  const type = jws?.type;
  if (type !== undefined && type.toLowerCase() !== 'jwt') {
    return { cause: `typ ${quoteValue(type)} is another kind of token`, remedy: { text: 'send an access token' } };
  }
  const presented = findWrongAudience(route, listText(claims['aud']), createAudienceIndex(judgement.config.routes));
  if (presented !== undefined) return adviseOnAudienceFirst(each, presented);
  return {
    cause: UNMARKED,
    remedy: {
      text: 'let the issuer write typ at+jwt; where it cannot, set [at+jwt, JWT]: then only the audience keeps its ID tokens out',
      path: ['issuers', issuer, 'token_types'],
    },
  };
}

const UNMARKED = 'the issuer does not mark its access tokens with typ at+jwt (RFC 9068 section 2.1)';

function adviseOnAudienceFirst(each: Case, presented: PresentedAudience): Advice {
  const { cause, remedy } = adviseOnAudience(each, presented);
  const first = `first of all, ${cause}; besides, it has no typ at+jwt`;
  return remedy === undefined ? { cause: first } : { cause: first, remedy };
}

export function adviseOnScope(each: Case): Advice | undefined {
  const { judgement, route } = each;
  const { match, decision, question } = judgement;
  if (!match?.ok) return undefined;
  const requirement = requirementOf(match, route, question.method);
  const needed = requirement.ok ? requirement.scopes : [];
  const missing = needed.filter(scope => !decision?.verified?.scopes.has(scope));
  const elsewhere = findElsewhere(each, missing);
  if (elsewhere !== undefined) return adviseOnOtherClaim(each, missing, elsewhere);
  return {
    cause: `the client did not ask for ${missing.join(' ')}, or may not have ${missing.length > 1 ? 'them' : 'it'}`,
    remedy: { text: `let the client ask for scope "${needed.join(' ')}", and the issuer grant it` },
  };
}

/** A text is a list with spaces; in an array each entry is one scope, whatever is in it, as it is when it is read. */
function findElsewhere({ jws, judgement }: Case, missing: readonly string[]): string | undefined {
  const claims = jws?.claims ?? {};
  const read = nameScopeClaim(claims, judgement.credentials?.issuer);
  return ['scp', 'scope', 'roles', 'permissions'].find(name => {
    const claim = claims[name];
    const held = typeof claim === 'string' ? claim.split(' ') : listText(claim);
    return name !== read && missing.every(scope => held.includes(scope));
  });
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

/** As `readAccessToken` reads it. */
function nameScopeClaim(claims: Readonly<Record<string, unknown>>, issuer: Issuer | undefined): string {
  return issuer?.scopeClaim ?? ((claims['scope'] ?? undefined) === undefined ? 'scp' : 'scope');
}
