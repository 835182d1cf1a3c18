/** The right token is accepted, and no token is not: without both, no other answer says anything. */

import { bearer, type Check, type Exchange, type Judgement } from '../check.ts';
import { describeUnclear, judgeRefusals, readAnswer } from '../judging.ts';

export const RIGHT_LABEL = 'the right token';

export const RIGHT_TOKEN: Check = {
  id: 'right-token',
  title: 'the right token is accepted, each time',
  clause: 'RFC 6750 section 2.1',
  headline: 'accepts the right token only at times',
  remedy: 'accept a token until its exp, however often it comes, and on every instance behind the load balancer',
  isClosedByGateway: false,
  isEssential: true,
  cases: ({ tokens }) => [rightCase(tokens.right), rightCase(tokens.right)],
  judge: judgeBaseline,
};

/** @returns the request that has to be accepted. */
export function rightCase(token: string) {
  return { label: RIGHT_LABEL, authorization: bearer(token) };
}

export function judgeBaseline(exchanges: readonly Exchange[]): Judgement {
  const readings = exchanges.map(({ answer }) => readAnswer(answer));
  const unclear = exchanges[readings.indexOf('unclear')];
  if (unclear) return { verdict: 'unclear', decisive: unclear, why: describeUnclear(unclear.answer) };
  const refused = exchanges[readings.indexOf('refused')];
  if (!refused) return { verdict: 'holds' };
  if (readings.lastIndexOf('accepted') > readings.indexOf('refused')) return { verdict: 'fails', decisive: refused };
  const why = readings.includes('accepted') ? ONCE : `it gets ${refused.answer.status}`;
  return { verdict: 'unclear', decisive: refused, why };
}

const ONCE = 'accepted once and refused from then on: an API may take each token only once (RFC 7519 section 4.1.7)';

/** @returns whether it was accepted and then refused: only a third request tells once from at times. */
export function needsThird([first, second]: readonly Exchange[]): boolean {
  return (
    first !== undefined &&
    second !== undefined &&
    readAnswer(first.answer) === 'accepted' &&
    readAnswer(second.answer) === 'refused'
  );
}

export const NO_TOKEN_LABEL = 'no Authorization field';

export const NO_TOKEN: Check = {
  id: 'no-token',
  title: 'a request without a token is refused',
  clause: 'RFC 6750 section 3',
  headline: 'answers without any token',
  remedy: 'ask for an access token on this path',
  isClosedByGateway: true,
  isEssential: true,
  cases: () => [{ label: NO_TOKEN_LABEL, authorization: [] }],
  judge: judgeRefusals,
};
