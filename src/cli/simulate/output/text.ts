/** The result of a replay as text: one screen of 80 columns and 24 rows, the most frequent changes first. */

import { UPSTREAM_TOKENS } from '../../../config/values/upstream-token.ts';
import { fitText } from '../../terminal.ts';
import type { ChangeGroup } from '../replay/change-groups.ts';
import type { ChangeKind } from '../replay/comparison.ts';
import type { ReplayResult } from '../replay/log-replay.ts';
import { UNKNOWN } from '../replay/unknown.ts';

const ROWS = 23;
const ROWS_OF_GROUP = 3;
const MOST_CAUSES = 3;
const COUNT_WIDTH = 11;
const INDENT = ' '.repeat(COUNT_WIDTH + 2);

const MEANING: Readonly<Record<ChangeKind, string>> = {
  would_break: 'would break: forwarded so far, refused then',
  would_open: 'would open: refused so far, forwarded then',
  newly_reported: 'newly reported',
  no_longer_reported: 'no longer reported',
  otherwise: 'otherwise: another reason, or another resource',
};

/** Printed also where the count is 0. */
const ALWAYS: readonly string[] = ['would_break', 'would_open'];

const ASSUMED = [
  'assumed unchanged: keys, algorithms, token_types, scope_claim, audience_claim',
  '  (--from OLD tells: the configuration that wrote the log)',
];

/** The names of the files. */
export interface Names {
  readonly log: string;
  readonly now: string;
  readonly from: string | undefined;
}

/** @returns lines without their ends, at most 23 of at most 80 characters. */
export function renderText(result: ReplayResult, { log, now, from }: Names): readonly string[] {
  const head = [
    `${fitText(log, 36)} under ${fitText(now, 36)}`,
    ...(from === undefined ? ASSUMED : [`  written under ${fitText(from, 60)}`]),
    ...describeCounts(result),
    ...describeUnknown(result.unknown),
    ...describeUndecided(result),
    ...describeUpstreamTokens(result),
    ...describeLapsed(result),
  ];
  return [...head, ...describeGroups(result, ROWS - head.length)];
}

/** @returns the number of lines that are, or may be, entries of requests without a decision. */
export function countUndecided({ broken, unknown }: ReplayResult): number {
  return [...unknown.values()].reduce((sum, count) => sum + count, broken);
}

/** Where no change was found, but some lines were not decided. */
function describeUndecided(result: ReplayResult): readonly string[] {
  const undecided = countUndecided(result);
  if (undecided === 0 || result.decided !== result.unchanged) return [];
  return [`No change found, but not all could be judged: ${undecided.toLocaleString('en')} unknown or broken.`];
}

/** It changes no decision, but an API that reads Authorization may depend on it. */
function describeUpstreamTokens({ upstreamTokenChanges }: ReplayResult): readonly string[] {
  return UPSTREAM_TOKENS.flatMap(choice => {
    const routes = upstreamTokenChanges.filter(({ becomes }) => becomes === choice).map(({ route }) => route);
    if (routes.length === 0) return [];
    const what = choice === 'strip' ? 'no longer reaches' : 'reaches';
    const head = `Authorization ${what} the upstream then: the default of upstream_token`;
    return [head, `  is ${choice} on ${fitText(routes.join(', '), 60)}`];
  });
}

/** Each line is judged at its own time; from now on these requests would be refused. */
function describeLapsed({ lapsedExceptions }: ReplayResult): readonly string[] {
  if (lapsedExceptions.length === 0) return [];
  const total = lapsedExceptions.reduce((sum, { count }) => sum + count, 0);
  const names = lapsedExceptions.map(({ exception: { clientId, until } }) => `${clientId} (${until})`);
  return [row(total, 'passed by an exception that has lapsed since:'), `${INDENT}${fitText(names.join(', '), 60)}`];
}

function describeCounts(result: ReplayResult): readonly string[] {
  const { lines, decided, skipped, broken, unchanged, changed } = result;
  const kinds = Object.entries(MEANING) as [ChangeKind, string][];
  const shown = kinds.filter(([kind]) => ALWAYS.includes(kind) || changed[kind] > 0);
  return [
    row(lines, `lines; ${skipped} of no request, ${broken} broken`),
    row(decided, 'requests judged'),
    row(unchanged, 'unchanged'),
    ...shown.map(([kind, meaning]) => row(changed[kind], meaning)),
  ];
}

function describeUnknown(unknown: ReplayResult['unknown']): readonly string[] {
  const causes = [...unknown].sort(([, a], [, b]) => b - a);
  if (causes.length === 0) return [];
  const total = causes.reduce((sum, [, count]) => sum + count, 0);
  const rest = causes.slice(MOST_CAUSES);
  return [
    row(total, 'unknown: cannot be judged from the log'),
    ...causes.slice(0, MOST_CAUSES).map(([cause, count]) => `  ${row(count, UNKNOWN[cause])}`),
    ...(rest.length > 0 ? [`${INDENT}  and ${rest.length} more causes, see --json`] : []),
  ];
}

function describeGroups({ groups, isCut }: ReplayResult, rows: number): readonly string[] {
  const cut = isCut ? ['More groups than are kept: the rest is summed as (other clients).'] : [];
  const most = Math.max(1, Math.floor((rows - 2 - cut.length) / ROWS_OF_GROUP));
  const hidden = groups.length - most;
  const more = hidden > 0 ? [`and ${hidden} more ${hidden === 1 ? 'group' : 'groups'}, see --json`] : [];
  const shown = groups.slice(0, most).flatMap(describeGroup);
  return groups.length === 0 ? [] : ['', ...shown, ...more, ...cut];
}

function describeGroup({ route, was, becomes, clientId, count, first, last, example }: ChangeGroup): readonly string[] {
  const to = becomes.route?.id;
  const place = to === undefined || to === route ? fitText(route, 64) : `${fitText(route, 30)} → ${fitText(to, 30)}`;
  const decision = `${describe(was)} → ${describe(becomes, was.reason)}`;
  const client = clientId === null ? '' : `client ${fitText(clientId, 24)}`;
  const presented = becomes.presented === undefined ? '' : ` (${becomes.presented})`;
  const id = `e.g. ${fitText(example, 36)}`;
  return [
    row(count, client === '' ? place : `${place}  ${client}`),
    `${INDENT}${fitText(decision + presented, 80 - INDENT.length)}`,
    `${INDENT}${formatTimes(first, last)}  ${id}`,
  ];
}

/** Leaves out the reason where it is `shown` already. */
function describe(
  { outcome, reason }: { readonly outcome: string; readonly reason: string | undefined },
  shown?: string,
) {
  return reason === undefined || reason === shown ? outcome : `${outcome} ${reason}`;
}

/** In UTC, to the minute: `11-23 13:28–11-24 09:00`. */
function formatTimes(first: number, last: number): string {
  const [from, to] = [first, last].map(time => new Date(time).toISOString().slice(5, 16).replace('T', ' '));
  return from === to ? `${from}` : `${from}–${to}`;
}

function row(count: number, text: string): string {
  return `${count.toLocaleString('en').padStart(COUNT_WIDTH)}  ${text}`.slice(0, 80);
}
