/** Every query of the dashboard and every alert, evaluated by a real Prometheus that scraped real gateways: two jobs of two instances. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled, type Range, type Series } from '../support/prometheus.ts';
import { eventually } from '../support/waiting.ts';
import { testAlerts } from './alerts-in-life.ts';
import { interpolate, type Panel, readDashboard, type Selection } from './artifacts.ts';
import { BATCH, BATCHES, BILLING, FOREIGN, PROFILE, REPLAYS, ROUNDS } from './traffic.ts';
import { JOBS, type Job, liveThroughEverything, SCRAPE_INTERVAL, type World } from './world.ts';

const hasPrometheus = isInstalled('prometheus');
const dashboard = readDashboard();
const panels = dashboard.panels.filter(({ targets }) => targets !== undefined);
const EU: Job = 'gateway/eu';
const US: Job = 'gateway/us';
/** Rounds of both instances of EU. */
const IN_ALL = ROUNDS + 1;

/** Panels about what did not happen to the gateways: they show 0. */
const QUIET = [
  'Introspections that failed',
  'Exchanges of tokens',
  'Lines of the access log dropped',
  'Connections and streams that the gateway ended',
];
/** Panels about requests or failures: empty until there was one. */
const NEEDS_REQUESTS = [
  'Denials by reason and route',
  'What is left to mend',
  'Tokens for several APIs',
  'Requests by status',
  'Requests by route',
  'Latency, as clients see it',
  'Latency of the upstreams',
  'Requests slower than 250 ms, upstream aside',
  'Upstream failures',
  'MCP messages',
  'Tool calls',
  'Messages that were not forwarded',
];

/**
 * On a busy machine a scrape may be late, and its instance is then down for one interval.
 *
 * @returns a moment after all that happened, whose scrapes have ended, at which no instance was down: seconds since the epoch.
 */
async function findEnd({ prometheus }: World): Promise<number> {
  const livedAt = Date.now() / 1000;
  let end = livedAt;
  await eventually(async () => {
    end = Date.now() / 1000 - 2 * SCRAPE_INTERVAL;
    return end > livedAt && (await prometheus.query('up{job=~"gateway/.*"} == 0', end)).length === 0;
  });
  return end;
}

