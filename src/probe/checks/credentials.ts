/** How credentials are presented (RFC 6750 section 2). */

import { bearer, type Case, type Check, type Exchange, type Judgement } from '../check.ts';
import { judgeRefusals, readAnswer } from '../judging.ts';

const closed = { isClosedByGateway: true } as const;

export const OTHER_SCHEME: Check = {
  ...closed,
  id: 'other-scheme',
  title: 'another scheme than Bearer is refused',
  clause: 'RFC 6750 section 2.1, RFC 9110 section 11.4',
  headline: 'accepts a token under any scheme',
  remedy: 'accept the scheme Bearer, in any letter case, and no other',
  cases: ({ tokens }) => [
    { label: 'Basic, with a made-up name', authorization: ['Basic YXVkZ2F0ZTpwcm9iZQ=='] },
    { label: 'the right token under the scheme Token', authorization: [`Token ${tokens.right}`] },
    { label: 'the right token without a scheme', authorization: [tokens.right] },
  ],
};

export const EMPTY_CREDENTIALS: Check = {
  ...closed,
  id: 'empty-credentials',
  title: 'a scheme without a token is refused',
  clause: 'RFC 6750 section 2.1',
  headline: 'accepts credentials without a token',
  remedy: 'refuse an Authorization field that is empty, or is a scheme alone',
  cases: () => [
    { label: 'Bearer alone', authorization: ['Bearer'] },
    { label: 'an empty Authorization field', authorization: [''] },
  ],
};

export const DOUBLED_CREDENTIALS: Check = {
  ...closed,
  id: 'doubled-credentials',
  title: 'two Authorization fields are refused',
  clause: 'RFC 9110 section 5.3, RFC 6750 section 2',
  headline: 'accepts a request as soon as one of its credentials is right',
  remedy: 'refuse a request with two Authorization fields: two readers may each judge another one',
  cases: ({ tokens: { right } }) => {
    const wrong = 'Bearer audgate-probe.audgate-probe.audgate-probe';
    return [
      { label: 'the right token in the first of two fields', authorization: [`Bearer ${right}`, wrong] },
      { label: 'the right token in the second of two fields', authorization: [wrong, `Bearer ${right}`] },
    ];
  },
  judge: judgeDoubled,
};

/** Node.js keeps the first of several, others the last: that is no proof that a wrong token was accepted. */
function judgeDoubled(exchanges: readonly Exchange[]): Judgement {
  const accepted = exchanges.filter(({ answer }) => readAnswer(answer) === 'accepted');
  const [only] = accepted;
  if (accepted.length !== 1) return judgeRefusals(exchanges);
  const why = `it reads ${only?.sent.label.includes('first') ? 'the first' : 'the last'} of two fields; what stands before it may read the other`;
  return { verdict: 'unclear', decisive: only, why };
}

/** Bytes, more than any server reads by default. */
const OVERSIZED = 96 * 1024;

/** A server that ends the connection while the head is still coming has refused it. */
const CLOSED = /ECONNRESET|EPIPE|the connection was closed/;

export const OVERSIZED_CREDENTIALS: Check = {
  ...closed,
  id: 'oversized-credentials',
  title: 'oversized credentials are refused, and break nothing',
  clause: 'RFC 6585 section 5, RFC 9110 section 5.4',
  headline: 'accepts oversized credentials, or fails over them',
  remedy: 'bound the size of the fields of a request, and answer 431 or 400 above it',
  cases: ({ tokens }) => [
    { label: `a token of ${OVERSIZED / 1024} KiB`, authorization: bearer('a'.repeat(OVERSIZED)) },
    { label: 'the right token after it', authorization: bearer(tokens.right) },
  ],
  judge: judgeOversized,
};

function judgeOversized([exchange, after]: readonly Exchange[]): Judgement {
  if (!exchange || !after) return { verdict: 'unclear' };
  const { status, failure = '' } = exchange.answer;
  if (status >= 500 || readAnswer(exchange.answer) === 'accepted') return { verdict: 'fails', decisive: exchange };
  if (after.answer.status === 0) {
    return {
      verdict: 'fails',
      decisive: after,
      why: 'it gives no answer any more: the request before may have ended it',
    };
  }
  if (status >= 400) return { verdict: 'holds', decisive: exchange };
  if (CLOSED.test(failure)) return { verdict: 'holds', decisive: exchange, why: 'the connection was closed' };
  return judgeRefusals([exchange]);
}

export const TOKEN_IN_QUERY: Check = {
  ...closed,
  id: 'token-in-query',
  title: 'a token in the query is ignored',
  clause: 'RFC 9700 section 4.3.2, RFC 6750 section 2.3',
  headline: 'accepts tokens in the URL, where logs and Referer keep them',
  remedy: 'read tokens from the Authorization field only',
  cases: ({ tokens, target }) => {
    const separator = target.path.includes('?') ? '&' : '?';
    const path = `${target.path}${separator}access_token=${encodeURIComponent(tokens.right)}`;
    return [{ label: 'the right token in the query', authorization: [], path }];
  },
};

export const TOKEN_IN_BODY: Check = {
  ...closed,
  id: 'token-in-body',
  title: 'a token in the body is ignored',
  clause: 'RFC 6750 section 2.2',
  headline: 'accepts tokens in the body, which other sites can send as a form',
  remedy: 'read tokens from the Authorization field only',
  cases: ({ tokens, target }): readonly Case[] | string => {
    if (!['POST', 'PUT', 'PATCH'].includes(target.method)) return 'needs --method POST, PUT or PATCH';
    const fields = [['Content-Type', 'application/x-www-form-urlencoded'] as const];
    const body = new URLSearchParams({ access_token: tokens.right }).toString();
    return [{ label: 'the right token in the body', authorization: [], fields, body }];
  },
};

export const SPACED_TOKEN: Check = {
  ...closed,
  id: 'whitespace',
  title: 'white space within a token is refused',
  clause: 'RFC 7515 section 5.2, RFC 6750 section 2.1',
  headline: 'accepts tokens with white space in them',
  remedy: 'match the whole field with the grammar of RFC 6750 before anything is decoded',
  cases: ({ tokens: { right } }) => {
    const middle = Math.floor(right.length / 2);
    return [
      {
        label: 'a space in the right token',
        authorization: bearer(`${right.slice(0, middle)} ${right.slice(middle)}`),
      },
      { label: 'a space before its last character', authorization: bearer(`${right.slice(0, -1)} ${right.slice(-1)}`) },
      { label: 'something after the right token', authorization: bearer(`${right} audgate.probe.token`) },
    ];
  },
};
