import { expect, test } from 'vitest';
import { type Replay, replay } from '../../../../src/cli/simulate/replay.ts';
import { describeAsJson } from '../../../../src/cli/simulate/report.ts';
import { summarise } from '../../../../src/cli/simulate/summary.ts';
import type { Config, ProtectedRoute } from '../../../../src/config/config.ts';
import { protectedRoute, publicRoute } from '../../route/example-route.ts';
import { exampleConfig, exampleLine } from './example-line.ts';

const onReport = { enforcement: 'report', upstreamToken: 'forward', isUpstreamTokenWritten: false } as const;
const onEnforce = { enforcement: 'enforce', upstreamToken: 'strip', isUpstreamTokenWritten: false } as const;

const configOf = (fields: Partial<ProtectedRoute>, prefix = '/a') =>
  exampleConfig([protectedRoute({ prefix, ...fields })]);

async function run(now: Config, from: Config | undefined, ...lines: readonly string[]): Promise<Replay> {
  async function* pieces() {
    yield Buffer.from(lines.map(line => `${line}\n`).join(''));
  }
  return replay(pieces(), { now, from }, () => undefined);
}

const STRIPPED = [{ route: '/a', was: 'forward', becomes: 'strip' }];
const FORWARDED = [{ route: '/a', was: 'strip', becomes: 'forward' }];
const REPORTED = exampleLine();
const ENFORCED = exampleLine({ enforcement: 'enforce' });

test.each<[string, Config, Config | undefined, string, readonly unknown[]]>([
  ['the lines are of report, the route is on enforce', configOf(onEnforce), undefined, REPORTED, STRIPPED],
  ['the lines are of enforce, the route is on report', configOf(onReport), undefined, ENFORCED, FORWARDED],
  ['the lines are of report, and so is the route', configOf(onReport), undefined, REPORTED, []],
  ['the new file says it', configOf({ ...onEnforce, isUpstreamTokenWritten: true }), undefined, REPORTED, []],
  ['another route climbed', configOf(onEnforce, '/b'), undefined, REPORTED, []],
  ['public now', exampleConfig([publicRoute({ prefix: '/a' })]), undefined, REPORTED, []],
  ['--from was on report', configOf(onEnforce), configOf(onReport), ENFORCED, STRIPPED],
  ['--from was on enforce, whatever the lines say', configOf(onEnforce), configOf(onEnforce), REPORTED, []],
  [
    '--from was on report, and stripped by its own word',
    configOf(onEnforce),
    configOf({ ...onReport, upstreamToken: 'strip', isUpstreamTokenWritten: true }),
    REPORTED,
    [],
  ],
])('%s', async (_, now, from, line, expected) => {
  const replayed = await run(now, from, line, line);
  expect(replayed.tokenDefaults).toEqual(expected);
  expect(JSON.parse(describeAsJson(replayed, { now, from })).upstream_token_defaults).toEqual(expected);
});

test('a key that was cut may be that of another route: nothing is said', async () => {
  const now = configOf(onEnforce, '/billing');
  expect((await run(now, undefined, exampleLine({ route: '/billing', truncated: true }))).tokenDefaults).toEqual([]);
  expect((await run(now, undefined, exampleLine({ route: '/billing' }))).tokenDefaults).toHaveLength(1);
});

test('an odd enforcement in a line: nothing is said', async () => {
  for (const enforcement of ['x', '', 'toString']) {
    expect((await run(configOf(onEnforce), undefined, exampleLine({ enforcement }))).tokenDefaults).toEqual([]);
  }
});

test('people are told in two lines of at most 80 characters', async () => {
  const names = { log: 'log', now: 'new', from: undefined };
  const text = summarise(await run(configOf(onEnforce), undefined, REPORTED), names);
  const at = text.indexOf('Authorization no longer reaches the upstream then: the default of upstream_token');
  expect(text[at + 1]).toBe('  is strip on /a');
  expect(Math.max(...text.map(line => line.length))).toBeLessThanOrEqual(80);
  const none = summarise(await run(configOf(onReport), undefined, REPORTED), names);
  expect(none.join()).not.toContain('upstream_token');
});
