/** Tokens that somebody else issued, given in files or minted: of another API, expired, of another kind, with too little scope. */

import {
  bearer,
  type Case,
  type Check,
  type Exchange,
  type Judgement,
  mintedCases,
  type ProbeContext,
} from '../check.ts';
import { judgeRefusals, readError } from '../judging.ts';
import { findOtherCause, findOtherIssuer, hasExpired, isForOneOf, listAudiences } from '../tokens/given-token.ts';
import { type Members, readJws } from '../tokens/jws-parts.ts';
import { ALTERED_LABEL } from './signature.ts';

/** A resource that no API has (RFC 2606 section 2). */
export const OTHER_RESOURCE = 'https://audgate-probe.invalid/another-api';

/** Seconds. */
const HOUR = 3600;

export const OTHER_AUDIENCE: Check = {
  id: 'other-audience',
  title: 'a token issued for another API is refused',
  clause: 'RFC 9068 section 4, RFC 7519 section 4.1.3',
  headline: 'accepts tokens issued for another API',
  remedy: 'compare aud with the identifier of this API, exactly, and refuse every token without it',
  isClosedByGateway: true,
  isEssential: true,
  cases: context => {
    const { others } = context.tokens;
    if (others.length === 0 && !context.minter) return 'needs --other-token-file or --mint-key';
    if (others.length === 0)
      return mintedCases(context, [["another API's token", { claims: { aud: OTHER_RESOURCE } }]]);
    const numberOf = (index: number) => (others.length > 1 ? `, number ${index + 1}` : '');
    return others.map((token, index) => readOther(token, `another API's token${numberOf(index)}`, context));
  },
  judge: (exchanges, context) =>
    // A minted one has the scopes of the right token.
    judgeForbidden(exchanges, context, context.tokens.others.length > 0, GIVE_SCOPES),
};

function readOther(token: string, label: string, { tokens, resource }: ProbeContext): Case {
  const claims = readJws(token)?.claims;
  const isForThis = claims !== undefined && isForOneOf(claims, listAudiences(tokens.jws, resource));
  return {
    label,
    authorization: bearer(token),
    refusedAnyway: claims && findOtherCause(claims, tokens.jws),
    mayBeAccepted: isForThis
      ? 'its aud has that of the right token, too: give one that is for another API only'
      : undefined,
  };
}

const GIVE_SCOPES = '403 may be for its scope: give one that has the scopes of the right token, or --mint-key';

/** A token may also lack the scope of this API: 403 then says that it was taken for a valid one (RFC 6750 section 3.1). */
function judgeForbidden(
  exchanges: readonly Exchange[],
  { exchanges: before }: ProbeContext,
  mayLackScope: boolean,
  why: string,
): Judgement {
  const judged = judgeRefusals(exchanges);
  const forbidden = exchanges.find(({ answer }) => answer.status === 403);
  if (judged.verdict !== 'holds' || !mayLackScope || !forbidden) return judged;
  const refusesAllWith403 = before.some(({ sent, answer }) => sent.label === ALTERED_LABEL && answer.status === 403);
  if (refusesAllWith403 && readError(forbidden.answer) !== 'insufficient_scope') return judged;
  return { verdict: 'unclear', decisive: forbidden, why };
}

export const EXPIRED: Check = {
  id: 'expired',
  title: 'an expired token is refused',
  clause: 'RFC 7519 section 4.1.4',
  headline: 'accepts expired tokens',
  remedy: 'refuse a token from its exp on, with a leeway of seconds at most',
  isClosedByGateway: true,
  isEssential: true,
  cases: context => {
    const now = Math.floor(Date.now() / 1000);
    const change = { claims: { iat: now - 2 * HOUR, exp: now - HOUR } };
    return givenOrMinted(context.tokens.expired, 'an expired token', '--expired-token-file', {
      mint: () => context.minter?.mint(change),
      read: claims => ({
        refusedAnyway: findOtherIssuer(claims, context.tokens.jws) ?? findOtherAudience(claims, context),
        mayBeAccepted: hasExpired(claims) ? undefined : 'its exp is still to come, or it has none',
      }),
    });
  },
  judge: (exchanges, context) => judgeForbidden(exchanges, context, context.tokens.expired !== undefined, GIVE_SCOPES),
};

/** @returns why a token for none of the audiences of the right one may be refused. */
function findOtherAudience(claims: Members, { tokens: { jws } }: ProbeContext): string | undefined {
  const isForThis = jws === undefined || isForOneOf(claims, listAudiences(jws, undefined));
  return isForThis ? undefined : 'its aud is not that of the right token, so that the API may refuse it for that';
}

export const ID_TOKEN: Check = {
  id: 'id-token',
  title: 'an ID token is refused',
  clause: 'RFC 9068 section 4, RFC 8725 section 3.11',
  headline: 'accepts ID tokens, which are for a client and not for an API',
  remedy: 'ask for the typ at+jwt, and compare aud: that of an ID token is its client',
  isClosedByGateway: true,
  isEssential: true,
  cases: context => {
    const client = 'audgate-probe-client';
    const claims = { aud: client, azp: client, nonce: 'audgate-probe', client_id: undefined, scope: undefined };
    return givenOrMinted(context.tokens.idToken, 'an ID token', '--id-token-file', {
      mint: () => context.minter?.mint({ claims, header: { typ: 'JWT' } }),
      read: given => ({ refusedAnyway: findOtherCause(given, context.tokens.jws) }),
    });
  },
  judge: (exchanges, context) =>
    judgeForbidden(exchanges, context, true, '403 may be for its scope, of which ID tokens have none'),
};

export const MISSING_SCOPE: Check = {
  id: 'missing-scope',
  title: 'a token without the scope is refused',
  clause: 'RFC 6750 section 3.1',
  headline: 'accepts tokens without the scope of the operation',
  remedy: 'ask for the scope of the operation, and answer 403 insufficient_scope without it',
  isClosedByGateway: true,
  cases: context =>
    givenOrMinted(context.tokens.insufficient, 'a token without the scope', '--insufficient-token-file', {
      mint: () => mintWithoutScope(context),
      read: claims => ({
        refusedAnyway: findOtherCause(claims, context.tokens.jws) ?? findOtherAudience(claims, context),
      }),
    }),
  judge: exchanges => {
    const judged = judgeRefusals(exchanges);
    const [decisive] = exchanges;
    if (judged.verdict !== 'holds' || decisive?.answer.status === 403) return judged;
    return {
      verdict: 'unclear',
      decisive,
      why: 'refused as a token that is not valid, where its scope is at fault (403)',
    };
  },
};

/** The scope is known where the API, or its configuration, names it, and where no given token is copied, of which any claim may stand for a scope. */
function mintWithoutScope({ minter }: ProbeContext): string | undefined {
  return minter?.neededScope === undefined ? undefined : minter.mint({ claims: { scope: 'audgate-probe' } });
}

interface Source {
  readonly mint: () => string | undefined;
  /** What the claims of a given one say of the answers to it. */
  readonly read: (claims: Members) => Pick<Case, 'refusedAnyway' | 'mayBeAccepted'>;
}

function givenOrMinted(given: string | undefined, label: string, option: string, { mint, read }: Source) {
  const token = given ?? mint();
  if (token === undefined)
    return option === '--insufficient-token-file'
      ? `needs ${option}, or --mint-key alone and an API that names its scope`
      : `needs ${option} or --mint-key`;
  const claims = given === undefined ? undefined : readJws(given)?.claims;
  return [{ label, authorization: bearer(token), ...(claims && read(claims)) }];
}
