import { expect, test } from 'vitest';
import { renderJson } from '../../../../../src/cli/simulate/output/json.ts';
import { renderText } from '../../../../../src/cli/simulate/output/text.ts';
import { type ReplayResult, replayLog } from '../../../../../src/cli/simulate/replay/log-replay.ts';
import type { Config, ProtectedRoute } from '../../../../../src/config/config.ts';
import { protectedRoute, publicRoute } from '../../../route/example-route.ts';
import { exampleConfig, exampleEntry } from '../example-entry.ts';

const onReport = { enforcement: 'report', upstreamToken: 'forward', isUpstreamTokenWritten: false } as const;
const onEnforce = { enforcement: 'enforce', upstreamToken: 'strip', isUpstreamTokenWritten: false } as const;

const configOf = (fields: Partial<ProtectedRoute>, prefix = '/a') =>
  exampleConfig([protectedRoute({ prefix, ...fields })]);

async function run(now: Config, from: Config | undefined, ...lines: readonly string[]): Promise<ReplayResult> {
  async function* pieces() {
    yield Buffer.from(lines.map(line => `${line}\n`).join(''));
  }
  return replayLog(pieces(), { now, from });
}

const STRIPPED = [{ route: '/a', was: 'forward', becomes: 'strip' }];
const FORWARDED = [{ route: '/a', was: 'strip', becomes: 'forward' }];
const REPORTED = exampleEntry();
const ENFORCED = exampleEntry({ enforcement: 'enforce' });

test.each<[string, Config, Config | undefined, string, readonly unknown[]]>([
  ['entries on report, the route on enforce', configOf(onEnforce), undefined, REPORTED, STRIPPED],
  ['entries on enforce, the route on report', configOf(onReport), undefined, ENFORCED, FORWARDED],
  ['entries and route on report', configOf(onReport), undefined, REPORTED, []],
  [
    'the new file sets upstream_token',
    configOf({ ...onEnforce, isUpstreamTokenWritten: true }),
    undefined,
    REPORTED,
    [],
  ],
  ['another route was raised to enforce', configOf(onEnforce, '/b'), undefined, REPORTED, []],
  ['the route is public now', exampleConfig([publicRoute({ prefix: '/a' })]), undefined, REPORTED, []],
  ['--from was on report', configOf(onEnforce), configOf(onReport), ENFORCED, STRIPPED],
  ['--from was on enforce, entries on report', configOf(onEnforce), configOf(onEnforce), REPORTED, []],
  [
    '--from was on report, with upstream_token: strip',
    configOf(onEnforce),
    configOf({ ...onReport, upstreamToken: 'strip', isUpstreamTokenWritten: true }),
    REPORTED,
    [],
  ],
])('%s', async (_, now, from, line, expected) => {
  const result = await run(now, from, line, line);
  expect(result.upstreamTokenChanges).toEqual(expected);
  expect(JSON.parse(renderJson(result, { now, from })).upstream_token_defaults).toEqual(expected);
});

test('a truncated route key: no change, since it may be of another route', async () => {
  const now = configOf(onEnforce, '/billing');
  expect(
    (await run(now, undefined, exampleEntry({ route: '/billing', truncated: true }))).upstreamTokenChanges,
  ).toEqual([]);
  expect((await run(now, undefined, exampleEntry({ route: '/billing' }))).upstreamTokenChanges).toHaveLength(1);
});

test('an unknown enforcement in an entry: no change', async () => {
  for (const enforcement of ['x', '', 'toString']) {
    expect((await run(configOf(onEnforce), undefined, exampleEntry({ enforcement }))).upstreamTokenChanges).toEqual([]);
  }
});

test('the text: two lines of at most 80 characters', async () => {
  const names = { log: 'log', now: 'new', from: undefined };
  const text = renderText(await run(configOf(onEnforce), undefined, REPORTED), names);
  const at = text.indexOf('Authorization no longer reaches the upstream then: the default of upstream_token');
  expect(text[at + 1]).toBe('  is strip on /a');
  expect(Math.max(...text.map(line => line.length))).toBeLessThanOrEqual(80);
  const none = renderText(await run(configOf(onReport), undefined, REPORTED), names);
  expect(none.join()).not.toContain('upstream_token');
});
