/** What is promised of every rendering with a pod of audgate, whoever rendered it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ROOT } from '../docs/markdown.ts';
import { find, type Manifest, withConfiguration } from './rendering.ts';

interface Port {
  readonly name: string;
  readonly containerPort: number;
}

/** Registers the tests. @param render called once the tests run. */
export function describeDeployment(name: string, render: () => readonly Manifest[]): void {
  describe(name, () => {
    const pod = () => find(render(), 'Deployment')['spec'].template;
    const audgate = () => findAudgate(pod());
    const volumeOf = (mountPath: string) => {
      const { name: volume } = audgate().volumeMounts.find(
        (mount: { mountPath: string }) => mount.mountPath === mountPath,
      );
      return pod().spec.volumes.find((each: { name: string }) => each.name === volume);
    };
    const yaml = (): string =>
      find(render(), 'ConfigMap', volumeOf('/etc/audgate').configMap.name)['data']['audgate.yaml'];

    test('every object: has a version, and no namespace of ours', () => {
      for (const { apiVersion, metadata } of render()) {
        expect(apiVersion).toMatch(/^(?:[a-z0-9.]+\/)?v[12]$/);
        expect(metadata).not.toHaveProperty('namespace');
      }
    });

    test('security: not root, no capability, read-only, the seccomp profile, no token of the API server', () => {
      const { securityContext, automountServiceAccountToken, containers, initContainers = [] } = pod().spec;
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(automountServiceAccountToken).toBe(false);
      for (const container of [...containers, ...initContainers]) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(Object.keys(container.resources.requests).sort()).toEqual(['cpu', 'memory']);
        expect(container.resources.limits).toHaveProperty('memory');
      }
    });

    test('configuration: mounted as a folder, where the image looks for it; no subPath, and no checksum that restarts pods', () => {
      const mounts: { mountPath: string; readOnly?: boolean; subPath?: string }[] = audgate().volumeMounts;
      expect(mounts.map(({ mountPath }) => mountPath)).toContain('/etc/audgate');
      expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toContain('"/etc/audgate/audgate.yaml"');
      for (const mount of mounts) {
        expect(mount.readOnly).toBe(true);
        expect(mount).not.toHaveProperty('subPath');
      }
      expect(JSON.stringify(pod().metadata.annotations ?? {})).not.toMatch(/checksum|[0-9a-f]{16}/);
    });

    test('every file that the configuration names below /run/secrets: in a Secret that is mounted', () => {
      const folders = [...yaml().matchAll(/(\/run\/secrets\/[\w-]+)\//g)].map(([, folder = '']) => folder);
      expect(folders).toContain('/run/secrets/audgate');
      for (const folder of folders) expect(volumeOf(folder)).toHaveProperty('secret.secretName');
    });

    test('configuration: check finds nothing, not even a warning', async () => {
      const lines: string[] = [];
      const code = await withConfiguration(yaml(), file =>
        check(file, {}, line => lines.push(line), { format: 'text', strict: true }),
      );
      expect({ code, lines }).toMatchObject({ code: 0 });
    });

    test('ports and probes: those of the configuration', async () => {
      const ports: Port[] = audgate().ports;
      const expected = await load(yaml(), portsOf);
      expect(Object.fromEntries(ports.map(({ name: port, containerPort }) => [port, containerPort]))).toEqual(expected);
      expect(audgate().readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' });
      expect(audgate().livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' });
      expect(audgate().startupProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' });
    });

    test('services: select the pods, by ports that are there; the admin port is in none for clients', () => {
      const { labels } = pod().metadata;
      const names = audgate().ports.map((port: Port) => port.name);
      for (const { metadata, spec } of ofKind(render(), 'Service')) {
        expect(labels).toMatchObject(spec.selector);
        const targets = spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort);
        expect(names).toEqual(expect.arrayContaining(targets));
        expect(targets.includes('admin')).toBe(metadata.name.endsWith('-admin'));
      }
    });

    test('selectors of Deployment, budget, policy and spread: those of the pods', () => {
      const { labels } = pod().metadata;
      expect(labels).toMatchObject(find(render(), 'Deployment')['spec'].selector.matchLabels);
      expect(labels).toMatchObject(find(render(), 'NetworkPolicy')['spec'].podSelector.matchLabels);
      for (const { spec } of ofKind(render(), 'PodDisruptionBudget'))
        expect(labels).toMatchObject(spec.selector.matchLabels);
      for (const { labelSelector } of pod().spec.topologySpreadConstraints ?? [])
        expect(labels).toMatchObject(labelSelector.matchLabels);
    });

    test('autoscaler: of this Deployment, which then names no replicas', () => {
      const { metadata, spec } = find(render(), 'Deployment');
      for (const { spec: scaler } of ofKind(render(), 'HorizontalPodAutoscaler')) {
        expect(scaler.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name });
        expect(spec).not.toHaveProperty('replicas');
        expect(scaler.minReplicas).toBeGreaterThan(1);
      }
    });

    test('network policy: opens the ports for clients and Prometheus, and not the metadata service of a cloud', () => {
      const { ingress, egress = [] } = find(render(), 'NetworkPolicy')['spec'];
      const [main, metrics] = ingress;
      expect(main.ports).toEqual([{ port: audgate().ports[0].name }]);
      expect(metrics).toMatchObject({ ports: [{ port: 'admin' }], from: [expect.anything()] });
      if (audgate().ports[0].name === 'authorizer') expect(main.from).toHaveLength(1);
      for (const { cidr, except } of egress.flatMap(({ to = [] }: { to?: { ipBlock?: object }[] }) =>
        to.flatMap(peer => peer.ipBlock ?? []),
      ))
        expect(except).toEqual([cidr === '::/0' ? 'fd00:ec2::254/128' : '169.254.169.254/32']);
    });

    test('end: preStop and drain fit into the grace period', async () => {
      const { delay, limit } = await load(yaml(), ({ drain }) => drain);
      const { terminationGracePeriodSeconds: grace, containers } = pod().spec;
      const [preStop] = containers.map((container: Manifest) => container['lifecycle']?.preStop.sleep.seconds ?? 0);
      expect(preStop * 1000 + delay + limit).toBeLessThan(grace * 1000);
      // By then nobody sends any more who follows the EndpointSlices.
      expect(preStop * 1000 + delay).toBeGreaterThanOrEqual(5000);
    });
  });
}

/** A native sidecar is an init container that goes on. */
// biome-ignore lint/suspicious/noExplicitAny: a container has many fields
function findAudgate({ spec: { containers, initContainers = [] } }: any) {
  return [...containers, ...initContainers].find(({ name }) => name === 'audgate');
}

function ofKind(manifests: readonly Manifest[], kind: string): readonly Manifest[] {
  return manifests.filter(manifest => manifest.kind === kind);
}

function load<T>(yaml: string, read: (config: Config) => T): Promise<T> {
  return withConfiguration(yaml, file => {
    const loaded = loadConfig(file, {});
    if (!loaded.ok) throw new Error(`the configuration is refused: ${loaded.diagnostics[0]?.message}`);
    return read(loaded.config);
  });
}

/** What can be reached from outside of the pod: of an authorizer not the data listener. */
function portsOf({ listen, authorizer, admin }: Config) {
  const port = 'port' in listen && listen.port;
  if (!authorizer) return { http: port, admin: admin.port };
  expect(listen).toMatchObject({ host: '127.0.0.1' });
  return { authorizer: 'port' in authorizer.listen && authorizer.listen.port, admin: admin.port };
}
