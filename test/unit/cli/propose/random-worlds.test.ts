/**
 * Random worlds, in which the gateway's own code decides and writes the log: with the proposal and every route on `enforce`, nobody
 * breaks who is not listed; no alias lets a sibling's token in; and without any one of its lines somebody breaks.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { createAudienceIndex } from '../../../../src/authorization/audience.ts';
import { authorize } from '../../../../src/authorization/authorize.ts';
import { enforceAll } from '../../../../src/cli/propose/survey/enforced-config.ts';
import type { LogEntry } from '../../../../src/cli/simulate/log/log-entry.ts';
import { StoredLines } from '../../../../src/cli/simulate/log/stored-lines.ts';
import { compare } from '../../../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../../../src/cli/simulate/replay/decision-replay.ts';
import type { Config } from '../../../../src/config/config.ts';
import { formatDiagnostic } from '../../../../src/config/diagnostics/diagnostic.ts';
import { loadSource } from '../../../../src/config/load.ts';
import { toSourceFile } from '../../../../src/config/source/source-file.ts';
import { deny } from '../../../../src/denial.ts';
import { createRouteTable, matchRequest } from '../../../../src/route/match.ts';
import { readRequestHead } from '../../../../src/route/request-head.ts';
import { createAccessLineFormat } from '../../../../src/telemetry/log/access-line.ts';
import { checkTime, readAccessToken } from '../../../../src/token/claims.ts';
import { runPropose } from '../../../support/commands.ts';
import { SEED } from '../../../support/fixed-seed.ts';
import { finishedRequest } from '../../telemetry/finished-example.ts';
import { APP_ID, ENTRA, KEYCLOAK, LOGIN, type Outcome } from './world.ts';

const COGNITO = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x';
const OTHER_ID = '11111111-14a6-49ae-97bc-6eba6914391e';
const RESOURCES = ['https://one.example/', 'https://two.example/r', 'https://one.example/r', 'https://one.example'];
const SPELLINGS = [
  'HTTPS://one.example/',
  'https://one.example:443',
  'https://two.example/r/',
  'https://ONE.example/r',
];
const AUDIENCES = [
  ...RESOURCES,
  ...SPELLINGS,
  APP_ID,
  OTHER_ID,
  'orders',
  'account',
  'stranger',
  'https://one.example/x',
];
const CLIENTS = ['web', 'batch', '123', 'a b', 'x\n- y: "#', '\u202Ez', '${HOME}', APP_ID, 'orders'];
const KEYS = ['/a', '/a/b', '/c', '/d', '/e'];

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const some = <T>(values: readonly T[], maxLength: number) => fc.subarray([...values], { maxLength });

const routes = fc.uniqueArray(
  fc.record({
    key: pick(...KEYS),
    resource: pick(0, 0, 1, 2, 3),
    alias: pick(undefined, undefined, undefined, OTHER_ID, 'legacy'),
    multiple: pick('any', 'any', 'any', 'known', 'only'),
    issuers: fc.option(fc.subarray([LOGIN, ENTRA], { minLength: 1 }), { freq: 4 }),
    enforcement: pick('report', 'report', 'report', 'verify', 'enforce'),
    scopes: pick([], ['read'], { GET: ['read'], POST: ['write'] }),
    claims: pick({}, {}, {}, { tid: 't' }, { client_id: ['web', 'batch'] }),
    excused: pick(undefined, undefined, undefined, '2026-12-31', '2026-11-01'),
  }),
  { selector: ({ key }) => key, minLength: 1, maxLength: 4 },
);

const asks = fc.array(
  fc.record({
    method: pick('GET', 'GET', 'GET', 'POST', 'DELETE'),
    path: pick(...KEYS, '/a/b/c', '/nowhere'),
    issuer: pick(LOGIN, LOGIN, ENTRA, KEYCLOAK, COGNITO),
    client: fc.option(pick(...CLIENTS), { nil: undefined, freq: 8 }),
    audience: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...SPELLINGS, RESOURCES[3] ?? '', APP_ID).map(each => [each]) },
      { weight: 3, arbitrary: some(AUDIENCES, 2) },
      { weight: 1, arbitrary: some(RESOURCES, 1) },
    ),
    type: pick('at+jwt', 'at+jwt', 'JWT', undefined),
    kind: pick(undefined, undefined, undefined, undefined, 'id'),
    scope: pick('read', 'read', 'read write', ''),
    tenant: fc.boolean(),
    state: pick('good', 'good', 'good', 'good', 'good', 'good', 'good', 'expired', 'none', 'forged'),
  }),
  { minLength: 3, maxLength: 40, size: 'max' },
);

type Routes = typeof routes extends fc.Arbitrary<infer List> ? List : never;
type Ask = (typeof asks extends fc.Arbitrary<infer List> ? List : never)[number];

function describeWorld(world: Routes): string {
  // Two audiences of one spelling for two resources are an error at load: each id stands on one route only.
  const taken = new Set<string>();
  const entries = world.map(({ key, resource, alias, multiple, issuers, enforcement, scopes, claims, excused }) => {
    const own = alias === undefined || taken.has(alias) ? [] : [alias];
    if (alias !== undefined) taken.add(alias);
    const needsIssuer = issuers === null || issuers.length > 1;
    const exception = {
      ...{ client_id: 'batch', ...(needsIssuer && { iss: LOGIN }), reasons: ['wrong_audience'] },
      ...{ until: excused, owner: 'x' },
    };
    return [
      key,
      {
        ...{ resource: RESOURCES[resource], upstream: 'http://127.0.0.1:1', enforcement, scopes, claims },
        ...{ audiences: own, multiple_audiences: multiple, ...(issuers !== null && { issuers }) },
        ...(excused !== undefined && (issuers === null || issuers.includes(LOGIN)) && { exceptions: [exception] }),
      },
    ];
  });
  const issuers = Object.fromEntries([LOGIN, ENTRA, KEYCLOAK, COGNITO].map(name => [name, null]));
  return stringify({ issuers, routes: Object.fromEntries(entries) }, { nullStr: '' });
}

function load(text: string): Config | undefined {
  const read = toSourceFile('audgate.yaml', text);
  const loaded = read.ok ? loadSource(read.source, {}, { acceptsNoOwner: true }) : read;
  return loaded.ok ? loaded.config : undefined;
}

const format = createAccessLineFormat(new Set());

/** What the gateway would decide: route, token and decision by its own functions; `undefined` where there is no route. */
function decide(config: Config, { method, path, ...ask }: Ask, now: number) {
  const fields = ['Host', 'api.example'];
  const head = readRequestHead({ method, target: path, version: '1.1', fields, body: 'none', expects: 'nothing' });
  if (!head.ok) throw new Error('the head is not valid');
  const match = matchRequest(createRouteTable(config.routes), head);
  if (!match.ok) return undefined;
  const index = createAudienceIndex(config.routes);
  const decision = authorize(index, match, method, readVerification(config, ask, now), now);
  const { grant, denial, verified, scopes } = decision;
  const outcome = grant ? (denial ? ('reported' as const) : ('forwarded' as const)) : ('denied' as const);
  const excused = 'excused' in decision ? decision.excused : [];
  return { route: match.route, method, path, outcome, denial, excused, verified, scopes };
}

