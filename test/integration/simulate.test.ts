/**
 * What `simulate` says of a log that a real gateway wrote against what a real gateway with the other configuration
 * answers when the same requests are sent again.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEntry } from '../../src/cli/simulate/log/entry-parser.ts';
import { compare } from '../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../src/cli/simulate/replay/decision-replay.ts';
import { simulate } from '../../src/cli/simulate.ts';
import { SEED } from '../support/fixed-seed.ts';
import { type LogLine, type RunningGateway, startGateway } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';
import { bearer, type HeaderPair, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const RESOURCES = ['https://one.example/r1', 'https://two.example/r2', 'https://one.example/'];

let folder: string;
let issuers: readonly TokenIssuer[];
let upstream: Upstream;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-simulate-'));
  issuers = await Promise.all([startTokenIssuer(), startTokenIssuer(), startTokenIssuer()]);
  upstream = await startUpstream();
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([...issuers, upstream].map(each => each.close()));
});

interface Ask {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly token: string;
}

interface Finding {
  readonly lines: number;
  readonly judged: number;
  readonly unchanged: number;
  readonly changed: Readonly<Record<string, number>>;
  readonly skipped: number;
  readonly broken: number;
  readonly unknown: Readonly<Record<string, number>>;
  readonly changes: readonly {
    readonly route: string;
    readonly was: Decision;
    readonly becomes: Decision;
    readonly presented: string | null;
    readonly client_id: string | null;
    readonly count: number;
    readonly example: string;
  }[];
}

interface Decision {
  readonly outcome: unknown;
  readonly reason: unknown;
}

// Tokens by name: what decides is in the name, so that a question can be read.

async function credentialsOf(token: string): Promise<readonly HeaderPair[]> {
  const [kind = '', issuer = '0', aud = '', scope = ''] = token.split(' ');
  if (kind === 'none') return [];
  if (kind === 'empty') return [['Authorization', 'Bearer']];
  if (kind === 'garbage') return [['Authorization', 'Bearer a.b']];
  const claims = {
    aud: aud === '' ? undefined : aud.split('|'),
    scope: scope.replaceAll('+', ' '),
    client_id: `c-${issuer}`,
  };
  const broken = kind === 'expired' ? { exp: 1 } : kind === 'early' ? { nbf: 3e9, exp: 4e9 } : {};
  const header = kind === 'id' ? { typ: 'JWT' } : kind === 'unknown' ? { kid: 'x' } : {};
  const signed = (await issuers[Number(issuer)]?.sign({ claims: { ...claims, ...broken }, header })) ?? '';
  return [bearer(kind === 'forged' ? signed.replace(/[^.]+$/, 'A'.repeat(86)) : signed)];
}

/** @returns the line of each request, in their order. */
async function askAll(gateway: RunningGateway, asks: readonly Ask[]): Promise<readonly LogLine[]> {
  for (const [index, { method, host, path, token }] of asks.entries()) {
    await request(gateway.port, { method, path, headers: [['Host', host], ...(await credentialsOf(token))] });
    await gateway.requestLines(index + 1);
  }
  return gateway.requestLines(asks.length);
}

async function record(
  yaml: string,
  asks: readonly Ask[],
): Promise<{ requests: readonly LogLine[]; log: readonly LogLine[] }> {
  const gateway = await startGateway(yaml);
  try {
    const requests = await askAll(gateway, asks);
    return { requests, log: [...gateway.log] };
  } finally {
    await gateway.close();
  }
}

const decisionOf = (line: LogLine | undefined): Decision => ({
  outcome: line?.['outcome'],
  reason: line?.['reason'] ?? null,
});

function writeConfig(yaml: string): string {
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  writeFileSync(file, yaml);
  return file;
}

function writeLog(lines: readonly unknown[]): string {
  const file = join(folder, `${crypto.randomUUID()}.ndjson`);
  writeFileSync(
    file,
    lines
      .map(line => (typeof line === 'string' ? line : JSON.stringify(line)))
      .map(line => `${line}\n`)
      .join(''),
  );
  return file;
}

