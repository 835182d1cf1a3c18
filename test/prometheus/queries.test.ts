/** Every query of the dashboard and every alert, asked of a real Prometheus that scraped real gateways: two jobs of two instances. */

import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled, type Range, type Series } from '../support/prometheus.ts';
import { interpolate, type Panel, readAlerts, readDashboard, type Selection } from './artifacts.ts';
import {
  BATCH,
  BATCHES,
  BILLING,
  FOREIGN,
  JOBS,
  type Job,
  liveThroughEverything,
  PROFILE,
  REPLAYS,
  ROUNDS,
  SCRAPE_INTERVAL,
  type World,
} from './world.ts';

const hasPrometheus = isInstalled('prometheus');
const hasJq = spawnSync('jq', ['--version']).status === 0;
const dashboard = readDashboard();
const panels = dashboard.panels.filter(({ targets }) => targets !== undefined);
const EU: Job = 'gateway/eu';
const US: Job = 'gateway/us';
/** Rounds of both instances of EU. */
const IN_ALL = ROUNDS + 1;

/** Metrics that the gateway does not have yet. What asks for them is looked at once they are taken from this list. */
const PENDING: readonly string[] = ['audgate_build_info', 'audgate_multiple_audience_tokens_total'];
const isPending = (expression: string) => PENDING.some(name => expression.includes(name));

/** What did not happen to the gateways: there at 0 all the same. */
const QUIET = ['Lines of the access log dropped', 'Connections and streams that the gateway ended'];
/** What is about requests, or about what went wrong: without a line until there is something. */
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
];

