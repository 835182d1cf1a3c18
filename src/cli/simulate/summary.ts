/** What a replay found, for people: one screen of 80 columns and 24 rows, the most frequent changes first. */

import { UPSTREAM_TOKENS } from '../../config/values/upstream-token.ts';
import { fitText } from '../terminal.ts';
import type { ChangeGroup } from './changes.ts';
import type { ChangeKind } from './comparison.ts';
import type { Replay } from './replay.ts';
import { UNKNOWN, type UnknownCause } from './unknown.ts';

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

/** Told also where there is none of it. */
const ALWAYS: readonly string[] = ['would_break', 'would_open'];

const ASSUMED = [
  'assumed unchanged: keys, algorithms, token_types and scope_claim of each issuer',
  '  (--from OLD tells: the configuration that wrote the log)',
];

/** The names of the files. */
export interface Names {
  readonly log: string;
  readonly now: string;
  readonly from: string | undefined;
}

/** @returns lines without their ends, at most 23 of at most 80 characters. */
export function summarise(replayed: Replay, { log, now, from }: Names): readonly string[] {
  const head = [
    `${fitText(log, 36)} under ${fitText(now, 36)}`,
    ...(from === undefined ? ASSUMED : [`  written under ${fitText(from, 60)}`]),
    ...describeCounts(replayed),
    ...describeUnknown(replayed.unknown),
    ...describeDoubt(replayed),
    ...describeTokenDefaults(replayed),
  ];
  return [...head, ...describeGroups(replayed, ROWS - head.length)];
}

/** @returns how many lines tell of a request, or may do so, that was not judged. */
export function countUnjudged({ broken, unknown }: Replay): number {
  return [...unknown.values()].reduce((sum, count) => sum + count, broken);
}

/** Where no change was found, whether there is none. */
function describeDoubt(replayed: Replay): readonly string[] {
  const unjudged = countUnjudged(replayed);
  if (unjudged === 0 || replayed.judged !== replayed.unchanged) return [];
  return [`No change found, but not all could be judged: ${unjudged.toLocaleString('en')} unknown or broken.`];
}

/** No decision changes by it, but an API that reads Authorization does. */
function describeTokenDefaults({ tokenDefaults }: Replay): readonly string[] {
  return UPSTREAM_TOKENS.flatMap(choice => {
    const routes = tokenDefaults.filter(({ becomes }) => becomes === choice).map(({ route }) => route);
    if (routes.length === 0) return [];
    const what = choice === 'strip' ? 'no longer reaches' : 'reaches';
    const head = `Authorization ${what} the upstream then: the default of upstream_token`;
    return [head, `  is ${choice} on ${fitText(routes.join(', '), 60)}`];
  });
}

function describeCounts(replayed: Replay): readonly string[] {
  const { lines, judged, skipped, broken, unchanged, changed } = replayed;
  const kinds = Object.entries(MEANING) as [ChangeKind, string][];
  const shown = kinds.filter(([kind]) => ALWAYS.includes(kind) || changed[kind] > 0);
  return [
    row(lines, `lines; ${skipped} of no request, ${broken} broken`),
    row(judged, 'requests judged'),
    row(unchanged, 'unchanged'),
    ...shown.map(([kind, meaning]) => row(changed[kind], meaning)),
  ];
}

function describeUnknown(unknown: Replay['unknown']): readonly string[] {
  const causes = [...unknown].sort(([, a], [, b]) => b - a);
  if (causes.length === 0) return [];
  const total = causes.reduce((sum, [, count]) => sum + count, 0);
  const rest = causes.slice(MOST_CAUSES);
  return [
    row(total, 'unknown: cannot be judged from the log'),
    ...causes.slice(0, MOST_CAUSES).map(([cause, count]) => `  ${row(count, explain(cause))}`),
    ...(rest.length > 0 ? [`${INDENT}  and ${rest.length} more causes, see --json`] : []),
  ];
}

function explain(cause: UnknownCause): string {
  return UNKNOWN[cause];
}

function describeGroups({ groups, isCut }: Replay, rows: number): readonly string[] {
  const cut = isCut ? ['More groups than are kept: the rest is summed as (other clients).'] : [];
  const room = Math.max(1, Math.floor((rows - 2 - cut.length) / ROWS_OF_GROUP));
  const hidden = groups.length - room;
  const more = hidden > 0 ? [`and ${hidden} more ${hidden === 1 ? 'group' : 'groups'}, see --json`] : [];
  const shown = groups.slice(0, room).flatMap(describeGroup);
  return groups.length === 0 ? [] : ['', ...shown, ...more, ...cut];
}

function describeGroup({ route, was, becomes, clientId, count, first, last, example }: ChangeGroup): readonly string[] {
  const to = becomes.route?.key;
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

/** Without a reason that has been said. */
function describe(
  { outcome, reason }: { readonly outcome: string; readonly reason: string | undefined },
  said?: string,
) {
  return reason === undefined || reason === said ? outcome : `${outcome} ${reason}`;
}

/** In UTC, to the minute: `11-23 13:28–11-24 09:00`. */
function formatTimes(first: number, last: number): string {
  const [from, to] = [first, last].map(time => new Date(time).toISOString().slice(5, 16).replace('T', ' '));
  return from === to ? `${from}` : `${from}–${to}`;
}

function row(count: number, text: string): string {
  return `${count.toLocaleString('en').padStart(COUNT_WIDTH)}  ${text}`.slice(0, 80);
}