async function run(yaml: string, log: string, json: boolean, from?: string) {
  const out = { stdout: '', stderr: '' };
  const code = await simulate(
    { config: writeConfig(yaml), from: from === undefined ? undefined : writeConfig(from), log, json },
    {
      environment: {},
      standardInput: process.stdin,
      write: line => {
        out.stdout += `${line}\n`;
      },
      writeError: line => {
        out.stderr += `${line}\n`;
      },
    },
  );
  return { code, ...out };
}

async function simulateJson(
  yaml: string,
  lines: readonly unknown[],
  from?: string,
): Promise<Finding & { readonly code: number }> {
  const { code, stdout } = await run(yaml, writeLog(lines), true, from);
  return { ...JSON.parse(stdout), code };
}

// A world that reads like one: a legacy API in report mode, a sibling, three clients.

const [BILLING, PROFILE] = ['https://billing.example/', 'https://profile.example/'];

const configure = ({ enforcement = 'report', audiences = '', types = 'at+jwt' } = {}) => `
issuers:
  ${issuers[0]?.issuer}: { jwks_uri: ${issuers[0]?.jwksUri}, token_types: [${types}] }
  ${issuers[1]?.issuer}: { jwks_uri: ${issuers[1]?.jwksUri} }
routes:
  /billing:
    resource: ${BILLING}
    audiences: [${audiences}]
    upstream: ${upstream.origin}
    enforcement: ${enforcement}
    scopes: { GET: [read], POST: [write] }
  /profile: { resource: ${PROFILE}, upstream: ${upstream.origin} }
  /open: { public: true, upstream: ${upstream.origin} }
`;

const ask = (token: string, path = '/billing/7', method = 'GET'): Ask => ({ method, host: 'api.example', path, token });

const MIX: readonly Ask[] = [
  ask(`good 0 ${BILLING} read`),
  ask(`good 0 ${BILLING} read`, '/billing/8?secret=1'),
  ask(`good 1 ${PROFILE} read`),
  ask(`good 1 ${PROFILE}|x read`),
  ask('good 0 legacy-billing read'),
  ask('good 0'),
  ask(`good 0 ${BILLING} read`, '/billing', 'POST'),
  ask(`good 0 ${BILLING} read`, '/billing', 'DELETE'),
  ask(`id 0 ${BILLING} read`),
  ask('none'),
  ask('empty'),
  ask('garbage'),
  ask(`expired 0 ${BILLING} read`),
  ask(`early 0 ${BILLING} read`),
  ask(`forged 0 ${BILLING} read`),
  ask(`unknown 0 ${BILLING} read`),
  ask('none', '/open/x'),
  ask('none', '/nowhere'),
  ask(`good 0 ${PROFILE}`, '/profile'),
  ask(`good 0 ${BILLING}`, '/profile'),
  ask('none', '/billing/../x'),
  ask('none', '/.well-known/oauth-protected-resource'),
  { ...ask('none'), host: 'a b' },
];