/** A request, what was logged of it, and the entry that this line is read as. */
interface Story {
  readonly ask: Ask;
  readonly line: string;
  readonly entry: LogEntry;
}

function tell(config: Config, ask: Ask, now: number): readonly Story[] {
  const decided = decide(config, ask, now);
  if (!decided) return [];
  const line = format({ ...finishedRequest({ host: 'api.example', durationMs: 0 }), ...decided });
  const entry = new StoredLines().read(line.trimEnd());
  if (entry === undefined || typeof entry === 'string') throw new Error(`${entry}: ${line}`);
  return [{ ask, line, entry }];
}

function readVerification(config: Config, ask: Omit<Ask, 'method' | 'path'>, now: number) {
  if (ask.state === 'none') return deny('missing_token');
  const issuer = config.issuers.get(ask.issuer);
  if (!issuer || ask.state === 'forged') return deny('bad_signature');
  const claims = {
    ...{
      iss: ask.issuer,
      sub: 's',
      aud: ask.audience,
      scope: ask.scope,
      exp: now / 1000 + (ask.state === 'expired' ? -60 : 600),
    },
    ...(ask.client !== undefined && { client_id: ask.client }),
    ...(ask.kind !== undefined && { token_use: ask.kind }),
    ...(ask.tenant && { tid: 't' }),
  };
  const token = readAccessToken({ claims, header: { type: ask.type }, isIntrospected: false }, issuer, now);
  return token.ok ? checkTime(token, now) : token;
}

