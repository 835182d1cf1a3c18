/** config/helm/audgate: with each set of values in its folder ci it lints, renders, fits together, and carries a configuration that `audgate check` accepts. */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../docs/markdown.ts';
import { describeDeployment } from './deployments.ts';
import { CHART, find, type Manifest, readManifests, renderChart } from './rendering.ts';
import { HELM } from './tools.ts';

const SETS = readdirSync(join(CHART, 'ci')).map(file => file.replace('-values.yaml', ''));
const optionsOf = (set: string) => ['--values', join(CHART, `ci/${set}-values.yaml`)];
const rendered = new Map<string, readonly Manifest[]>();

/** Renders each set once. */
function render(set: string): readonly Manifest[] {
  const known = rendered.get(set) ?? readManifests(renderChart(...optionsOf(set)));
  rendered.set(set, known);
  return known;
}

function lint(...options: readonly string[]) {
  const [program = '', ...first] = HELM ?? [];
  const { status, stdout, stderr } = spawnSync(program, [...first, 'lint', '--strict', CHART, ...options], {
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

test('versions: those of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
  const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, string>;
  expect(chart).toMatchObject({ version, appVersion: version });
  for (const overlay of ['gateway', 'authorizer', 'sidecar']) {
    const file = join(ROOT, 'config/kubernetes/overlays', overlay, 'kustomization.yaml');
    const { images } = parse(readFileSync(file, 'utf8')) as { images: unknown };
    expect(images).toEqual([{ name: 'audgate', newName: 'audgate', newTag: version }]);
  }
});

describe.skipIf(!HELM)('chart (needs helm)', () => {
  test.each(SETS)('helm lint --strict, values %s: nothing', set => {
    expect(lint(...optionsOf(set))).toMatchObject({ status: 0 });
  });

  test('helm lint --strict, the default values: nothing', () => {
    expect(lint()).toMatchObject({ status: 0 });
  });

  for (const set of SETS) describeDeployment(`values ${set}`, () => render(set));

  test('values everything: what the defaults leave out is there', () => {
    const manifests = render('everything');
    const { spec } = find(manifests, 'Deployment')['spec'].template;
    expect(find(manifests, 'Deployment')['spec'].replicas).toBe(3);
    expect(spec.terminationGracePeriodSeconds).toBe(140);
    expect(spec.containers[0].image).toBe('registry.example.com/audgate:0.2.0-rc.1');
    expect(manifests.map(({ kind }) => kind)).not.toContain('HorizontalPodAutoscaler');
    const yaml = parse(find(manifests, 'ConfigMap', 'prod-audgate')['data']['audgate.yaml']);
    expect(yaml).toMatchObject({
      access_log: false,
      drain: { delay: '15s', limit: '120s' },
      limits: { connections: 10000 },
    });
    const monitor = find(manifests, 'ServiceMonitor');
    expect(monitor.metadata.labels).toMatchObject({ release: 'prometheus' });
    expect(find(manifests, 'Service', '-admin').metadata.labels).toMatchObject(monitor['spec'].selector.matchLabels);
  });

  test('values everything: alerts and dashboard are the files of config/prometheus and config/grafana', () => {
    const alerts = parse(readFileSync(join(ROOT, 'config/prometheus/alerts.yaml'), 'utf8'));
    expect(find(render('everything'), 'PrometheusRule')['spec']).toEqual(alerts);
    const dashboard = find(render('everything'), 'ConfigMap', '-dashboard')['data']['audgate.json'];
    expect(JSON.parse(dashboard)).toEqual(JSON.parse(readFileSync(join(ROOT, 'config/grafana/audgate.json'), 'utf8')));
  });

  test('routeConfigMaps: one optional projected volume, whose YAML files are included', () => {
    const options = [
      '--set',
      'routeConfigMaps={routes-billing,routes-profile}',
      '--set',
      'config.include={/etc/a.yaml}',
    ];
    const manifests = readManifests(renderChart(...optionsOf('gateway'), ...options));
    const { volumes, containers } = find(manifests, 'Deployment')['spec'].template.spec;
    const optional = (name: string) => ({ configMap: { name, optional: true } });
    expect(volumes).toContainEqual({
      name: 'routes',
      projected: { sources: [optional('routes-billing'), optional('routes-profile')] },
    });
    expect(containers[0].volumeMounts).toContainEqual({
      ...{ name: 'routes', mountPath: '/etc/audgate-routes', readOnly: true },
    });
    const yaml = parse(find(manifests, 'ConfigMap', 'prod-audgate')['data']['audgate.yaml']);
    expect(yaml.include).toEqual(['/etc/a.yaml', '/etc/audgate-routes/*.yaml']);
    expect(lint(...optionsOf('gateway'), ...options)).toMatchObject({ status: 0 });
    expect(JSON.stringify(render('gateway'))).not.toContain('audgate-routes');
  });

  test.each([
    [
      'a key of the configuration that the chart writes',
      ['--set', 'config.listen=0.0.0.0:80'],
      'config.listen: the chart writes it',
    ],
    ['an unknown value', ['--set', 'replicaCount=3'], 'replicaCount'],
    ['an unknown mode', ['--set', 'mode=sidecar'], 'mode'],
    ['a Secret whose folder is taken', ['--set', 'secrets={tls}'], 'secrets'],
    [
      'an authorizer that everybody may ask',
      ['--set', 'mode=authorizer', '--set', 'networkPolicy.enabled=false'],
      'authorizer.peers',
    ],
    [
      'an authorizer whose network policy is open',
      ['--set', 'mode=authorizer', '--set', 'authorizer.peers={10.0.0.0/8}'],
      'networkPolicy.from',
    ],
  ])('%s: refused', (_name, options, message) => {
    expect(() => renderChart(...optionsOf('gateway'), ...options)).toThrow(message);
  });
});