describe('a gateway in report mode was asked, and its log is replayed', () => {
  let lines: readonly LogLine[];
  let log: readonly LogLine[];
  beforeAll(async () => {
    ({ requests: lines, log } = await record(configure(), MIX));
  });

  test('under the same configuration nothing changes: exit 0', async () => {
    const { code, ...finding } = await simulateJson(configure(), log);
    expect({ code, unchanged: finding.unchanged, changes: finding.changes }).toEqual({
      code: 0,
      unchanged: MIX.length,
      changes: [],
    });
    expect(finding).toMatchObject({ judged: MIX.length, broken: 0, unknown: {}, skipped: log.length - MIX.length });
  });

  test('under `enforce` exactly what was reported breaks, as a real gateway then answers: exit 3', async () => {
    const { requests: then } = await record(configure({ enforcement: 'enforce' }), MIX);
    const { code, changes, changed, unknown } = await simulateJson(configure({ enforcement: 'enforce' }), log);
    const reported = lines.filter(line => line['outcome'] === 'reported');
    expect(code).toBe(3);
    expect(reported).toHaveLength(14);
    expect(changed).toMatchObject({ would_break: reported.length, would_open: 0, otherwise: 0 });
    expect(unknown).toEqual({});
    expect(changes.reduce((sum, { count }) => sum + count, 0)).toBe(reported.length);
    for (const { route, was, becomes, example } of changes) {
      const index = lines.findIndex(line => line['request_id'] === example);
      expect(route).toBe('/billing');
      expect(was).toEqual(decisionOf(lines[index]));
      expect(becomes).toEqual(decisionOf(then[index]));
    }
    const presented = changes.filter(({ becomes }) => becomes.reason === 'wrong_audience').map(each => each.presented);
    expect(presented.sort()).toEqual(['foreign', PROFILE, 'missing'].sort());
  });

  test('with an alias for the old audience, none of that client remains', async () => {
    const fixed = configure({ enforcement: 'enforce', audiences: 'legacy-billing' });
    const before = await simulateJson(configure({ enforcement: 'enforce' }), log);
    const after = await simulateJson(fixed, log);
    expect(Number(after.changed['would_break'])).toBe(Number(before.changed['would_break']) - 1);
    const legacy = lines.filter(line => String(line['aud']) === 'legacy-billing');
    const alone = await simulateJson(fixed, [...legacy, ...lines.filter(line => line['outcome'] === 'forwarded')]);
    expect(alone.changed).toMatchObject({ would_break: 0, no_longer_reported: 1 });
  });

  test('where only right tokens were used, enforcing changes nothing: exit 0', async () => {
    const right = lines.filter(line => line['outcome'] === 'forwarded');
    expect(await simulateJson(configure({ enforcement: 'enforce' }), right)).toMatchObject({
      code: 0,
      changes: [],
      unknown: {},
    });
  });

  test('a token whose typ the new configuration may accept is unknown: typ is not in the log', async () => {
    const id = lines.filter(line => line['reason'] === 'wrong_token_type');
    const found = await simulateJson(configure({ types: 'at+jwt, JWT', enforcement: 'enforce' }), id);
    expect(found).toMatchObject({ code: 1, judged: 0, unknown: { token_type_not_logged: 1 } });
  });

  test('each line is judged at its own time, when its token had not expired', async () => {
    const past = lines.map(line => ({
      ...line,
      time: '2020-01-01T00:00:00Z',
      ...(line['exp'] ? { exp: 1577836860 } : {}),
    }));
    expect(await simulateJson(configure(), past)).toMatchObject({ code: 0, unchanged: MIX.length, unknown: {} });
  });

  test('broken lines are counted, and end nothing', async () => {
    const broken = [
      '{',
      'null',
      '[]',
      '7',
      '"request"',
      '{"msg":"request"}',
      '\u0000',
      JSON.stringify({ ...lines[0], aud: 7 }),
    ];
    const tooLong = `{"msg":"request","path":"${'x'.repeat(2 ** 21)}"}`;
    const found = await simulateJson(configure(), [...broken, '', ...log, tooLong, '{"msg":"listening"}', lines[0]]);
    expect(found).toMatchObject({ code: 3, broken: broken.length + 1, unchanged: MIX.length + 1 });
    expect(found.lines).toBe(found.judged + found.broken + found.skipped);
  });

  test('the summary fits a screen of 80 columns and 24 rows, whatever clients call themselves', async () => {
    const hostile = lines.flatMap(line => [
      line,
      { ...line, client_id: `\u001b[2J\u202e\r\n${'w'.repeat(900)}`, route: '\u009b31m' },
    ]);
    const { code, stdout } = await run(configure({ enforcement: 'enforce' }), writeLog(hostile), false);
    const rows = stdout.split('\n').slice(0, -1);
    expect(code).toBe(3);
    expect(rows.length).toBeLessThan(24);
    expect(Math.max(...rows.map(row => [...row].length))).toBeLessThanOrEqual(80);
    expect(stdout).not.toMatch(/[^\P{C}\n]/u);
    expect(stdout).toMatch(/and \d+ more groups, see --json/);
    const json = await run(configure({ enforcement: 'enforce' }), writeLog(hostile), true);
    expect(json.stdout).not.toMatch(/[^\P{C}\n]/u);
  });

  test('no path, query, audience or subject of a stranger is in either output', async () => {
    const marked = lines.map(line => ({
      ...line,
      sub: 'MARK',
      ...(line['aud'] ? { aud: ['MARK'] } : {}),
      jti: 'MARK',
    }));
    for (const json of [false, true]) {
      expect((await run(configure({ enforcement: 'enforce' }), writeLog(marked), json)).stdout).not.toContain('MARK');
    }
  });
});

