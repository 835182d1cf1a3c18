/** What stands in config twice, because neither kustomize nor helm reads files outside of its folder: alerts and dashboard. `npm run docs` writes them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../docs/markdown.ts';

const read = (file: string) => readFileSync(join(ROOT, 'config', file), 'utf8');

test.each([
  ['prometheus/alerts.yaml', 'helm/audgate/files/alerts.yaml'],
  ['grafana/audgate.json', 'helm/audgate/files/audgate.json'],
])('%s: config/%s is the same', async (original, copy) => {
  await expect(read(original)).toMatchFileSnapshot(join(ROOT, 'config', copy));
});

test('prometheus/alerts.yaml: the spec of the PrometheusRule is the same', async () => {
  const file = 'kubernetes/prometheus-operator/prometheus-rule.yaml';
  await expect(toPrometheusRule(read('prometheus/alerts.yaml'))).toMatchFileSnapshot(join(ROOT, 'config', file));
  const { kind, spec } = parse(read(file)) as { kind: string; spec: unknown };
  expect(kind).toBe('PrometheusRule');
  expect(spec).toEqual(parse(read('prometheus/alerts.yaml')));
});

/** Without the comments that stand before the groups. Text, so that the comments of the rules stay. */
function toPrometheusRule(alerts: string): string {
  const groups = alerts.slice(alerts.indexOf('\ngroups:') + 1);
  return `# Made from config/prometheus/alerts.yaml by \`npm run docs\`: change that, not this.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: audgate
spec:
${groups.replace(/^(?=.)/gm, '  ')}`;
}
