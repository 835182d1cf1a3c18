/** Who else may read an answer to a request with a token: shared caches (RFC 9111 section 3.5), pages of other origins (Fetch standard). */

import { valuesOf } from '../../http/header-list.ts';
import { bearer, type Check, type Exchange, type Judgement } from '../check.ts';
import { readAnswer } from '../judging.ts';
import { RIGHT_LABEL } from './baseline.ts';

export const CACHING: Check = {
  isIndependent: true,
  id: 'caching',
  title: 'no shared cache may store what a token was needed for',
  clause: 'RFC 9111 section 3.5',
  headline: 'lets shared caches store its answers, and give them to callers without a token',
  remedy: 'answer with Cache-Control: private or no-store, and without public, s-maxage and must-revalidate',
  isClosedByGateway: false,
  cases: () => [],
  judge: (_, { exchanges }) => {
    const answers = exchanges.filter(
      ({ sent, answer }) => sent.label === RIGHT_LABEL && readAnswer(answer) === 'accepted',
    );
    if (answers.length === 0) return { verdict: 'unclear', why: 'the right token was not accepted' };
    const stored = answers.find(({ answer }) => isShared(valuesOf(answer.fields, 'cache-control').join(',')));
    return stored ? { verdict: 'fails', decisive: stored } : { verdict: 'holds' };
  },
};

/** `must-revalidate` allows it, too (RFC 9111 section 3.5), and asks the API again only once the answer is stale. */
function isShared(cacheControl: string): boolean {
  const directives = cacheControl
    .toLowerCase()
    .split(',')
    .map(directive => directive.trim());
  if (directives.includes('no-store') || directives.some(each => each.startsWith('private'))) return false;
  if (directives.some(each => each === 'public' || /^s-maxage="?[1-9]/.test(each))) return true;
  const isFresh = directives.some(each => /^max-age="?0*[1-9]/.test(each)) && !directives.includes('no-cache');
  return isFresh && directives.includes('must-revalidate');
}

const FOREIGN_ORIGIN = 'https://audgate-probe.invalid';

export const CROSS_ORIGIN: Check = {
  isIndependent: true,
  id: 'cors-credentials',
  title: 'pages of any origin may not read answers with credentials',
  clause: 'Fetch standard, CORS protocol and credentials',
  headline: 'lets pages of any origin read answers with the cookies of their reader',
  remedy: 'list the origins that may read answers, and send Access-Control-Allow-Credentials to no other',
  isClosedByGateway: false,
  cases: ({ tokens }) => [
    {
      label: 'the right token, from a page of another origin',
      authorization: bearer(tokens.right),
      fields: [['Origin', FOREIGN_ORIGIN]],
    },
  ],
  judge: judgeOrigin,
};

function judgeOrigin([exchange]: readonly Exchange[]): Judgement {
  if (!exchange || exchange.answer.status === 0) return { verdict: 'unclear', why: exchange?.answer.failure };
  const [origin] = valuesOf(exchange.answer.fields, 'access-control-allow-origin');
  const isCredentialed = valuesOf(exchange.answer.fields, 'access-control-allow-credentials').includes('true');
  const isOpen = origin === '*' || origin === FOREIGN_ORIGIN;
  return isOpen && isCredentialed ? { verdict: 'fails', decisive: exchange } : { verdict: 'holds' };
}