const told = hasPrometheus ? '' : ' (not run: prometheus is not installed)';
describe.skipIf(!hasPrometheus)(`a real Prometheus that scraped real gateways${told}`, () => {
  let world: World;
  let range: Range;

  beforeAll(async () => {
    world = await liveThroughEverything();
    range = { start: world.startedAt, end: Date.now() / 1000, step: SCRAPE_INTERVAL };
  }, 120_000);
  afterAll(() => world?.close());

  // Grafana is told of longer intervals than there are, so that a scrape may be missed on a busy machine.
  const secondsOf = (end: number) => ({ scrape: 2 * SCRAPE_INTERVAL, range: end - range.start, step: range.step });

  /** What the panel's queries give; the matrix has one query, most others one or two. */
  function ask({ targets = [] }: Panel, selection: Selection = {}): Promise<(readonly Series[])[]> {
    const asked = targets.filter(({ expr }) => !isPending(expr));
    return Promise.all(
      asked.map(({ expr, instant }) =>
        world.prometheus.query(interpolate(expr, selection, secondsOf(range.end)), instant ? range.end : range),
      ),
    );
  }

  test('what is pending is not there: what has come must be taken from the list', async () => {
    const found = await Promise.all(PENDING.map(name => world.prometheus.query(`count(${name})`)));
    expect(found.flat()).toEqual([]);
  });

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

  test('every query is about the selected jobs and instances only', async () => {
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
      const nobody = [{ job: ['gateway'] }, { instance: ['127.0.0.1'] }, { job: [EU], instance: [instance] }];
      const found = await Promise.all(nobody.map(selection => ask(panel, selection)));
      expect({ title: panel.title, found: found.flat(2) }).toEqual({ title: panel.title, found: [] });
    }
  });

  test('no panel is empty while nothing happens, but those about requests', async () => {
    const empty: string[] = [];
    for (const { title, targets = [] } of panels) {
      const asked = targets.filter(({ expr }) => !isPending(expr) || NEEDS_REQUESTS.includes(title));
      if (asked.length === 0) continue;
      const answers = asked.map(({ expr }) =>
        world.prometheus.query(interpolate(expr, {}, secondsOf(world.idleAt)), world.idleAt),
      );
      if ((await Promise.all(answers)).flat().length === 0) empty.push(title);
    }
    expect(empty).toEqual(NEEDS_REQUESTS);
  });

  test('every query stands a selection of routes, whatever is in their names', async () => {
    for (const route of [['/billing'], ['/billing', 'api.example.com/v2(+)', "/o'neill"]]) {
      for (const panel of panels) {
        const found = (await ask(panel, { route })).flat().flatMap(({ labels }) => labels['route'] ?? []);
        const others = found.filter(each => each.startsWith('/') && !route.includes(each));
        expect({ title: panel.title, others }).toEqual({ title: panel.title, others: [] });
      }
    }
  });

  test('the matrix counts each replay where it was tried, for the job and the instance that are selected', async () => {
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

  test('what is left to mend is what was forwarded and would have been refused', async () => {
    const [left = []] = await ask(find('What is left to mend'), { job: [US] });
    const rows = left.map(
      ({ labels, samples }) => `${labels['job']} ${labels['route']} ${labels['reason']} ${samples[0]}`,
    );
    expect(rows.sort()).toEqual([
      `${US} /us/legacy missing_token 2`,
      `${US} /us/legacy token_expired 2`,
      `${US} /us/legacy wrong_audience ${2 * (4 + BATCHES)}`,
      `${US} /us/o'neill wrong_audience 2`,
      `${US} /us/verified wrong_audience 4`,
    ]);
    const [burnDown = []] = await ask(find('Burn-down to zero would-be denials'), { job: [EU] });
    expect(burnDown.map(({ labels }) => labels['route']).sort()).toEqual(['/legacy', "/o'neill", '/verified']);
  });

  test('the variables offer the jobs, their instances, and their routes', async () => {
    const offered = async (name: string, selection: Selection = {}) => {
      const definition = dashboard.templating.list.find(each => each.name === name)?.definition ?? '';
      const [, selector = '', label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      const match = encodeURIComponent(interpolate(selector, selection, secondsOf(range.end)));
      return world.prometheus.get(`/api/v1/label/${label}/values?match[]=${match}`);
    };
    expect(await offered('job')).toEqual(Object.keys(JOBS));
    expect(await offered('instance', { job: [US] })).toEqual([...world.instances[US]].sort());
    const routes = ['/billing', '/down', '/legacy', "/o'neill", '/profile', '/verified'];
    expect(await offered('route', { job: [EU] })).toEqual(['(none)', ...routes]);
    expect(await offered('route', { job: [US] })).toEqual(['(none)', ...routes.map(route => `/us${route}`)]);
  });

  test('the annotations mark the reload, and the one that failed, where they happened', async () => {
    for (const { name, expr } of dashboard.annotations.list) {
      const marks = await world.prometheus.query(interpolate(expr, {}, secondsOf(range.end)), range);
      expect({ name, where: marks.map(({ labels }) => labels['instance']) }).toEqual({
        name,
        where: [world.instances[EU][0]],
      });
    }
  });

  test('every alert evaluates, keeps the job, and finds what happened and nothing else', async () => {
    const found: Record<string, string[]> = {};
    for (const { alert, expr } of readAlerts().filter(each => !isPending(each.expr))) {
      const series = await world.prometheus.query(expr, range.end);
      if (series.length > 0) found[alert] = [...new Set(series.map(({ labels }) => labels['job'] ?? ''))].sort();
    }
    expect(found).toEqual({
      AudgateConfusedDeputy: [EU, US],
      AudgateForeignAudiences: [EU, US],
      AudgateWouldDeny: [EU, US],
      AudgateKeyFetchesFail: [EU, US],
      AudgateNoKeys: [EU, US],
      // A series of failures begins with the first; in one round there is no second that rate() would see.
      AudgateUpstreamErrors: [EU],
    });
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
    const summaries = (await listFiring('AudgateConfusedDeputy')).map(({ annotations }) => annotations['summary']);
    expect(summaries).toContain(`A token for ${PROFILE} was used at /billing`);
    expect(summaries).toContain(`A token for ${PROFILE} was used at /us/billing`);
  });

  /** What `log_query` of the alert prints in a shell, in a folder that has the access log of its job. */
  const runLogQuery = ({ labels, annotations }: Firing) => {
    const cwd = world.logs[labels['job'] as Job];
    const { stdout, stderr } = spawnSync('sh', ['-c', annotations['log_query'] ?? ''], { cwd, encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter(line => line !== '');
  };

  test.skipIf(!hasJq)(
    'log_query of AudgateWouldDeny names the client that sends most, whatever others call themselves',
    async () => {
      const firing = await listFiring('AudgateWouldDeny');
      const printed = Object.fromEntries(
        firing.map(each => [`${each.labels['route']} ${each.labels['reason']}`, runLogQuery(each)]),
      );
      expect(printed['/legacy wrong_audience']).toEqual([
        expect.stringMatching(new RegExp(`^ *${BATCHES * IN_ALL} "${BATCH}"$`)),
        expect.stringMatching(new RegExp(`^ *${3 * IN_ALL} "shop"$`)),
        expect.stringMatching(new RegExp(`^ *${IN_ALL} "x\\\\"\\\\n 9999 \\\\"shop\\\\"\\\\u009b2J\\\\u202e"$`)),
      ]);
      expect(printed["/us/o'neill wrong_audience"]).toEqual([expect.stringMatching(new RegExp(`^ *2 "${BATCH}"$`))]);
      // Nobody can be named whose token did not verify.
      expect(printed['/us/legacy missing_token']).toEqual([expect.stringMatching(/^ *2 null$/)]);
    },
  );

  test.skipIf(!hasJq)(
    'log_query of an alert about refused tokens names the client and whom its token was for',
    async () => {
      for (const alert of ['AudgateConfusedDeputy', 'AudgateForeignAudiences']) {
        const [us] = (await listFiring(alert)).filter(({ labels }) => labels['job'] === US);
        if (!us) throw new Error(`${alert} does not fire`);
        const [most] = runLogQuery(us);
        const [aud, count] =
          alert === 'AudgateConfusedDeputy' ? [PROFILE, 2 * REPLAYS] : ['https://elsewhere.example.com/', 2 * FOREIGN];
        expect(most?.trim()).toBe(`${count} ["shop",["${aud}"]]`);
      }
    },
  );

  test('logs_url opens the same question in Explore, with the job, the route and the reason of the alert', async () => {
    const [alert] = (await listFiring('AudgateWouldDeny')).filter(({ labels }) => labels['route'] === "/us/o'neill");
    const url = new URL(alert?.annotations['logs_url'] ?? '');
    expect(`${url.origin}${url.pathname}`).toBe('https://grafana.example.com/explore');
    const { audgate } = JSON.parse(url.searchParams.get('panes') ?? '');
    expect(audgate).toMatchObject({ datasource: 'loki', range: { from: 'now-1d', to: 'now' } });
    expect(audgate.queries[0].expr).toBe(
      `topk(10, sum by (client_id, iss) (count_over_time({job="${US}"} | json | outcome="reported" | route="/us/o'neill" | reason="wrong_audience" [1d])))`,
    );
    expect(alert?.annotations['runbook_url']).toBe('https://ops.example.com/runbook.md#audgatewoulddeny');
  });

  test.skipIf(isPending('audgate_build_info'))(
    'an instance that ends is down, whatever its job is called, and a target that was never ours is not',
    async () => {
      const [instance] = world.instances[US];
      await world.end(instance);
      await world.prometheus.until(`ALERTS{alertname="AudgateDown", instance="${instance}"}`);
      const down = await world.prometheus.query('ALERTS{alertname=~"Audgate.*Down"}');
      expect(down.map(({ labels }) => `${labels['alertname']} ${labels['job']}`)).toEqual([`AudgateDown ${US}`]);
    },
  );

  interface Firing {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }

  async function listFiring(alert: string): Promise<readonly Firing[]> {
    const { alerts } = (await world.prometheus.get('/api/v1/alerts')) as { alerts: readonly Firing[] };
    return alerts.filter(({ labels }) => labels['alertname'] === alert);
  }
});

function find(title: string): Panel {
  const panel = panels.find(each => each.title === title);
  if (panel === undefined) throw new Error(`there is no panel ${title}`);
  return panel;
}
