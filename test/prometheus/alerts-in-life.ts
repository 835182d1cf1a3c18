/** The alerts in a Prometheus after all the traffic: which fire, and where their links lead. */

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { readAlerts } from './artifacts.ts';
import { BATCH, BATCHES, FOREIGN, PROFILE, REPLAYS, ROUNDS } from './traffic.ts';
import type { Job, World } from './world.ts';

const hasJq = spawnSync('jq', ['--version']).status === 0;
const EU: Job = 'gateway/eu';
const US: Job = 'gateway/us';
/** Rounds of both instances of EU. */
const IN_ALL = ROUNDS + 1;

interface Firing {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** @param lived returns the servers, and when the traffic had ended. */
export function testAlerts(lived: () => { readonly world: World; readonly end: number }): void {
  test('every alert: evaluates, keeps the job, and fires for what happened and nothing else', async () => {
    const found: Record<string, string[]> = {};
    for (const { alert, expr } of readAlerts()) {
      const series = await lived().world.prometheus.query(expr, lived().end);
      if (series.length > 0) found[alert] = [...new Set(series.map(({ labels }) => labels['job'] ?? ''))].sort();
    }
    const { AudgateUpstreamErrors: ofUpstreams = [], ...others } = found;
    expect(others).toEqual({
      AudgateConfusedDeputy: [EU, US],
      AudgateForeignAudiences: [EU, US],
      AudgateWouldDeny: [EU, US],
      AudgateExceptionLapses: [EU, US],
      AudgateKeyFetchesFail: [EU, US],
      AudgateNoKeys: [EU, US],
      AudgateUpstreamLeftOut: [EU, US],
    });
    // A series begins with its first failure: whether rate() sees a second one of the other job is chance.
    expect(ofUpstreams).toContain(EU);
  });

  test('rules: Prometheus runs each without an error, and the alert names the API and the route', async () => {
    const { groups } = (await lived().world.prometheus.get('/api/v1/rules')) as {
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

  /** Runs `log_query` of the alert in a shell, in a folder with the access log of its job. @returns the output. */
  const runLogQuery = ({ labels, annotations }: Firing) => {
    const cwd = lived().world.logs[labels['job'] as Job];
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
      // No client can be named where its token did not verify.
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

  test('AudgateExceptionLapses: for the client whose exception lapses within a week, and for no other', async () => {
    const firing = await listFiring('AudgateExceptionLapses');
    expect(firing.map(({ labels }) => `${labels['job']} ${labels['route']} ${labels['exception']}`).sort()).toEqual([
      `${EU} /excused ${BATCH}`,
      `${US} /us/excused ${BATCH}`,
    ]);
    expect(firing[0]?.annotations['description']).toMatch(/ends in [23]d \d+h \d+m/);
    const wouldDeny = (await listFiring('AudgateWouldDeny')).map(({ labels }) => labels['route']);
    expect(wouldDeny).not.toContain('/us/excused');
  });

  test.skipIf(!hasJq)('log_query of AudgateExceptionLapses says what the client still comes with', async () => {
    const [us] = (await listFiring('AudgateExceptionLapses')).filter(({ labels }) => labels['job'] === US);
    if (!us) throw new Error('it does not fire');
    expect(runLogQuery(us).map(line => line.trim())).toEqual([`2 ["${BATCH}","wrong_audience",["${PROFILE}"]]`]);
  });

  test('logs_url: opens the same query in Explore, with the job, the route and the reason of the alert', async () => {
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

  test('AudgateDown: fires for an instance that ends, whatever its job is called, and not for other targets', async () => {
    const [instance] = lived().world.instances[US];
    await lived().world.end(instance);
    await lived().world.prometheus.until(`ALERTS{alertname="AudgateDown", instance="${instance}"}`);
    const down = await lived().world.prometheus.query('ALERTS{alertname=~"Audgate.*Down"}');
    expect(down.map(({ labels }) => `${labels['alertname']} ${labels['job']}`)).toEqual([`AudgateDown ${US}`]);
  });

  async function listFiring(alert: string): Promise<readonly Firing[]> {
    const { alerts } = (await lived().world.prometheus.get('/api/v1/alerts')) as { alerts: readonly Firing[] };
    return alerts.filter(({ labels }) => labels['alertname'] === alert);
  }
}
