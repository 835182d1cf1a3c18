/** The log of a gateway in report mode, replayed under other configurations. */

import { beforeAll, describe, expect, test } from 'vitest';
import type { LogLine } from '../../support/gateway.ts';
import {
  type Ask,
  ask,
  BILLING,
  billingYaml,
  decisionOf,
  PROFILE,
  record,
  simulateJson,
  simulateLog,
  useSimulateFixture,
  writeLog,
} from './fixture.ts';

useSimulateFixture();

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

describe('the log of a gateway in report mode', () => {
  let lines: readonly LogLine[];
  let log: readonly LogLine[];
  beforeAll(async () => {
    ({ requests: lines, log } = await record(billingYaml(), MIX));
  });

  test('the same configuration: no change, exit 0', async () => {
    const { code, ...finding } = await simulateJson(billingYaml(), log);
    expect({ code, unchanged: finding.unchanged, changes: finding.changes }).toEqual({
      code: 0,
      unchanged: MIX.length,
      changes: [],
    });
    expect(finding).toMatchObject({ judged: MIX.length, broken: 0, unknown: {}, skipped: log.length - MIX.length });
  });

  test('enforce: exactly what was reported is refused, as by a real gateway; exit 3', async () => {
    const { requests: then } = await record(billingYaml({ enforcement: 'enforce' }), MIX);
    const { code, changes, changed, unknown } = await simulateJson(billingYaml({ enforcement: 'enforce' }), log);
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

  test('an alias for the old audience: no refusal of that client remains', async () => {
    const fixed = billingYaml({ enforcement: 'enforce', audiences: 'legacy-billing' });
    const before = await simulateJson(billingYaml({ enforcement: 'enforce' }), log);
    const after = await simulateJson(fixed, log);
    expect(Number(after.changed['would_break'])).toBe(Number(before.changed['would_break']) - 1);
    const legacy = lines.filter(line => String(line['aud']) === 'legacy-billing');
    const alone = await simulateJson(fixed, [...legacy, ...lines.filter(line => line['outcome'] === 'forwarded')]);
    expect(alone.changed).toMatchObject({ would_break: 0, no_longer_reported: 1 });
  });

  test('only right tokens, enforce: no change, exit 0', async () => {
    const right = lines.filter(line => line['outcome'] === 'forwarded');
    expect(await simulateJson(billingYaml({ enforcement: 'enforce' }), right)).toMatchObject({
      code: 0,
      changes: [],
      unknown: {},
    });
  });

  test('a token whose typ the new configuration may accept: unknown where typ is not in the log', async () => {
    const id = lines
      .filter(line => line['reason'] === 'wrong_token_type')
      .map(line => Object.fromEntries(Object.entries(line).filter(([name]) => name !== 'typ')));
    const found = await simulateJson(billingYaml({ types: 'at+jwt, JWT', enforcement: 'enforce' }), id);
    expect(found).toMatchObject({ code: 1, judged: 0, unknown: { token_type_not_logged: 1 } });
  });

  test('an expired token: evaluated at the time of its line', async () => {
    const past = lines.map(line => ({
      ...line,
      time: '2020-01-01T00:00:00Z',
      ...(line['exp'] ? { exp: line['reason'] === 'token_expired' ? 1577836799 : 1577836860 } : {}),
    }));
    expect(await simulateJson(billingYaml(), past)).toMatchObject({ code: 0, unchanged: MIX.length, unknown: {} });
  });

  test('broken lines: counted and skipped', async () => {
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
    const found = await simulateJson(billingYaml(), [...broken, '', ...log, tooLong, '{"msg":"listening"}', lines[0]]);
    expect(found).toMatchObject({ code: 3, broken: broken.length + 1, unchanged: MIX.length + 1 });
    expect(found.lines).toBe(found.judged + found.broken + found.skipped);
  });

  test('the summary: 80 columns and 24 rows, whatever the client ids are', async () => {
    const hostile = lines.flatMap(line => [
      line,
      { ...line, client_id: `\u001b[2J\u202e\r\n${'w'.repeat(900)}`, route: '\u009b31m' },
    ]);
    const { code, stdout } = await simulateLog(billingYaml({ enforcement: 'enforce' }), writeLog(hostile), false);
    const rows = stdout.split('\n').slice(0, -1);
    expect(code).toBe(3);
    expect(rows.length).toBeLessThan(24);
    expect(Math.max(...rows.map(row => [...row].length))).toBeLessThanOrEqual(80);
    expect(stdout).not.toMatch(/[^\P{C}\n]/u);
    expect(stdout).toMatch(/and \d+ more groups, see --json/);
    const json = await simulateLog(billingYaml({ enforcement: 'enforce' }), writeLog(hostile), true);
    expect(json.stdout).not.toMatch(/[^\P{C}\n]/u);
  });

  test('path, query, audience and subject of unverified tokens: in neither output', async () => {
    const marked = lines.map(line => ({
      ...line,
      sub: 'MARK',
      ...(line['aud'] ? { aud: ['MARK'] } : {}),
      jti: 'MARK',
    }));
    for (const json of [false, true]) {
      expect((await simulateLog(billingYaml({ enforcement: 'enforce' }), writeLog(marked), json)).stdout).not.toContain(
        'MARK',
      );
    }
  });
});