const skipped = hasPrometheus ? '' : ' (not run: prometheus is not installed)';
describe.skipIf(!hasPrometheus)(`a real Prometheus that scraped real gateways${skipped}`, () => {
  let world: World;
  let range: Range;

  beforeAll(async () => {
    world = await liveThroughEverything();
    range = { start: world.startedAt, end: await findEnd(world), step: SCRAPE_INTERVAL };
  }, 240_000);
  afterAll(() => world?.close());

  // A longer interval than the real one, so that a scrape may be missed on a busy machine.
  const secondsOf = (end: number) => ({ scrape: 2 * SCRAPE_INTERVAL, range: end - range.start, step: range.step });

  /** @returns the results of the panel's queries. */
  function ask({ targets = [] }: Panel, selection: Selection = {}): Promise<(readonly Series[])[]> {
    return Promise.all(
      targets.map(({ expr, instant }) =>
        world.prometheus.query(interpolate(expr, selection, secondsOf(range.end)), instant ? range.end : range),
      ),
    );
  }

  test.each(panels.map(panel => [panel.title, panel] as const))(
    '%s: data for each of two jobs',
    async (title, panel) => {
      for (const series of await ask(panel, { job: [EU] })) {
        const finite = series.flatMap(({ samples }) => samples).filter(Number.isFinite);
        expect(finite.length).toBeGreaterThan(0);
        if (!QUIET.includes(title)) expect(Math.max(...finite)).toBeGreaterThan(0);
      }
      for (const series of await ask(panel, { job: [US] })) {
        expect(series.flatMap(({ samples }) => samples).filter(Number.isFinite).length).toBeGreaterThan(0);
      }
    },
  );

  test('every query: about the selected jobs and instances only', async () => {
    const instance = world.instances[US][1];
    for (const panel of panels) {
      const one = (await ask(panel, { job: [US], instance: [instance] })).flat().map(({ labels }) => labels);
      const strangers = one.filter(
        labels =>
          (labels['job'] ?? US) !== US ||
          (labels['instance'] ?? instance) !== instance ||
          !(labels['route'] ?? '/us').replace('(none)', '/us').startsWith('/us'),
      );
      expect({ title: panel.title, strangers }).toEqual({ title: panel.title, strangers: [] });
      const noInstance = [{ job: ['gateway'] }, { instance: ['127.0.0.1'] }, { job: [EU], instance: [instance] }];
      const found = await Promise.all(noInstance.map(selection => ask(panel, selection)));
      expect({ title: panel.title, found: found.flat(2) }).toEqual({ title: panel.title, found: [] });
    }
  });

  test('before any request: only panels about requests and failures are empty', async () => {
    const empty: string[] = [];
    for (const { title, targets = [] } of panels) {
      if (targets.length === 0) continue;
      const responses = targets.map(({ expr }) =>
        world.prometheus.query(interpolate(expr, {}, secondsOf(world.idleAt)), world.idleAt),
      );
      if ((await Promise.all(responses)).flat().length === 0) empty.push(title);
    }
    expect(empty).toEqual(NEEDS_REQUESTS);
  });

  test('a selection of routes with any characters in their names: every query evaluates', async () => {
    for (const route of [['/billing'], ['/billing', 'api.example.com/v2(+)', "/o'neill"]]) {
      for (const panel of panels) {
        const found = (await ask(panel, { route })).flat().flatMap(({ labels }) => labels['route'] ?? []);
        const others = found.filter(each => each.startsWith('/') && !route.includes(each));
        expect({ title: panel.title, others }).toEqual({ title: panel.title, others: [] });
      }
    }
  });

  test('the matrix: counts each replay at its route, for the selected job and instance', async () => {
    const first = world.instances[EU][0];
    for (const [selection, rounds] of [
      [{ job: [EU] }, IN_ALL],
      [{ job: [EU], instance: [first] }, ROUNDS],
    ] as const) {
      const [matrix = []] = await ask(find('Token for → used at'), selection);
      const cells = Object.fromEntries(
        matrix.map(({ labels, samples }) => [`${labels['presented']} → ${labels['route']}`, samples[0]]),
      );
      expect(cells).toMatchObject({
        [`${PROFILE} → /billing`]: REPLAYS * rounds,
        [`${BILLING} → /profile`]: 0,
        'missing → /profile': rounds,
        'multiple → /profile': rounds,
        [`${PROFILE} → /verified`]: rounds,
      });
      // increase() extrapolates to the ends of the range, which shows where the range is short and the count is not.
      for (const [cell, count] of [
        ['foreign → /profile', FOREIGN * rounds],
        [`${PROFILE} → /legacy`, (2 + BATCHES) * rounds],
      ] as const) {
        expect(cells[cell]).toBeGreaterThanOrEqual(count);
        expect(cells[cell]).toBeLessThan(count * 1.2);
      }
    }
  });

  test('the panel of pending denials: requests that were forwarded and would have been refused', async () => {
    const [left = []] = await ask(find('What is left to mend'), { job: [US] });
    const rows = Object.fromEntries(
      left.map(({ labels, samples }) => [`${labels['job']} ${labels['route']} ${labels['reason']}`, samples[0]]),
    );
    const expected = {
      [`${US} /us/excused wrong_audience`]: 2,
      [`${US} /us/legacy missing_token`]: 2,
      [`${US} /us/legacy token_expired`]: 2,
      [`${US} /us/legacy wrong_audience`]: 2 * (4 + BATCHES),
      [`${US} /us/o'neill wrong_audience`]: 2,
      [`${US} /us/verified wrong_audience`]: 4,
    };
    expect(Object.keys(rows).sort()).toEqual(Object.keys(expected).sort());
    // increase() extrapolates to the ends of its window.
    for (const [row, count] of Object.entries(expected)) {
      expect(rows[row]).toBeGreaterThanOrEqual(count);
      expect(rows[row]).toBeLessThan(count * 1.2);
    }
    const [burnDown = []] = await ask(find('Burn-down to zero would-be denials'), { job: [EU] });
    expect(burnDown.map(({ labels }) => labels['route']).sort()).toEqual([
      '/down',
      '/excused',
      '/legacy',
      "/o'neill",
      '/several',
      '/verified',
    ]);
  });

  test('the table of exceptions: uses, the last of them, and when each lapses, by client', async () => {
    const [uses = [], lastUsed = [], lapses = []] = await ask(find('Exceptions'), { job: [US] });
    const read = (series: readonly Series[]) =>
      Object.fromEntries(
        series.map(({ labels, samples }) => [`${labels['route']} ${labels['exception']}`, samples[0]]),
      );
    const [batch, quarterly] = [`/us/excused ${BATCH}`, '/us/excused quarterly-report'];
    expect(read(uses)).toEqual({ [batch]: 2, [quarterly]: 0 });
    expect(read(lastUsed)).toEqual({ [batch]: expect.any(Number), [quarterly]: 0 });
    expect(read(lastUsed)[batch]).toBeGreaterThan(range.start * 1000);
    expect(read(lastUsed)[batch]).toBeLessThanOrEqual(range.end * 1000);
    const days = (series: string) => ((read(lapses)[series] ?? Number.NaN) - range.end * 1000) / 86_400_000;
    // To the end of the day that the YAML names, seen from any time of the day before midnight, or just behind it.
    for (const [series, least] of [
      [batch, 3],
      [quarterly, 100],
    ] as const) {
      expect(days(series)).toBeGreaterThan(least - 0.1);
      expect(days(series)).toBeLessThanOrEqual(least + 1);
    }
  });

  test('variables: the jobs, their instances, and their routes', async () => {
    const offered = async (name: string, selection: Selection = {}) => {
      const definition = dashboard.templating.list.find(each => each.name === name)?.definition ?? '';
      const [, selector = '', label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      const match = encodeURIComponent(interpolate(selector, selection, secondsOf(range.end)));
      return world.prometheus.get(`/api/v1/label/${label}/values?match[]=${match}`);
    };
    expect(await offered('job')).toEqual(Object.keys(JOBS));
    expect(await offered('instance', { job: [US] })).toEqual([...world.instances[US]].sort());
    const routes = [
      '/billing',
      '/down',
      '/exchanging',
      '/excused',
      '/legacy',
      "/o'neill",
      '/profile',
      '/several',
      '/tools',
      '/verified',
    ];
    expect(await offered('route', { job: [EU] })).toEqual(['(none)', ...routes]);
    expect(await offered('route', { job: [US] })).toEqual(['(none)', ...routes.map(route => `/us${route}`)]);
  });

  test('annotations: the reload and the failed reload, at their times', async () => {
    for (const { name, expr } of dashboard.annotations.list) {
      const marks = await world.prometheus.query(interpolate(expr, {}, secondsOf(range.end)), range);
      expect({ name, where: marks.map(({ labels }) => labels['instance']) }).toEqual({
        name,
        where: [world.instances[EU][0]],
      });
    }
  });

  testAlerts(() => ({ world, end: range.end }));
});

function find(title: string): Panel {
  const panel = panels.find(each => each.title === title);
  if (panel === undefined) throw new Error(`there is no panel ${title}`);
  return panel;
}
