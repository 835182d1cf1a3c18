/** The manifests in config/kubernetes: they fit together, confine the pod, and carry a configuration that `audgate check` accepts. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { check } from '../../src/cli/check.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ROOT } from './markdown.ts';

const FOLDER = join(ROOT, 'config/kubernetes');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own fields
  readonly [field: string]: any;
}

function readManifests(file: string): readonly Manifest[] {
  const documents = parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'));
  for (const document of documents) if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]}`);
  return documents.map(document => document.toJS() as Manifest);
}

const files = readdirSync(FOLDER).filter(name => name !== 'kustomization.yaml');
const manifests = files.flatMap(readManifests);
const kustomization = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')) as { resources: string[] };

function find(kind: string, name: string): Manifest {
  const found = manifests.find(manifest => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

const pod = find('Deployment', 'audgate')['spec'].template;
const [container] = pod.spec.containers;
const yaml: string = find('ConfigMap', 'audgate')['data']['audgate.yaml'];
const APP = { 'app.kubernetes.io/name': 'audgate' };

/** The configuration, with the Secret in place; `use` gets its file. */
function withConfiguration<T>(use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-kubernetes-'));
  const mount = container.volumeMounts.find(({ name }: { name: string }) => name === 'admin-token');
  mkdirSync(join(folder, mount.mountPath), { recursive: true });
  writeFileSync(join(folder, mount.mountPath, 'admin-token'), '0123456789abcdef');
  writeFileSync(join(folder, 'audgate.yaml'), yaml.replace('${file:/', `\${file:${folder}/`));
  try {
    return use(join(folder, 'audgate.yaml'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('manifests', () => {
  test('kustomization: names every file but the ServiceMonitor, which needs an operator', () => {
    expect(kustomization.resources.toSorted()).toEqual(
      files.filter(name => name !== 'service-monitor.yaml').toSorted(),
    );
  });

  test.each(manifests.map(manifest => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))(
    '%s: has a version, and no namespace of ours',
    (_name, { apiVersion, metadata }) => {
      expect(apiVersion).toMatch(/^(?:[a-z.]+\/)?v1$/);
      expect(metadata).not.toHaveProperty('namespace');
    },
  );

  test('selectors: select the pods', () => {
    expect(pod.metadata.labels).toEqual(APP);
    expect(find('Deployment', 'audgate')['spec'].selector.matchLabels).toEqual(APP);
    for (const name of ['audgate', 'audgate-admin']) expect(find('Service', name)['spec'].selector).toEqual(APP);
    expect(find('PodDisruptionBudget', 'audgate')['spec'].selector.matchLabels).toEqual(APP);
    const monitor = find('ServiceMonitor', 'audgate')['spec'];
    expect(find('Service', 'audgate-admin').metadata.labels).toMatchObject(monitor.selector.matchLabels);
    expect(find('Service', 'audgate').metadata.labels ?? {}).not.toMatchObject(monitor.selector.matchLabels);
  });

  test.skipIf(spawnSync('kubectl', ['version', '--client']).status !== 0)('kubectl kustomize: accepts them', () => {
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', FOLDER], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.match(/^kind: /gm)).toHaveLength(5);
  });
});

describe('the pod', () => {
  test('security: not root, no capability, read-only, no token of the API server', () => {
    expect(pod.spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.spec.automountServiceAccountToken).toBe(false);
  });

  test('configuration: mounted as a folder, where the image looks for it', () => {
    const mount = container.volumeMounts.find(({ name }: { name: string }) => name === 'config');
    expect(mount).toEqual({ name: 'config', mountPath: '/etc/audgate', readOnly: true });
    expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toContain('"/etc/audgate/audgate.yaml"');
    expect(pod.spec.volumes).toContainEqual({ name: 'config', configMap: { name: 'audgate' } });
  });

  test('probes and services: ask paths and ports that are there', () => {
    const ports = Object.fromEntries(
      container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [name, containerPort]),
    );
    withConfiguration(file => {
      const loaded = loadConfig(file, {});
      if (!loaded.ok) throw new Error('the configuration is refused');
      const { listen, admin } = loaded.config;
      expect(ports).toEqual({ http: 'port' in listen && listen.port, admin: admin.port });
    });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' });
    expect(container.startupProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' });
    expect(find('Service', 'audgate')['spec'].ports).toEqual([{ name: 'http', port: 80, targetPort: 'http' }]);
    expect(find('ServiceMonitor', 'audgate')['spec'].endpoints[0]).toMatchObject({ port: 'admin', path: '/metrics' });
  });

  test('end: a drain fits into the grace period', () => {
    withConfiguration(file => {
      const loaded = loadConfig(file, {});
      if (!loaded.ok) throw new Error('the configuration is refused');
      const { delay, limit } = loaded.config.drain;
      expect(delay + limit).toBeLessThan(pod.spec.terminationGracePeriodSeconds * 1000);
      expect(delay).toBeGreaterThanOrEqual(5000);
    });
  });
});

test('configuration: check finds nothing, not even a warning', async () => {
  const lines: string[] = [];
  const code = await withConfiguration(file =>
    check(file, {}, line => lines.push(line), { format: 'text', strict: true }),
  );
  expect({ code, lines }).toMatchObject({ code: 0 });
});
