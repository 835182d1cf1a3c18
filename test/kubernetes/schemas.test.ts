/** Everything that is rendered fits the schemas of Kubernetes (kubernetes-validate of PyPI, `--strict`: no unknown field). */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHART, readManifests, renderChart, renderKustomization } from './rendering.ts';
import { HELM, KUSTOMIZE, run, VALIDATE } from './tools.ts';

/** Kinds of the Prometheus Operator, which Kubernetes has no schema of. */
const OTHERS = ['ServiceMonitor', 'PrometheusRule'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-schemas-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Expects every object to be validated, and each of them to pass. */
function expectValid(text: string): void {
  const file = join(folder, 'rendered.yaml');
  writeFileSync(file, text);
  const printed = run(VALIDATE, '--strict', file);
  const expected = readManifests(text).filter(({ kind }) => !OTHERS.includes(kind));
  expect(printed.match(/ passed for resource /g) ?? []).toHaveLength(expected.length);
}

describe.skipIf(!VALIDATE)('schemas of Kubernetes (needs kubernetes-validate)', () => {
  test
    .skipIf(!KUSTOMIZE)
    .each([
      'kubernetes',
      'kubernetes/base',
      'kubernetes/overlays/gateway',
      'kubernetes/overlays/authorizer',
      'kubernetes/overlays/sidecar',
      'kubernetes/prometheus-operator',
      'grafana',
    ])('config/%s: every object passes', folderOf => {
    expectValid(renderKustomization(folderOf));
  });

  test.skipIf(!HELM).each(['gateway', 'authorizer', 'everything'])('the chart, values %s: every object passes', set => {
    expectValid(renderChart('--values', join(CHART, `ci/${set}-values.yaml`)));
  });

  test('a misspelled field: refused', () => {
    expect(() => expectValid('apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { prots: [] }\n')).toThrow(
      'prots',
    );
  });
});
