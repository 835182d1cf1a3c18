/** Tokens that did not verify. Nothing that they say of themselves is trusted: it only helps to find the mistake. */

import { ALGORITHMS } from '../../config/algorithm.ts';
import { quoteValue } from '../terminal.ts';
import type { Advice, Case } from './case.ts';
import { findNearestDifference } from './difference.ts';

const FORMS = {
  none: 'there is no token',
  jws: 'it has the form of a JWT, but a part of it is not base64url of a JSON object, or its header has crit or b64: it may be cut or re-wrapped',
  jwe: 'it is encrypted (JWE): only the issuer and the API it is for can read it',
  google: 'it is an opaque access token of Google, which only Google can look up',
  opaque:
    'it is opaque: an issuer gives such tokens where the client named no resource (Auth0: no audience; oidc-provider: no resource)',
} as const;

export function adviseOnForm({ judgement, route, jws }: Case): Advice {
  const shape = judgement.credentials?.shape ?? 'none';
  if (!jws) {
    const isAskedFor = shape === 'opaque' || shape === 'google' || shape === 'jwe';
    const text = isAskedFor
      ? `let the client ask for ${route.resource}, and the issuer answer with signed JWTs`
      : 'take the token anew from the token response';
    return { cause: FORMS[shape], remedy: { text } };
  }
  const { claims } = jws;
  const isWrong = (name: string) => claims[name] !== undefined && typeof claims[name] !== 'number';
  const wrong = ['exp', 'nbf', 'iat'].filter(isWrong);
  const cause =
    claims['exp'] === undefined
      ? 'the token has no exp: it would be good for ever (RFC 9068 section 2.2)'
      : `${wrong.length > 0 ? wrong.join(' and ') : 'aud'} ${wrong.length > 1 ? 'have' : 'has'} another type than RFC 7519 section 4.1 gives it`;
  return { cause, remedy: { text: 'this is to be put right at the issuer' } };
}

export function adviseOnIssuer({ judgement, route, jws }: Case): Advice {
  const iss = jws?.claims['iss'];
  if (typeof iss !== 'string') return { cause: 'the token does not name its issuer (RFC 9068 section 2.2)' };
  const { config, credentials } = judgement;
  if (credentials?.issuer) {
    return {
      cause: `the issuer is configured, but this route accepts ${[...route.issuers].join(', ')} only`,
      remedy: {
        text: 'let the client use that authorization server; or add this one, if its tokens may open this API',
        path: ['routes', route.key, 'issuers'],
      },
    };
  }
  const entra = adviseOnEntraVersion(iss, [...config.issuers.keys()]);
  if (entra) return entra;
  const nearest = findNearestDifference(iss, config.issuers.keys());
  if (nearest?.isSameResource) {
    return {
      cause: `the issuer spells itself in another way (${nearest.words.join(', ')}), and iss is compared exactly`,
      remedy: {
        text: `write the key as the issuer writes iss: ${JSON.stringify(iss)}`,
        path: ['issuers', nearest.expected],
      },
    };
  }
  return {
    cause: `${quoteValue(iss)} is none of the issuers of this gateway: the token is of another environment, tenant or realm`,
    remedy: {
      text: `let the client use ${[...route.issuers].join(' or ')}; trust another issuer only if you know who runs it`,
    },
  };
}

function adviseOnEntraVersion(iss: string, issuers: readonly string[]): Advice | undefined {
  const tenant = /^https:\/\/sts\.windows\.net\/([^/]+)\/$/.exec(iss)?.[1];
  const other = issuers.find(issuer => tenant && issuer === `https://login.microsoftonline.com/${tenant}/v2.0`);
  if (other === undefined) return undefined;
  return {
    cause: `it is a v1 token of Entra ID, whose iss is sts.windows.net; ${other} is the issuer of v2 tokens of the same tenant`,
    remedy: {
      text: "set requestedAccessTokenVersion (accessTokenAcceptedVersion) to 2 in the manifest of the API's app registration",
    },
  };
}

export function adviseOnKeys({ judgement, reason, jws }: Case): Advice {
  const { issuer, keysError } = judgement.credentials ?? {};
  const source = issuer?.keySource.kind === 'file' ? 'jwks_file' : 'jwks_uri';
  const path = ['issuers', issuer?.issuer ?? '', source];
  if (reason === 'keys_unavailable') {
    return {
      cause: `the keys of the issuer cannot be had from here: ${keysError ?? 'no key'}`,
      remedy: { text: 'see that this machine reaches them, and that they are where this says', path },
    };
  }
  return {
    cause: `the issuer publishes no key ${quoteValue(jws?.keyId ?? '')}: the token is of another environment or tenant, or the key was withdrawn`,
    remedy: {
      text: 'get a new token; if that has an unknown key, too, see that these are the keys of its issuer',
      path,
    },
  };
}

export function adviseOnSignature({ judgement, jws }: Case): Advice {
  const { issuer } = judgement.credentials ?? {};
  const algorithm = jws?.algorithm ?? '';
  if (issuer && !issuer.algorithms.has(algorithm)) {
    if (!ALGORITHMS.includes(algorithm)) {
      return {
        cause: `${quoteValue(algorithm)} is an algorithm that is never accepted: whoever can verify it can sign with it, or nobody signs`,
      };
    }
    return {
      cause: `the token is signed with ${algorithm}, which this issuer may not use here`,
      remedy: {
        text: `add ${algorithm}, if the issuer says that it signs with it`,
        path: ['issuers', issuer.issuer, 'algorithms'],
      },
    };
  }
  return {
    cause:
      'the token was changed after it was signed, or cut, or its key is not the one that is published under its kid',
    remedy: { text: 'take the token anew from the token response; tokens for Microsoft Graph verify nowhere else' },
  };
}

export function adviseOnTime({ reason, jws }: Case): Advice {
  const { exp, nbf, iat } = jws?.claims ?? {};
  if (reason === 'token_expired') {
    return {
      cause: 'the client goes on with a token whose time is over, or its clock is behind',
      remedy: { text: 'let the client get a new token before exp; --at TIME explains this one as of another time' },
    };
  }
  const isInMilliseconds = [exp, nbf, iat].some(value => typeof value === 'number' && value > 1e11);
  return {
    cause: isInMilliseconds
      ? 'the times are milliseconds, where seconds belong (RFC 7519 section 2)'
      : "the issuer's clock is ahead of this one, or this one behind",
    remedy: { text: 'set both clocks by NTP; 30 s are tolerated' },
  };
}