describe('the command', () => {
  test('reads standard input where the file is -, and writes nothing to standard error', async () => {
    const { log } = await record(configure(), [ask('none')]);
    const text = log.map(line => `${JSON.stringify(line)}\n`).join('');
    const config = writeConfig(configure({ enforcement: 'enforce' }));
    const { code, stdout, stderr } = await runProgram(['simulate', '--config', config, '-', '--json'], { input: text });
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(JSON.parse(stdout).changes).toMatchObject([
      { kind: 'would_break', count: 1, becomes: { reason: 'missing_token' } },
    ]);
  });

  test('2 for missing arguments', async () => {
    expect(await runProgram(['simulate', writeLog([])])).toMatchObject({ code: 2, stdout: '' });
    expect(await runProgram(['simulate', '--config', writeConfig(configure())])).toMatchObject({ code: 2, stdout: '' });
  });
});

test('a configuration or a log that cannot be read is a failure', async () => {
  const log = writeLog([]);
  expect(await run('routes: 7', log, false)).toMatchObject({ code: 1, stdout: '' });
  expect(await run(configure(), log, false, 'routes: 7')).toMatchObject({ code: 1, stdout: '' });
  for (const unreadable of [join(folder, 'absent'), folder, 'x'.repeat(300)]) {
    const { code, stdout, stderr } = await run(configure(), unreadable, false);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`${unreadable}: cannot be read (`);
  }
});

