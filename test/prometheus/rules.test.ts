/** The alerts: promtool accepts them and runs their tests, and each has a test, a description and a section of the runbook. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isInstalled } from '../support/prometheus.ts';
import { CONFIG, readAlerts, readYaml } from './artifacts.ts';

interface Expected {
  readonly exp_labels: Readonly<Record<string, string>>;
}

interface RuleTests {
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly Expected[] }[];
  }[];
}

const alerts = readAlerts();
const hasPromtool = isInstalled('promtool');
const skipped = hasPromtool ? '' : ' (not run: promtool is not installed)';

test.skipIf(!hasPromtool).each([
  ['check', 'rules', 'prometheus/alerts.yaml'],
  ['check', 'config', 'prometheus/prometheus.yaml'],
  ['test', 'rules', 'prometheus/alerts.test.yaml'],
  ['test', 'rules', 'prometheus/alerts-of-a-month.test.yaml'],
])(`promtool %s %s %s${skipped}`, { timeout: 400_000 }, (verb, what, file) => {
  const { status, stdout, stderr } = spawnSync('promtool', [verb, what, join(CONFIG, file)], { encoding: 'utf8' });
  expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
});

test('every alert: a test in which it fires, and one in which it does not', () => {
  const { tests } = readYaml('prometheus/alerts.test.yaml') as RuleTests;
  const looks = tests.flatMap(each => each.alert_rule_test);
  for (const { alert } of alerts) {
    const fires = looks.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length > 0);
    expect({ alert, fires: [...new Set(fires)].sort() }).toEqual({ alert, fires: [false, true] });
  }
  expect(new Set(tests.map(({ name }) => name)).size).toBe(tests.length);
});

test('every alert: a severity, a description and a remedy', () => {
  expect(alerts.length).toBeGreaterThan(10);
  for (const { alert, labels, annotations } of alerts) {
    expect(alert).toMatch(/^Audgate[A-Z]/);
    expect(labels['severity']).toMatch(/^(info|warning|critical)$/);
    for (const name of ['summary', 'description', 'runbook']) expect(annotations[name]).toBeTruthy();
  }
});

test('every alert: fires for each of two jobs by itself, and has a test in which it fires for one of them only', () => {
  const { tests } = readYaml('prometheus/alerts.test.yaml') as RuleTests;
  const looks = tests.flatMap(each => each.alert_rule_test);
  for (const { alert } of alerts) {
    const jobs = looks
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts }) => [...new Set(exp_alerts.flatMap(({ exp_labels }) => exp_labels['job'] ?? []))].sort());
    expect({ alert, jobs }).toEqual({ alert, jobs: expect.arrayContaining([['eu', 'us'], [expect.any(String)]]) });
  }
});

test('jobs: no alert depends on the name of a job, and every aggregation keeps it', () => {
  for (const { alert, expr } of alerts) {
    expect(`${alert}: ${expr}`).not.toMatch(/job\s*=/);
    const groupings = [...expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].map(([, labels = '']) => labels.split(', '));
    for (const labels of groupings)
      expect({ alert, labels }).toEqual({ alert, labels: expect.arrayContaining(['job']) });
    const aggregations = expr.match(/\b(?:sum|max|min|avg|count|group)\b/g) ?? [];
    expect({ alert, by: expr.match(/\bby\b/g)?.length ?? 0 }).toEqual({ alert, by: aggregations.length });
  }
});

test('docs/how-to/grafana.md: names every alert, and its links into the runbook resolve', () => {
  const page = readFileSync(join(CONFIG, '../docs/how-to/grafana.md'), 'utf8');
  expect(alerts.filter(({ alert }) => !page.includes(`\`${alert}\``))).toEqual([]);
  const runbook = readFileSync(join(CONFIG, 'prometheus/runbook.md'), 'utf8');
  const anchors = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...page.matchAll(/runbook\.md#([\w-]+)/g)].map(([, anchor]) => anchor);
  expect(links.length).toBeGreaterThan(0);
  expect(anchors).toEqual(expect.arrayContaining(links));
});

test('runbook: a section for each alert, and no other', () => {
  const runbook = readFileSync(join(CONFIG, 'prometheus/runbook.md'), 'utf8');
  const sections = [...runbook.matchAll(/^## (Audgate\w+)$/gm)].map(([, title = '']) => title);
  expect(sections).toEqual(alerts.map(({ alert }) => alert));
  for (const { alert, annotations } of alerts) {
    const link = `{{ $externalLabels.audgate_runbooks }}runbook.md#${alert.toLowerCase()}`;
    expect({ alert, link: annotations['runbook_url'] }).toEqual({ alert, link });
  }
});
