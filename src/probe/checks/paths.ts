/** Whether a token for one path opens another API of the same host, where two readers of the path do not agree (RFC 3986 section 6). */

import { randomUUID } from 'node:crypto';
import { bearer, type Case, type Check, type Exchange, type Judgement, type ProbeContext } from '../check.ts';
import { judgeRefusals, readAnswer } from '../judging.ts';

export const PATH_READINGS: Check = {
  id: 'path-readings',
  title: 'a token for one API does not open its sibling by another reading of the path',
  clause: 'RFC 3986 sections 2.2 and 6.2.2, RFC 9110 section 4.2.3',
  headline: 'lets a token for one API into another by a path that two servers read differently',
  remedy:
    'decide on the path once, forward the bytes that were decided on, and refuse encoded separators and dot segments',
  isClosedByGateway: true,
  cases: listReadings,
  judge: judgeReadings,
};

const UNKNOWN = 'a path that nobody has';
const UNKNOWN_BEHIND_EMPTY = 'an empty segment before a path that nobody has';
const EMPTY_SEGMENT = 'an empty segment before it';

function listReadings({ tokens, target, siblingPath }: ProbeContext): readonly Case[] | string {
  if (siblingPath === undefined) return 'needs --sibling-url';
  const authorization = bearer(tokens.right);
  const own = target.path.replace(/[?].*$/, '').replace(/\/$/, '');
  const up = own.split('/').length - 1;
  const join = (dots: string, separator: string) =>
    `${own}/${Array.from({ length: up }, () => `${dots}${separator}`).join('')}${siblingPath.slice(1)}`;
  const paths = [
    ['the sibling itself', siblingPath],
    [UNKNOWN, `${own}/${randomUUID()}`],
    [UNKNOWN_BEHIND_EMPTY, `//${randomUUID()}`],
    ['dot segments', join('..', '/')],
    ['encoded dots', join('%2e%2e', '/')],
    ['encoded slashes', join('..', '%2f')],
    ['encoded dots and slashes', join('%2e%2e', '%2f')],
    ['backslashes', join('..', '%5c')],
    ['path parameters', join('..;', '/')],
    [EMPTY_SEGMENT, `/${siblingPath}`],
    ['encoded twice', join('%252e%252e', '%252f')],
  ];
  return paths.map(([label = '', path = '']) => ({
    label: `the right token at the sibling: ${label}`,
    authorization,
    path,
  }));
}

/** What answers every path, below its own or behind an empty segment, says nothing by its status. */
function judgeReadings(exchanges: readonly Exchange[]): Judgement {
  const [sibling, unknown, unknownBehindEmpty, ...readings] = exchanges;
  if (!sibling || !unknown || !unknownBehindEmpty) return { verdict: 'unclear' };
  if (readAnswer(sibling.answer) === 'accepted')
    return { verdict: 'fails', decisive: sibling, why: 'the sibling accepts the token' };
  const opened = readings.filter(({ answer }) => readAnswer(answer) === 'accepted');
  const [first] = opened;
  if (!first) return judgeRefusalOrAbsence(exchanges);
  const controlOf = ({ sent }: Exchange) => (sent.label.endsWith(EMPTY_SEGMENT) ? unknownBehindEmpty : unknown);
  const failed = opened.find(exchange => readAnswer(controlOf(exchange).answer) !== 'accepted');
  if (failed) return { verdict: 'fails', decisive: failed };
  return {
    verdict: 'unclear',
    decisive: first,
    why: 'it answers every path, so that its answers do not tell which API gave them',
  };
}

/** Not found is as good as refused here. */
function judgeRefusalOrAbsence(exchanges: readonly Exchange[]): Judgement {
  const clear = exchanges.filter(({ sent, answer }) => answer.status !== 404 && !sent.label.endsWith(UNKNOWN));
  return judgeRefusals(clear);
}
