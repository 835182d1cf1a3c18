/** Every query of the dashboard and every alert, asked of a real Prometheus that scraped a real gateway. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled, type Range, type Series } from '../support/prometheus.ts';
import { interpolate, type Panel, readAlerts, readDashboard } from './artifacts.ts';
import {
  BILLING,
  FOREIGN,
  liveThroughEverything,
  PROFILE,
  REPLAYS,
  ROUNDS,
  SCRAPE_INTERVAL,
  type World,
} from './world.ts';

const hasPrometheus = isInstalled('prometheus');
const panels = readDashboard().panels.filter(({ targets }) => targets !== undefined);
/** What did not happen to the gateway: there at 0 all the same. */
const QUIET = ['Lines of the access log dropped', 'Connections and streams that the gateway ended'];

/** What is about the time that requests take. */
const NEEDS_REQUESTS = [
  'Latency, as clients see it',
  'Latency of the upstreams',
  'Requests slower than 250 ms, upstream aside',
];

const told = hasPrometheus ? '' : ' (not run: prometheus is not installed)';
describe.skipIf(!hasPrometheus)(`a real Prometheus that scraped a real gateway${told}`, () => {
  let world: World;
  let range: Range;

  beforeAll(async () => {
    world = await liveThroughEverything();
    range = { start: world.startedAt, end: Date.now() / 1000, step: SCRAPE_INTERVAL };
  }, 90_000);
  afterAll(() => world?.close());

  /** What the panel's queries give; the matrix has one query, most others one or two. */
  function ask({ targets = [] }: Panel, routes: readonly string[] = []): Promise<(readonly Series[])[]> {
    // Grafana is told of longer intervals than there are, so that a scrape may be missed on a busy machine.
    const seconds = { scrape: 2 * SCRAPE_INTERVAL, range: range.end - range.start, step: range.step };
    return Promise.all(
      targets.map(({ expr, instant }) =>
        world.prometheus.query(interpolate(expr, routes, seconds), instant ? range.end : range),
      ),
    );
  }

  test.each(panels.map(panel => [panel.title, panel] as const))('%s has data', async (title, panel) => {
    for (const series of await ask(panel)) {
      const finite = series.flatMap(({ samples }) => samples).filter(Number.isFinite);
      expect(finite.length).toBeGreaterThan(0);
      if (!QUIET.includes(title)) expect(Math.max(...finite)).toBeGreaterThan(0);
    }
  });

  test('no panel is empty while nothing happens, but those about the time that requests take', async () => {
    const seconds = { scrape: 2 * SCRAPE_INTERVAL, range: world.idleAt - world.startedAt, step: SCRAPE_INTERVAL };
    const empty: string[] = [];
    for (const { title, targets = [] } of panels) {
      const ask = targets.map(({ expr }) => world.prometheus.query(interpolate(expr, [], seconds), world.idleAt));
      if ((await Promise.all(ask)).flat().length === 0) empty.push(title);
    }
    expect(empty).toEqual(NEEDS_REQUESTS);
  });

  test('every query stands a selection of routes, whatever is in their names', async () => {
    for (const routes of [['/billing'], ['/billing', 'api.example.com/v2(+)']]) {
      for (const panel of panels) {
        const found = (await ask(panel, routes)).flat().flatMap(({ labels }) => labels['route'] ?? []);
        const others = found.filter(route => route.startsWith('/') && !routes.includes(route));
        expect({ title: panel.title, others }).toEqual({ title: panel.title, others: [] });
      }
    }
  });

  test('the matrix counts each replay where it was tried, under the API that the token was for', async () => {
    const [matrix = []] = await ask(find('Token for → used at'));
    const cells = Object.fromEntries(
      matrix.map(({ labels, samples }) => [`${labels['presented']} → ${labels['route']}`, samples[0]]),
    );
    expect(cells).toMatchObject({
      [`${PROFILE} → /billing`]: REPLAYS * ROUNDS,
      [`${BILLING} → /profile`]: 0,
      'missing → /profile': ROUNDS,
      'multiple → /profile': ROUNDS,
      [`${PROFILE} → /legacy`]: ROUNDS,
      [`${PROFILE} → /verified`]: ROUNDS,
    });
    // increase() extrapolates to the ends of the range, which shows where the range is short and the count is not.
    expect(cells['foreign → /profile']).toBeGreaterThanOrEqual(FOREIGN * ROUNDS);
    expect(cells['foreign → /profile']).toBeLessThan(FOREIGN * ROUNDS * 1.2);
  });

  test('what is left to mend is what was forwarded and would have been refused', async () => {
    const [left = []] = await ask(find('What is left to mend'));
    const rows = left.map(({ labels, samples }) => `${labels['route']} ${labels['reason']} ${samples[0]}`);
    expect(rows.sort()).toEqual([
      `/legacy missing_token ${ROUNDS}`,
      `/legacy token_expired ${ROUNDS}`,
      `/legacy wrong_audience ${3 * ROUNDS}`,
      `/verified wrong_audience ${2 * ROUNDS}`,
    ]);
    const [burnDown = []] = await ask(find('Burn-down to zero would-be denials'));
    const burning = burnDown.map(({ labels }) => labels['route'] ?? '').filter(route => route.startsWith('/'));
    expect(burning.sort()).toEqual(['/legacy', '/verified']);
  });

  test('the route variable offers every route', async () => {
    const { templating } = readDashboard();
    const definition = templating.list.find(({ name }) => name === 'route')?.definition ?? '';
    const [, selector = '', label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
    const path = `/api/v1/label/${label}/values?match[]=${encodeURIComponent(selector)}`;
    expect(await world.prometheus.get(path)).toEqual([
      '(none)',
      '/billing',
      '/down',
      '/legacy',
      '/profile',
      '/verified',
    ]);
  });

  test('every alert evaluates, and finds what happened and nothing else', async () => {
    const found = await Promise.all(
      readAlerts().map(async ({ alert, expr }) =>
        (await world.prometheus.query(expr, range.end)).length > 0 ? [alert] : [],
      ),
    );
    expect(found.flat()).toEqual([
      'AudgateConfusedDeputy',
      'AudgateForeignAudiences',
      'AudgateWouldDeny',
      'AudgateKeyFetchesFail',
      'AudgateNoKeys',
      'AudgateUpstreamErrors',
    ]);
  });

  test('Prometheus runs every rule without an error, and the alert names the API and the route', async () => {
    const { groups } = (await world.prometheus.get('/api/v1/rules')) as {
      groups: readonly { readonly rules: readonly { readonly name: string; readonly health: string }[] }[];
    };
    const health = groups.flatMap(({ rules }) => rules).map(rule => `${rule.name} ${rule.health}`);
    expect(health.sort()).toEqual(
      readAlerts()
        .map(({ alert }) => `${alert} ok`)
        .sort(),
    );
    const { alerts } = (await world.prometheus.get('/api/v1/alerts')) as {
      alerts: readonly { readonly annotations: Readonly<Record<string, string>> }[];
    };
    expect(alerts.map(({ annotations }) => annotations['summary'])).toContain(
      `A token for ${PROFILE} was used at /billing`,
    );
  });
});

function find(title: string): Panel {
  const panel = panels.find(each => each.title === title);
  if (panel === undefined) throw new Error(`there is no panel ${title}`);
  return panel;
}
