/** config/compose.yaml, without a container engine: every file that it names exists, and its settings fit together. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { CONFIG, readYaml } from './artifacts.ts';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<'gateway' | 'prometheus' | 'grafana', Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const compose = readYaml('compose.yaml') as Compose;
const { gateway, prometheus, grafana } = compose.services;
const services = Object.entries(compose.services);
const mounts = services.flatMap(([name, { volumes }]) =>
  volumes.map(volume => {
    const [source = '', target = '', mode] = volume.split(':');
    return { name, source, target, mode };
  }),
);

/** @returns the file of this repository that is mounted at `path` of a container. */
function findSource(service: string, path: string): string {
  const mount = mounts.find(
    ({ name, target }) => name === service && (path === target || path.startsWith(`${target}/`)),
  );
  return mount === undefined
    ? `nothing is mounted at ${path}`
    : join(CONFIG, mount.source, path.slice(mount.target.length));
}

test('every service: confined, and its image has an exact version', () => {
  for (const [name, service] of services) {
    expect({ name, ...service }).toMatchObject({
      name,
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    if (service.build === undefined) expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/);
  }
  expect(existsSync(join(CONFIG, gateway.build ?? '', 'Dockerfile'))).toBe(true);
});

test('mounts: every file exists and is read-only, every volume and network is declared', () => {
  for (const { source, mode } of mounts) {
    if (source.startsWith('.'))
      expect({ source, here: existsSync(join(CONFIG, source)), mode }).toMatchObject({ here: true, mode: 'ro' });
    else expect(Object.keys(compose.volumes)).toContain(source);
  }
  for (const [, { networks }] of services) for (const name of networks) expect(compose.networks).toHaveProperty(name);
});

test('the gateway: gets a valid configuration, in which Prometheus reaches the admin listener', () => {
  const environment = { ...gateway.environment, AUDGATE_ADMIN_TOKEN: 'a-token-of-the-operators' };
  const loaded = loadConfig(findSource('gateway', '/etc/audgate/audgate.yaml'), environment);
  expect(loaded).toMatchObject({
    ok: true,
    warnings: [],
    config: { admin: { host: '0.0.0.0', port: 9090 }, listen: { port: 8080 } },
  });
  const { scrape_configs } = readYaml('prometheus/prometheus.yaml') as { readonly scrape_configs: unknown };
  expect(scrape_configs).toEqual([{ job_name: 'audgate', static_configs: [{ targets: ['gateway:9090'] }] }]);
  expect(gateway.networks.filter(name => prometheus.networks.includes(name))).toEqual(['metrics']);
});

test('the image of the gateway: the one that AUDGATE_IMAGE names, else a local one that no registry has', () => {
  expect(gateway.image).toBe('${AUDGATE_IMAGE:-localhost/audgate}');
});

test('passwords: none is included, and without a token of the operator nothing starts', () => {
  expect(gateway.environment?.['AUDGATE_ADMIN_TOKEN']).toMatch(/^\$\{AUDGATE_ADMIN_TOKEN:\?[^{}]+\}$/);
  const open = loadConfig(join(CONFIG, 'audgate.yaml'), { AUDGATE_ADMIN: gateway.environment?.['AUDGATE_ADMIN'] });
  expect(open).toMatchObject({ ok: true, warnings: [{ code: 'admin-open' }] });
});

test.each(['audgate.yaml', 'demo.yaml'])('%s: no warnings', file => {
  expect(loadConfig(join(CONFIG, file), {})).toMatchObject({ ok: true, warnings: [] });
});

test('ports: the admin listener and Prometheus are not published, Grafana only on loopback', () => {
  expect(gateway.ports).toEqual(['8080:8080']);
  expect(prometheus.ports).toBeUndefined();
  expect(grafana.ports).toEqual(['127.0.0.1:3000:3000']);
  expect(compose.networks['metrics']).toEqual({ internal: true });
});

test('Grafana: has its data source and the dashboard', () => {
  const sources = readYaml('grafana/provisioning/datasources/prometheus.yaml');
  expect(sources).toMatchObject({
    datasources: [{ type: 'prometheus', url: 'http://prometheus:9090', isDefault: true }],
  });
  expect(grafana.networks.filter(name => prometheus.networks.includes(name))).toEqual(['metrics']);
  const dashboards = readYaml('grafana/provisioning/dashboards/audgate.yaml') as {
    readonly providers: readonly { readonly options: { readonly path: string } }[];
  };
  const folder = dashboards.providers[0]?.options.path ?? '';
  expect(findSource('grafana', `${folder}/audgate.json`)).toBe(join(CONFIG, 'grafana/audgate.json'));
  expect(grafana.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(`${folder}/audgate.json`);
  expect(findSource('grafana', '/etc/grafana/provisioning/datasources/prometheus.yaml')).toSatisfy(existsSync);
});

test('Prometheus: has its configuration and the alerts', () => {
  for (const file of ['prometheus.yaml', 'alerts.yaml'])
    expect(findSource('prometheus', `/etc/prometheus/${file}`)).toSatisfy(existsSync);
});
