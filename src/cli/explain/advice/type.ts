/** Verified tokens with a `typ` that is not accepted. */

import { createAudienceIndex, findWrongAudienceOf, type PresentedAudience } from '../../../authorization/audience.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { readAudiences } from '../../../token/claims.ts';
import { quoteValue } from '../../terminal.ts';
import { foreignKindOf } from '../checks/token-facts.ts';
import { adviseOnAudience } from './audience.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';
import { describeKind, findOtherKind } from './token-kind.ts';

/** `token_types` applies to all routes of the issuer, so it is named only for an access token whose audience is this route's. */
export function adviseOnType(each: DeniedRequest): Advice {
  const { jws, route, evaluation } = each;
  const claims = jws?.claims ?? {};
  const issuer = String(claims['iss']);
  const kind = foreignKindOf(evaluation);
  const other = kind === undefined ? findOtherKind(claims) : describeKind(kind);
  if (other !== undefined) {
    const text = `send the access token; ${recogniseProduct(issuer).ask(route.resource)}`;
    return { cause: `it is ${other}, and opens no API`, remedy: { text } };
  }
  const type = jws?.type;
  if (type !== undefined && type.toLowerCase() !== 'jwt') {
    return { cause: `typ ${quoteValue(type)} is another kind of token`, remedy: { text: 'send an access token' } };
  }
  const read = readAudiences(claims, evaluation.credentials?.issuer?.audienceClaim ?? 'aud');
  const presented = read && findWrongAudienceOf(route, read, createAudienceIndex(evaluation.config.routes));
  if (presented !== undefined) return adviseOnAudienceFirst(each, presented);
  return {
    cause: UNMARKED,
    remedy: {
      text: `${recogniseProduct(issuer).typeSetting ?? 'let the issuer write typ at+jwt'}; where it cannot, set [at+jwt, JWT]: then only the audience, and what the payload says, keep its ID tokens out`,
      path: ['issuers', issuer, 'token_types'],
    },
  };
}

const UNMARKED = 'the issuer does not mark its access tokens with typ at+jwt (RFC 9068 section 2.1)';

function adviseOnAudienceFirst(each: DeniedRequest, presented: PresentedAudience): Advice {
  const { cause, remedy } = adviseOnAudience(each, presented);
  const first = `first of all, ${cause}; besides, it has no typ at+jwt`;
  return remedy === undefined ? { cause: first } : { cause: first, remedy };
}
