/** Tokens that somebody else issued, given in files or minted: of another API, expired, of another kind, with too little scope. */

import { bearer, type Case, type Check, mintedCases } from '../check.ts';

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
    const given = others.map((token, index) => {
      const number = others.length > 1 ? `, number ${index + 1}` : '';
      return { label: `another API's token${number}`, authorization: bearer(token) };
    });
    if (given.length > 0 || !context.minter) return given.length > 0 ? given : 'needs --other-token-file or --mint-key';
    return mintedCases(context, [["another API's token", { claims: { aud: OTHER_RESOURCE } }]]);
  },
};

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
    return givenOrMinted(context.tokens.expired, 'an expired token', '--expired-token-file', () =>
      context.minter?.mint(change),
    );
  },
};

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
    return givenOrMinted(context.tokens.idToken, 'an ID token', '--id-token-file', () =>
      context.minter?.mint({ claims, header: { typ: 'JWT' } }),
    );
  },
};

export const MISSING_SCOPE: Check = {
  id: 'missing-scope',
  title: 'a token without the scope is refused',
  clause: 'RFC 6750 section 3.1',
  headline: 'accepts tokens without the scope of the operation',
  remedy: 'ask for the scope of the operation, and answer 403 insufficient_scope without it',
  isClosedByGateway: true,
  cases: ({ tokens }) =>
    givenOrMinted(tokens.insufficient, 'a token without the scope', '--insufficient-token-file', () => undefined),
};

function givenOrMinted(
  given: string | undefined,
  label: string,
  option: string,
  mint: () => string | undefined,
): readonly Case[] | string {
  const token = given ?? mint();
  if (token !== undefined) return [{ label, authorization: bearer(token) }];
  return option === '--insufficient-token-file' ? `needs ${option}` : `needs ${option} or --mint-key`;
}