describe('what the log does not hold', () => {
  const configureIssuers = (rules: string, { enforcement = 'report', trusted = [0], more = '' } = {}) => `
issuers:
${trusted.map(index => `  ${issuers[index]?.issuer}: { jwks_uri: ${issuers[index]?.jwksUri}, ${rules} }`).join('\n')}
routes:
  /billing: { resource: ${BILLING}, upstream: ${upstream.origin}, enforcement: ${enforcement}, scopes: [read]${more} }
  /other: { resource: ${PROFILE}, upstream: ${upstream.origin}, scopes: [read] }
`;
  const RULES = 'token_types: [at+jwt, JWT], algorithms: [ES256]';
  const good = [`good 0 ${BILLING} read`, `id 0 ${BILLING} read`].map(token => ask(token));
  const stranger = ask(`good 1 ${BILLING} read`);

  test.each([
    ['scope_claim', `${RULES}, scope_claim: roles`],
    ['token_types', 'token_types: [at+jwt], algorithms: [ES256]'],
    ['algorithms', 'token_types: [at+jwt, JWT], algorithms: [RS256]'],
    ['keys', `${RULES}, KEYS`],
  ])(
    'an issuer whose %s changed: unknown with --from, and assumed unchanged in words without',
    async (_name, rules) => {
      const old = configureIssuers(RULES);
      const changed = rules.endsWith('KEYS')
        ? configureIssuers(RULES).replace(`jwks_uri: ${issuers[0]?.jwksUri}`, `jwks_uri: ${issuers[1]?.jwksUri}`)
        : configureIssuers(rules);
      const { requests } = await record(old, [...good, ask('none')]);
      const log = writeLog(requests);
      const found = await simulateJson(changed, requests, old);
      expect(found).toMatchObject({ code: 3, judged: 1, unknown: { issuer_rules: 2 }, assumed_unchanged: ['keys'] });
      const { stdout } = await run(changed, log, false, old);
      expect(stdout).toContain('No change found, but not all could be judged: 2 unknown or broken.');
      expect(stdout).not.toContain('assumed unchanged');
      const silent = await run(changed, log, false);
      expect(silent.stdout).toContain(
        'assumed unchanged: keys, algorithms, token_types and scope_claim of each issuer\n  (--from OLD tells',
      );
    },
  );

  test('more algorithms and types than before take nothing from a token that verified', async () => {
    const [old, wider] = [
      configureIssuers(RULES),
      configureIssuers(RULES.replaceAll(']', ', X]').replace('ES256, X', 'ES256, RS256')),
    ];
    const { requests } = await record(old, [...good, ask(`forged 0 ${BILLING} read`)]);
    const found = await simulateJson(wider, requests, old);
    expect(found).toMatchObject({ code: 3, unchanged: 2, unknown: { issuer_rules: 1 } });
  });

  test('a stranger’s token breaks under `enforce` where no issuer was added, and stays refused; else it is unknown', async () => {
    const [old, enforced] = [configureIssuers(RULES), configureIssuers(RULES, { enforcement: 'enforce' })];
    const { requests } = await record(old, [...good, stranger]);
    expect(await simulateJson(enforced, requests)).toMatchObject({ code: 3, unknown: { issuer_not_logged: 1 } });
    expect(await simulateJson(enforced, requests, old)).toMatchObject({
      code: 3,
      unknown: {},
      changes: [{ count: 1, becomes: { outcome: 'denied', reason: 'untrusted_issuer' } }],
    });
    const { requests: then } = await record(enforced, [...good, stranger]);
    expect(decisionOf(then[2])).toEqual({ outcome: 'denied', reason: 'untrusted_issuer' });
    const renamed = configureIssuers(RULES, { enforcement: 'enforce', more: ', name: Billing' });
    expect(await simulateJson(renamed, then, enforced)).toMatchObject({ code: 0, unchanged: 3, unknown: {} });
    const elsewhere = { enforcement: 'enforce', trusted: [0, 1], more: `, issuers: ['${issuers[0]?.issuer}']` };
    expect(await simulateJson(configureIssuers(RULES, elsewhere), then, enforced)).toMatchObject({
      code: 3,
      unknown: { issuer_not_logged: 1 },
    });
    const trusting = configureIssuers(RULES, { enforcement: 'enforce', trusted: [0, 1] });
    for (const [lines, from] of [
      [requests, old],
      [then, enforced],
    ] as const) {
      expect(await simulateJson(trusting, lines, from)).toMatchObject({ code: 3, unknown: { issuer_not_logged: 1 } });
    }
  });

  test('what is open stays as it was where nothing that it hangs on changed: none can be reached', async () => {
    const other = 'id 0 x read';
    const old = configureIssuers('token_types: [JWT]');
    const { requests } = await record(old, [ask(`id 0 ${BILLING} read`), ask(`good 0 ${BILLING} read`), ask(other)]);
    const failed = { ...requests[0], outcome: 'failed', reason: 'upstream_timeout', iss: undefined };
    expect(await simulateJson(old, [...requests, failed])).toMatchObject({ code: 3, unchanged: 2 });
    expect(await simulateJson(old, [...requests, failed], old)).toMatchObject({ code: 0, unchanged: 4, unknown: {} });
    const elsewhere = old.replace('/other: {', '/other: { name: Other,');
    expect(await simulateJson(elsewhere, [...requests, failed], old)).toMatchObject({ code: 0, unchanged: 4 });
  });

  test('a path that a route let pass with `;`, where that is closed: would break', async () => {
    const open = configureIssuers(RULES, { more: ', allow_encoded: [";"]' });
    const { requests } = await record(open, [ask(`good 0 ${BILLING} read`, '/billing/7;v=1'), ask('none', '/other')]);
    const found = await simulateJson(configureIssuers(RULES), requests, open);
    expect(found).toMatchObject({ code: 3, judged: 2, changed: { would_break: 1 }, unknown: {} });
    expect(await simulateJson(open, requests)).toMatchObject({ code: 3, judged: 1, unknown: { path_cut: 1 } });
  });
});

