/** Issuer and times of a token (RFC 7519 sections 4.1.1, 4.1.4 and 4.1.5). All of it needs a key of the issuer. */

import { type Check, type Exchange, type Judgement, mintedCases } from '../check.ts';
import { judgeRefusals, readAnswer } from '../judging.ts';

const closed = { isClosedByGateway: true } as const;
const nowInSeconds = () => Math.floor(Date.now() / 1000);
/** Seconds. */
const HOUR = 3600;

export const WRONG_ISSUER: Check = {
  ...closed,
  id: 'wrong-issuer',
  title: 'another issuer is refused, whatever key has signed',
  clause: 'RFC 8725 section 3.8, RFC 9068 section 4',
  headline: 'accepts a token in the name of another issuer',
  remedy: 'compare iss exactly with the issuer whose key has verified the signature',
  cases: context => {
    const issuer = context.tokens.jws?.claims['iss'];
    const longer = `${String(issuer).replace(/\/$/, '')}/audgate-probe`;
    return mintedCases(context, [
      ['another iss', { claims: { iss: 'https://audgate-probe.invalid' } }],
      ...(issuer === undefined ? [] : [['an iss that begins as the right one', { claims: { iss: longer } }] as const]),
      ['no iss', { claims: { iss: undefined } }],
    ]);
  },
};

export const NOT_YET_VALID: Check = {
  ...closed,
  id: 'not-yet-valid',
  title: 'a token that is not valid yet is refused',
  clause: 'RFC 7519 section 4.1.5',
  headline: 'accepts tokens before they become valid',
  remedy: 'refuse a token before its nbf, with a leeway of seconds at most',
  cases: context => mintedCases(context, [['nbf in an hour', { claims: { nbf: nowInSeconds() + HOUR } }]]),
};

export const EXPIRY_AS_TEXT: Check = {
  ...closed,
  id: 'exp-as-text',
  title: 'an exp that is no number is refused',
  clause: 'RFC 7519 sections 2 (NumericDate) and 4.1.4',
  headline: 'accepts an exp that is text, which some readers never compare',
  remedy: 'refuse a token whose exp is not a number',
  cases: context =>
    mintedCases(context, [
      ['exp as text', { claims: { exp: String(nowInSeconds() + HOUR) } }],
      ['a past exp as text', { claims: { exp: String(nowInSeconds() - HOUR) } }],
    ]),
};

export const EXPIRY_IN_MILLISECONDS: Check = {
  ...closed,
  id: 'exp-in-milliseconds',
  title: 'an exp in milliseconds is refused',
  clause: 'RFC 7519 section 2 (NumericDate)',
  headline: 'reads exp in milliseconds, as other readers of the same token do not',
  remedy: 'read exp as seconds, and refuse one that is decades ahead',
  cases: context =>
    mintedCases(context, [
      ['exp in milliseconds, in an hour', { claims: { exp: (nowInSeconds() + HOUR) * 1000 } }],
      ['exp in milliseconds, an hour ago', { claims: { exp: (nowInSeconds() - HOUR) * 1000 } }],
    ]),
  judge: judgeMilliseconds,
};

/** Read as seconds, both are 50,000 years ahead, which RFC 7519 does not forbid. */
function judgeMilliseconds(exchanges: readonly Exchange[]): Judgement {
  const [ahead, past] = exchanges;
  if (!ahead || !past || readAnswer(ahead.answer) !== 'accepted') return judgeRefusals(exchanges);
  if (readAnswer(past.answer) === 'refused') return { verdict: 'fails', decisive: ahead };
  const why = 'accepted as a time 50,000 years ahead, which RFC 7519 does not forbid: the token never expires';
  return { verdict: 'unclear', decisive: ahead, why };
}
