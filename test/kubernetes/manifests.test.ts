/** config/kubernetes as kustomize renders it: each overlay fits together, confines its pod, and carries a configuration that `audgate check` accepts. */

import { describe, expect, test } from 'vitest';
import { describeDeployment } from './deployments.ts';
import { find, type Manifest, readManifests, renderKustomization } from './rendering.ts';
import { KUSTOMIZE } from './tools.ts';

const rendered = new Map<string, readonly Manifest[]>();

/** Renders each kustomization once. */
function render(folder: string): readonly Manifest[] {
  const known = rendered.get(folder) ?? readManifests(renderKustomization(folder));
  rendered.set(folder, known);
  return known;
}

const namesOf = (folder: string) =>
  render(folder)
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .toSorted();

describe.skipIf(!KUSTOMIZE)('kustomizations (needs kubectl or kustomize)', () => {
  for (const overlay of ['gateway', 'authorizer', 'sidecar'])
    describeDeployment(overlay, () => render(`kubernetes/overlays/${overlay}`));

  test('config/kubernetes itself: the gateway', () => {
    expect(namesOf('kubernetes')).toEqual([
      'ConfigMap audgate',
      'Deployment audgate',
      'HorizontalPodAutoscaler audgate',
      'NetworkPolicy audgate',
      'PodDisruptionBudget audgate',
      'Service audgate',
      'Service audgate-admin',
    ]);
    expect(render('kubernetes')).toEqual(render('kubernetes/overlays/gateway'));
  });

  test('base: has no configuration, which each overlay has', () => {
    expect(namesOf('kubernetes/base')).toEqual(namesOf('kubernetes').filter(name => !name.startsWith('ConfigMap')));
  });

  test('sidecar: the container of the base, with less memory, that starts before the API and ends after it', () => {
    const [sidecar, ...others] = find(render('kubernetes/overlays/sidecar'), 'Deployment')['spec'].template.spec
      .initContainers;
    const [container] = find(render('kubernetes/overlays/gateway'), 'Deployment')['spec'].template.spec.containers;
    const same = ['image', 'ports', 'readinessProbe', 'livenessProbe', 'startupProbe', 'securityContext'];
    for (const key of same) expect(sidecar[key]).toEqual(container[key]);
    expect(sidecar.restartPolicy).toBe('Always');
    expect(others).toEqual([]);
  });

  test('sidecar: its upstream is the API on loopback, which is reached by no Service', () => {
    const manifests = render('kubernetes/overlays/sidecar');
    const yaml: string = find(manifests, 'ConfigMap')['data']['audgate.yaml'];
    const [api] = find(manifests, 'Deployment')['spec'].template.spec.containers;
    const [, address] = /upstream: http:\/\/(\S+)/.exec(yaml) ?? [];
    expect(address).toMatch(/^127\.0\.0\.1:/);
    expect(api.env).toContainEqual({ name: 'LISTEN', value: address });
    expect(api).not.toHaveProperty('ports');
  });

  test('for the Prometheus Operator: the monitor selects the admin Service and not the other', () => {
    const monitor = find(render('kubernetes/prometheus-operator'), 'ServiceMonitor')['spec'];
    const gateway = render('kubernetes');
    expect(find(gateway, 'Service', 'audgate-admin').metadata.labels).toMatchObject(monitor.selector.matchLabels);
    expect(find(gateway, 'Service', 'audgate').metadata.labels ?? {}).not.toMatchObject(monitor.selector.matchLabels);
    expect(monitor.endpoints).toMatchObject([{ port: 'admin', path: '/metrics' }]);
  });
});