test('a log of which no line can be judged is a failure: compressed, wrapped, empty, of no request', async () => {
  const line = JSON.stringify({ msg: 'listening' });
  const wrapped = [`2026-11-23T14:00:00Z stdout F ${line}`, JSON.stringify({ log: `${line}\n` }), '\u001f\u008b', ''];
  for (const lines of [[], ...wrapped.map(text => [text]), [line]]) {
    const { code, stdout, stderr } = await run(configure(), writeLog(lines), false);
    expect({ code, isTold: stderr.endsWith(': no line of this log could be judged\n') }).toEqual({
      code: 1,
      isTold: true,
    });
    expect(stdout).toContain('requests judged');
  }
});

// Random worlds: the log of one real gateway, judged for a second, against the log of that second one.

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values);

const routes = fc.uniqueArray(
  fc.record({
    key: pick('/', '/a', '/a/b', '/b', 'one.example/a', 'one.example/', '/a/c'),
    isPublic: fc.nat(7).map(number => number === 0),
    resource: pick(0, 0, 1, 2),
    alias: fc.boolean(),
    multiple: pick('any', 'any', 'known', 'only'),
    issuers: fc.subarray([0, 1], { minLength: 1 }),
    rung: pick('report', 'report', 'verify', 'enforce'),
    encoded: fc.nat(19).map(number => (number === 0 ? ['%2F', ';'] : number < 6 ? ['%2F'] : [])),
    scopes: pick({ '*': [] }, { GET: ['read'], POST: ['write'] }, { '*': ['read'], 'GET /x': ['write'] }),
  }),
  { selector: ({ key }) => key, minLength: 2, maxLength: 5 },
);
type Routes = typeof routes extends fc.Arbitrary<infer List> ? List : never;

const audiences = fc
  .subarray([...RESOURCES, `${RESOURCES[0]}#old`, 'stranger'], { maxLength: 2 })
  .map(list => list.join('|'));
const tokens = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(pick('0', '0', '1', '2'), audiences, pick('read', 'read+write', ''))
      .map(parts => `good ${parts.join(' ')}`),
  },
  { weight: 2, arbitrary: oneOf(RESOURCES).map(aud => `good 0 ${aud} read`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(pick('id', 'expired', 'early', 'forged', 'unknown'), oneOf(RESOURCES))
      .map(([kind, aud]) => `${kind} 0 ${aud} read`),
  },
  { weight: 1, arbitrary: pick('none', 'empty', 'garbage') },
);
const paths = fc.tuple(
  pick(
    '/',
    '/a',
    '/a',
    '/a/b',
    '/a/b',
    '/b',
    '/a/c',
    '/A',
    '/a%2Fb',
    '/a;v=1',
    '/a/../b',
    '/%61',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/r1',
  ),
  pick('', '', '', '/x', '/x/y', '/x;v', '?q=1', '//', '/%2e', '%3Fq'),
);
const asks = fc.record({
  method: pick('GET', 'GET', 'GET', 'POST', 'HEAD', 'DELETE'),
  host: pick('one.example', 'two.example:81', 'ONE.example.', 'other'),
  path: paths.map(([start, end]) => `${start === '/' && end.startsWith('/') ? '' : start}${end}`),
  token: tokens,
});