const folder = mkdtempSync(join(tmpdir(), 'audgate-worlds-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Proposed = Pick<
  Outcome,
  'unknown' | 'files' | 'refused' | 'audiences' | 'token_types' | 'exceptions' | 'by_hand' | 'truncated'
>;

async function proposeFor(yaml: string, lines: readonly string[], now: number): Promise<Proposed> {
  const [config, log] = [join(folder, 'audgate.yaml'), join(folder, 'log.ndjson')];
  writeFileSync(config, yaml);
  writeFileSync(log, lines.join(''));
  const { stdout, stderr } = await runPropose({ config, log, now, json: true });
  if (stdout === '') throw new Error(`${stderr}\n${yaml}`);
  return JSON.parse(stdout);
}

interface Found {
  readonly entry: LogEntry;
  readonly reason: string | undefined;
}

/** Those of `stories` that `simulate` says break, or open, under `config`. */
function replay(config: Config, stories: readonly Story[], from: Config | undefined, kind: string): readonly Found[] {
  const decisions = new DecisionReplay(config, from);
  return stories.flatMap(({ entry }) => {
    const change = compare(entry, decisions.decide(entry));
    const isFound = change !== 'unchanged' && 'kind' in change && change.kind === kind;
    return isFound ? [{ entry, reason: change.becomes.reason }] : [];
  });
}

/** Those that were let in and are refused whatever the log does not say; for which reason, it may not say. */
function countCertain(config: Config, stories: readonly Story[], from: Config): number {
  const decisions = new DecisionReplay(config, from);
  return stories.filter(({ entry }) => {
    const possible = decisions.decide(entry);
    if (entry.outcome === 'denied' || possible === 'as_before' || 'unknown' in possible) return false;
    return possible.every(({ outcome }) => outcome === 'denied');
  }).length;
}

/** What the log does not decide. */
function listUnknown(config: Config, stories: readonly Story[], from: Config): ReadonlySet<LogEntry> {
  const decisions = new DecisionReplay(config, from);
  const isUnknown = (entry: LogEntry) => {
    const change = compare(entry, decisions.decide(entry));
    return change !== 'unchanged' && 'unknown' in change;
  };
  return new Set(stories.map(({ entry }) => entry).filter(entry => entry.outcome !== 'denied' && isUnknown(entry)));
}

/** Those that the gateway itself would refuse under `config`, and has not refused. */
function listBroken(config: Config, stories: readonly Story[], now: number): readonly Story[] {
  const wasLetIn = ({ entry }: Story) => entry.outcome !== 'denied';
  return stories.filter(each => wasLetIn(each) && decide(config, each.ask, now)?.outcome === 'denied');
}

const clientOf = ({ claims }: LogEntry) => (claims === 'omitted' ? null : (claims?.clientId ?? null));
const withoutExceptions = (text: string) => {
  const content = parse(text);
  for (const route of Object.values<Record<string, unknown>>(content.routes)) delete route['exceptions'];
  return stringify(content, { nullStr: '' });
};

const EXCUSABLE = ['wrong_audience', 'wrong_token_type', 'wrong_claim', 'insufficient_scope'];
const isHelpable = ({ reason, client_id }: Proposed['refused'][number]) =>
  EXCUSABLE.includes(reason) && client_id !== null && !client_id.includes('${');

const nameOf = ({ entry }: { readonly entry: LogEntry }) => JSON.stringify([entry.route, clientOf(entry)]);

/** What is to be said of one world. */
interface World {
  readonly yaml: string;
  readonly text: string;
  readonly config: Config;
  readonly stories: readonly Story[];
  readonly proposed: Proposed;
  readonly now: number;
  /** For the message of a failure. */
  readonly told: string;
}

/** Nobody breaks who is not listed: by `simulate`, told or not what wrote the log, and by the gateway itself. */
function checkBroken({ text, config, stories, proposed, now, told }: World): number {
  const enforced = enforceAll(load(text) as Config);
  const unknown = listUnknown(enforced, stories, config);
  const counted = Object.values(proposed.unknown).reduce((sum, count) => sum + count, 0);
  expect(counted, told).toBeGreaterThanOrEqual(unknown.size);
  const broken = [
    ...replay(enforced, stories, config, 'would_break'),
    ...replay(enforced, stories, undefined, 'would_break'),
    ...listBroken(enforced, stories, now).filter(({ entry }) => !unknown.has(entry)),
  ];
  const listed = new Set(proposed.refused.map(({ route, client_id }) => JSON.stringify([route, client_id])));
  expect(broken.filter(each => !listed.has(nameOf(each))).map(nameOf), told).toEqual([]);
  expect(proposed.refused.filter(isHelpable), `an exception could help\n${told}`).toEqual([]);
  return broken.length;
}

/** Without the exceptions nothing is let in that was denied, unless the same client was let in on the same route. */
function checkOpened({ text, config, stories, told }: World): void {
  const bare = enforceAll(load(withoutExceptions(text)) as Config);
  const letIn = new Set(stories.filter(({ entry }) => entry.outcome !== 'denied').map(nameOf));
  const opened = replay(bare, stories, config, 'would_open').map(nameOf);
  expect(
    opened.filter(name => !letIn.has(name)),
    told,
  ).toEqual([]);
}

/** No route has the audience of another resource. */
function checkSiblings({ text, config, told }: World): number {
  const index = createAudienceIndex(config.routes);
  const accepted = (load(text)?.routes ?? []).flatMap(route => (route.public ? [] : [route]));
  const pairs = accepted.flatMap(route => AUDIENCES.map(audience => ({ route, audience, owner: index.get(audience) })));
  const foreign = pairs.filter(({ route, owner }) => owner !== undefined && owner !== route.resource);
  expect(
    foreign.filter(({ route, audience }) => route.audiences.has(audience)),
    told,
  ).toEqual([]);
  return foreign.length;
}

/** Without any one of the added lines the file does not load, or somebody breaks: by `simulate`, or in the gateway, where the log does not say. */
function checkLines({ yaml, text, config, stories, now, told }: World): number {
  const lines = text.split('\n');
  const count = (changed: Config) => [
    countCertain(enforceAll(changed), stories, config),
    listBroken(enforceAll(changed), stories, now).length,
  ];
  const least = count(load(text) as Config);
  const isMore = (counts: readonly number[]) => counts.some((each, index) => each > (least[index] ?? 0));
  const known = yaml.split('\n');
  const added = [...lines.entries()].filter(([, line]) => !known.includes(line) && !line.trim().startsWith('#'));
  for (const [at, line] of added) {
    const without = load(lines.toSpliced(at, 1).join('\n'));
    expect(without === undefined || isMore(count(without)), `superfluous: ${line}\n${told}`).toBe(true);
  }
  return added.length;
}

const RUNS = Number(process.env['AUDGATE_WORLDS'] ?? 60);

test(
  'random worlds: nobody breaks who is not listed, no sibling is let in, no line is too many',
  async () => {
    const seen = { worlds: 0, requests: 0, patches: 0, aliases: 0, types: 0, exceptions: 0 };
    const tested = { broken: 0, siblings: 0, lines: 0 };
    for (const [world, list] of fc.sample(fc.tuple(routes, asks), { numRuns: RUNS, seed: SEED })) {
      const yaml = describeWorld(world);
      const config = load(yaml);
      if (!config) throw new Error(describeErrors(yaml));
      const now = Date.now();
      const stories = list.flatMap(ask => tell(config, ask, now));
      if (stories.length === 0) continue;
      const log = stories.map(({ line }) => line);
      const proposed = await proposeFor(yaml, log, now);
      const text = proposed.files[0]?.text ?? yaml;
      const told = `${yaml}\n${log.join('')}\n${text}`;
      expect(proposed.by_hand, told).toEqual([]);
      seen.worlds += 1;
      seen.requests += stories.length;
      seen.patches += proposed.files.length;
      seen.aliases += proposed.audiences.length;
      seen.types += proposed.token_types.length;
      seen.exceptions += proposed.exceptions.length;
      const checked = { yaml, text, config, stories, proposed, now, told };
      tested.broken += checkBroken(checked);
      checkOpened(checked);
      tested.siblings += checkSiblings(checked);
      tested.lines += checkLines(checked);
    }
    if (process.env['AUDGATE_WORLDS'] !== undefined)
      process.stdout.write(`${JSON.stringify({ ...seen, ...tested })}\n`);
    // A property that is never put to the test proves nothing.
    for (const count of Object.values({ ...seen, ...tested })) expect(count).toBeGreaterThan(RUNS / 10);
  },
  60_000 + RUNS * 1_000,
);

function describeErrors(yaml: string): string {
  const read = toSourceFile('audgate.yaml', yaml);
  const loaded = read.ok ? loadSource(read.source, {}, {}) : read;
  return `${loaded.ok ? '' : loaded.diagnostics.map(formatDiagnostic).join('\n')}\n${yaml}`;
}
