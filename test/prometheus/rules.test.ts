/** The alerts: promtool takes them and runs their tests, and none is without a test, an explanation or a way out. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isInstalled } from '../support/prometheus.ts';
import { CONFIG, readAlerts, readYaml } from './artifacts.ts';

interface RuleTests {
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const alerts = readAlerts();
const hasPromtool = isInstalled('promtool');
const told = hasPromtool ? '' : ' (not run: promtool is not installed)';

test.skipIf(!hasPromtool).each([
  ['check', 'rules', 'prometheus/alerts.yaml'],
  ['check', 'config', 'prometheus/prometheus.yaml'],
  ['test', 'rules', 'prometheus/alerts.test.yaml'],
])(`promtool %s %s %s${told}`, { timeout: 60_000 }, (verb, what, file) => {
  const { status, stdout, stderr } = spawnSync('promtool', [verb, what, join(CONFIG, file)], { encoding: 'utf8' });
  expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
});

test('every alert has a test in which it fires, and one in which it does not', () => {
  const { tests } = readYaml('prometheus/alerts.test.yaml') as RuleTests;
  const looks = tests.flatMap(each => each.alert_rule_test);
  for (const { alert } of alerts) {
    const fires = looks.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length > 0);
    expect({ alert, fires: [...new Set(fires)].sort() }).toEqual({ alert, fires: [false, true] });
  }
  expect(new Set(tests.map(({ name }) => name)).size).toBe(tests.length);
});

test('every alert has a severity, tells what is the matter, and says what to do', () => {
  expect(alerts.length).toBeGreaterThan(10);
  for (const { alert, labels, annotations } of alerts) {
    expect(alert).toMatch(/^Audgate[A-Z]/);
    expect(labels['severity']).toMatch(/^(info|warning|critical)$/);
    for (const name of ['summary', 'description', 'runbook']) expect(annotations[name]).toBeTruthy();
  }
});
