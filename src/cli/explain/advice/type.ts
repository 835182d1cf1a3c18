/** The type of a token that verified. */

import { createAudienceIndex, findWrongAudience, type PresentedAudience } from '../../../authorization/audience.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { quoteValue } from '../../terminal.ts';
import { listText } from '../evaluate/facts.ts';
import { nameOtherKind } from '../evaluate/token-kind.ts';
import { adviseOnAudience } from './audience.ts';
import type { Advice, Case } from './case.ts';

/** Types are the issuer's, for all routes: a line of the YAML is named only for an access token that is for this one. */
export function adviseOnType(each: Case): Advice {
  const { jws, route, judgement } = each;
  const claims = jws?.claims ?? {};
  const issuer = String(claims['iss']);
  const other = nameOtherKind(claims);
  if (other !== undefined) {
    const text = `send the access token; ${recogniseProduct(issuer).ask(route.resource)}`;
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
