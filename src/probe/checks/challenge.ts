/** What a client is told that was refused (RFC 6750 section 3, RFC 9110 section 11.6.1), and what it must not be told. */

import { valuesOf } from '../../http/header-list.ts';
import type { Check, Exchange, Judgement, ProbeContext } from '../check.ts';
import { readAnswer, readError } from '../judging.ts';
import { readJws } from '../tokens/jws-parts.ts';
import { NO_TOKEN_LABEL } from './baseline.ts';

export const CHALLENGE: Check = {
  isIndependent: true,
  id: 'challenge',
  title: 'a refusal says 401 with a Bearer challenge, and why',
  clause: 'RFC 9110 section 15.5.2, RFC 6750 sections 3 and 3.1',
  headline: 'refuses without saying how to get in: clients cannot ask for the right token',
  remedy: 'answer 401 with WWW-Authenticate: Bearer, and with error="invalid_token" where a token was sent',
  isClosedByGateway: true,
  cases: () => [],
  judge: (_, context) => judgeChallenge(context),
};

function judgeChallenge(context: ProbeContext): Judgement {
  // Another path, such as that of the metadata, may be somebody else's.
  const exchanges = context.exchanges.filter(({ sent }) => sent.path === undefined);
  const refusals = exchanges.filter(({ answer }) => answer.status === 401);
  const silent = refusals.find(({ answer }) => !hasBearerChallenge(answer));
  if (silent) return { verdict: 'fails', decisive: silent, why: '401 without WWW-Authenticate: Bearer' };
  const withoutToken = exchanges.find(({ sent }) => sent.label === NO_TOKEN_LABEL);
  if (!withoutToken || readAnswer(withoutToken.answer) !== 'refused')
    return { verdict: 'unclear', why: 'nothing was refused' };
  if (withoutToken.answer.status !== 401) {
    const why = `${withoutToken.answer.status} without a token, where RFC 6750 section 3 has 401`;
    return { verdict: 'unclear', decisive: withoutToken, why };
  }
  if (readError(withoutToken.answer) !== undefined) {
    return {
      verdict: 'unclear',
      decisive: withoutToken,
      why: 'an error code although no token was sent (RFC 6750 section 3.1)',
    };
  }
  return judgeErrorCode(refusals.find(({ sent }) => sent.authorization.length > 0));
}

/** An error code is a SHOULD. */
function judgeErrorCode(refusal: Exchange | undefined): Judgement {
  if (!refusal) return { verdict: 'unclear', why: 'no token was refused with 401' };
  if (readError(refusal.answer) !== undefined) return { verdict: 'holds' };
  return { verdict: 'unclear', decisive: refusal, why: 'the challenge has no error="invalid_token"' };
}

function hasBearerChallenge(answer: Exchange['answer']): boolean {
  return valuesOf(answer.fields, 'www-authenticate').some(value => /(?:^|,)\s*bearer\b/i.test(value));
}

export const ECHO: Check = {
  isIndependent: true,
  id: 'echo',
  title: 'no refusal repeats the token or a claim of it',
  clause: 'RFC 9700 section 4.3, RFC 6750 section 5.3',
  headline: 'repeats tokens or claims in its refusals, where logs and pages keep them',
  remedy: 'write fixed texts into refusals: nothing of the token, nor of the message of the library that refused it',
  isClosedByGateway: true,
  cases: () => [],
  judge: (_, context) => {
    const refusals = context.exchanges.filter(({ answer }) => answer.status >= 400);
    const echo = refusals.find(exchange => repeatsToken(exchange, context));
    if (echo) return { verdict: 'fails', decisive: echo, why: 'the answer holds what the token held' };
    return refusals.length > 0 ? { verdict: 'holds' } : { verdict: 'unclear', why: 'nothing was refused' };
  },
};

/** Of people, clients and devices: `aud`, `iss` and `scope` may stand in a challenge. */
const PERSONAL = ['sub', 'email', 'name', 'preferred_username', 'jti', 'sid', 'client_id', 'azp'];
/** Characters. Shorter texts are found anywhere. */
const SHORTEST = 5;

/**
 * The right token also stands in a query or a body. What the answer without a token holds, the path, or what may stand in a challenge, is no
 * echo: `billing` may be a client, a path and the beginning of a scope.
 */
function repeatsToken({ sent, answer }: Exchange, { tokens, exchanges, target }: ProbeContext): boolean {
  const text = textOf(answer);
  const withoutToken = exchanges.filter(exchange => exchange.sent.label === NO_TOKEN_LABEL);
  const { iss, aud, scope, scp } = tokens.jws?.claims ?? {};
  const told = [target.path, ...[iss, aud, scope, scp].flat().filter(value => typeof value === 'string')];
  const known = [...told, ...withoutToken.map(exchange => textOf(exchange.answer))].join('\n');
  const presented = sent.authorization.map(value => value.replace(/^\S+ +/, ''));
  return [...presented, tokens.right].flatMap(listSecrets).some(each => text.includes(each) && !known.includes(each));
}

function textOf({ fields, body }: Exchange['answer']): string {
  return [...fields, body].join('\n');
}

function listSecrets(token: string): readonly string[] {
  const claims = readJws(token)?.claims ?? {};
  const personal = PERSONAL.map(name => claims[name]).filter(claim => typeof claim === 'string');
  return [
    ...token.split('.').filter(part => part.length >= 20),
    ...personal.filter(({ length }) => length >= SHORTEST),
  ];
}