/** JSON is YAML. The third issuer is trusted nowhere. */
function describeWorld(world: Routes): string {
  const described = world.map(({ key, isPublic, resource, alias, multiple, rung, encoded, scopes, ...route }) => {
    const common = { upstream: upstream.origin, allow_encoded: encoded };
    if (isPublic) return [key, { ...common, public: true }];
    const own = RESOURCES[resource];
    const names = route.issuers.map(index => issuers[index]?.issuer);
    const guarded = {
      resource: own,
      audiences: alias ? [`${own}#old`] : [],
      multiple_audiences: multiple,
      issuers: names,
      enforcement: rung,
      scopes,
    };
    return [key, { ...common, ...guarded }];
  });
  const trusted = issuers.slice(0, 2).map(({ issuer, jwksUri }) => [issuer, { jwks_uri: jwksUri }]);
  return `issuers: ${JSON.stringify(Object.fromEntries(trusted))}\nroutes: ${JSON.stringify(Object.fromEntries(described))}\n`;
}

/**
 * Half of them differ only in their rungs, as on the way from report to enforce. A log does not say that a `;` was in a
 * path: one that was open stays open.
 */
const worldPairs = fc
  .tuple(routes, routes, fc.boolean(), pick('verify', 'enforce'))
  .map(([before, other, isClimb, rung]) => ({
    before,
    after: isClimb ? before.map(route => ({ ...route, rung })) : keepOpen(before, other),
  }));

function keepOpen(before: Routes, after: Routes): Routes {
  const isOpen = before.some(({ encoded }) => encoded.includes(';'));
  return isOpen ? after.map(route => ({ ...route, encoded: ['%2F', ';'] })) : after;
}

test('in random worlds, what is judged is what the other gateway does; only what the log lacks is unknown', async () => {
  const counts = new Map<string, number>();
  const tally = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const [index, { before, after }] of fc.sample(worldPairs, { numRuns: 20, seed: SEED }).entries()) {
    const questions = fc.sample(asks, { numRuns: 50, seed: SEED + index });
    await compareWorlds(before, after, questions, tally);
  }
  // That it met its cases: otherwise it would tell nothing of them.
  for (const name of ['unchanged', 'would_break', 'would_open', 'known from the old configuration'])
    expect(counts.get(name)).toBeGreaterThan(3);
  expect(counts.get('unknown')).toBeLessThan(600);
}, 120_000);

async function compareWorlds(
  before: Routes,
  after: Routes,
  questions: readonly Ask[],
  tally: (name: string) => void,
): Promise<void> {
  const [first, second] = [await startGateway(describeWorld(before)), await startGateway(describeWorld(after))];
  try {
    const [old, next] = [first.server.gateway.config, second.server.gateway.config];
    const [then, now, knowing] = [new DecisionReplay(old), new DecisionReplay(next), new DecisionReplay(next, old)];
    const was = await askAll(first, questions);
    const truths = await askAll(second, questions);
    for (const [index, logged] of was.entries()) {
      const story = { ask: questions[index], was: logged, before: describeWorld(before), after: describeWorld(after) };
      const line = parseEntry(logged);
      if (typeof line === 'string') throw new Error(`a line is ${line}`);
      const again = predict(logged, compare(line, then.decide(line)));
      expect({ ...story, decision: again.decision ?? decisionOf(logged) }).toEqual({
        ...story,
        decision: decisionOf(logged),
      });
      const { decision, names } = predict(logged, compare(line, now.decide(line)));
      const truth = decisionOf(truths[index]);
      expect({ ...story, decision: decision ?? truth }).toEqual({ ...story, decision: truth });
      for (const name of names) tally(name);
      const known = predict(logged, compare(line, knowing.decide(line)));
      expect({ ...story, decision: known.decision ?? truth }).toEqual({ ...story, decision: truth });
      if (decision === undefined && known.decision !== undefined) tally('known from the old configuration');
    }
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
}

/** The decision that `simulate` foresees; none where it is unknown. */
function predict(
  logged: LogLine,
  found: ReturnType<typeof compare>,
): { decision?: Decision; names: readonly string[] } {
  if (found === 'unchanged') return { decision: decisionOf(logged), names: [found] };
  if ('unknown' in found) return { names: ['unknown', found.unknown] };
  const { outcome, reason = null } = found.becomes;
  return { decision: { outcome, reason }, names: [found.kind] };
}
