/** The configuration file changes under the running gateway, in every way that files change. */

import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readSample } from '../support/gateway.ts';
import {
  changeAndSignal,
  closeGatewayProcesses,
  type GatewayProcess,
  reloadWith,
  startGatewayProcess,
} from '../support/gateway-process.ts';
import { statusWithToken } from '../support/outcome.ts';
import { request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../support/upstream.ts';
import { eventually } from '../support/waiting.ts';

const RESOURCE = 'https://api.example.com/';
/** Longer than a save takes to settle, for what must not happen. */
const A_WHILE = 700;

let issuer: TokenIssuer;
let upstream: Upstream;
let token: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  token = await issuer.sign({ claims: { aud: RESOURCE } });
});

afterEach(async () => {
  await closeGatewayProcesses();
  upstream.handle = answerWithWhatArrived;
});

afterAll(() => Promise.all([issuer.close(), upstream.close()]));

describe('one save is one reload', () => {
  const saves: [name: string, save: (file: string, text: string) => unknown][] = [
    ['written in place', (file, text) => writeFileSync(file, text)],
    ['written in place, in pieces', writeSlowly],
    ['written beside it and renamed over it', (file, text) => replace(file, text)],
    [
      'moved away to a backup, then written anew, as vim does',
      (file, text) => {
        renameSync(file, `${file}~`);
        writeFileSync(file, text);
        rmSync(`${file}~`);
      },
    ],
    [
      'deleted, and created a moment later',
      async (file, text) => {
        rmSync(file);
        await delay(A_WHILE);
        writeFileSync(file, text);
      },
    ],
  ];

  test.each(saves)('%s', async (_name, save) => {
    const gateway = await startGatewayProcess(routes('/first'));
    await save(gateway.file, gateway.configure(routes('/second')));
    await gateway.line('configuration loaded', 2);
    expect(await statusOf(gateway, '/second')).toBe(200);
    expect(await statusOf(gateway, '/first')).toBe(404);
    await delay(A_WHILE);
    expect(await countReloads(gateway)).toEqual([1, 0]);
    await save(gateway.file, gateway.configure(routes('/third')));
    await gateway.line('configuration loaded', 3);
    expect(await statusOf(gateway, '/third')).toBe(200);
  });

  test('the links of a Kubernetes ConfigMap', async () => {
    const gateway = await startGatewayProcess(routes('/first'), { place: placeConfigMap });
    for (const [index, prefix] of ['/second', '/third'].entries()) {
      swapConfigMap(dirname(gateway.file), gateway.configure(routes(prefix)));
      await gateway.line('configuration loaded', 2 + index);
      expect(await statusOf(gateway, prefix)).toBe(200);
    }
    await delay(A_WHILE);
    expect(await countReloads(gateway)).toEqual([2, 0]);
  });

  test('of the file that a link elsewhere stands for', async () => {
    const gateway = await startGatewayProcess(routes('/first'), {
      place: (folder, text) => {
        mkdirSync(join(folder, 'real'));
        mkdirSync(join(folder, 'linked'));
        writeFileSync(join(folder, 'real/file.yaml'), text);
        symlinkSync('../real/file.yaml', join(folder, 'linked/audgate.yaml'));
        return join(folder, 'linked/audgate.yaml');
      },
    });
    replace(join(dirname(gateway.file), '../real/file.yaml'), gateway.configure(routes('/second')));
    await gateway.line('configuration loaded', 2);
    expect(await statusOf(gateway, '/second')).toBe(200);
  });

  test('of a file to which the link leads only since the last reload', async () => {
    const gateway = await startGatewayProcess(routes('/first'), {
      place: (folder, text) => {
        writeFileSync(join(folder, 'v1.yaml'), text);
        symlinkSync('v1.yaml', join(folder, 'audgate.yaml'));
        return join(folder, 'audgate.yaml');
      },
    });
    const folder = dirname(gateway.file);
    writeFileSync(join(folder, 'v2.yaml'), gateway.configure(routes('/second')));
    symlinkSync('v2.yaml', join(folder, 'link'));
    renameSync(join(folder, 'link'), gateway.file);
    await gateway.line('configuration loaded', 2);
    const changedAt = performance.now();
    writeFileSync(join(folder, 'v2.yaml'), gateway.configure(routes('/third')));
    await gateway.line('configuration loaded', 3);
    expect(performance.now() - changedAt).toBeLessThan(3000);
    expect(await statusOf(gateway, '/third')).toBe(200);
  });

  test('with SIGHUP right behind it', async () => {
    const gateway = await startGatewayProcess(routes('/first'));
    await changeAndSignal(gateway.child, () => writeFileSync(gateway.file, gateway.configure(routes('/second'))));
    await gateway.line('configuration loaded', 2);
    await delay(A_WHILE);
    expect(await countReloads(gateway)).toEqual([1, 0]);
  });
});

test('a touch, or the same text again, is no reload; SIGHUP always is', async () => {
  const gateway = await startGatewayProcess(routes('/first'));
  utimesSync(gateway.file, new Date(), new Date());
  replace(gateway.file, gateway.configure(routes('/first')));
  await delay(A_WHILE);
  expect(await countReloads(gateway)).toEqual([0, 0]);
  gateway.child.kill('SIGHUP');
  await gateway.line('configuration loaded', 2);
  expect(await countReloads(gateway)).toEqual([1, 0]);
});

test('a bad file keeps the old one serving, is counted and told once with its places, and the next good one serves', async () => {
  const gateway = await startGatewayProcess(routes('/first'));
  writeFileSync(gateway.file, gateway.configure('routes:\n  /first: { public: true, upstreem: "http://a" }\n'));
  const failed = await gateway.line('reload failed');
  expect(JSON.stringify(failed['problems'])).toMatch(/audgate\.yaml:5:\d+: .*upstreem/);
  expect(await statusOf(gateway, '/first')).toBe(200);
  utimesSync(gateway.file, new Date(), new Date());
  await delay(A_WHILE);
  expect(await countReloads(gateway)).toEqual([0, 1]);
  writeFileSync(gateway.file, gateway.configure(routes('/second')));
  await gateway.line('configuration loaded', 2);
  expect(await countReloads(gateway)).toEqual([1, 1]);
  expect(await statusOf(gateway, '/second')).toBe(200);
});

test('back to what serves, from a bad file: loaded, so that the last word is a success', async () => {
  const gateway = await startGatewayProcess(routes('/first'));
  writeFileSync(gateway.file, 'routes: 1\n');
  await gateway.line('reload failed');
  writeFileSync(gateway.file, gateway.configure(routes('/first')));
  await gateway.line('configuration loaded', 2);
  expect(await countReloads(gateway)).toEqual([1, 1]);
});

describe('what did not change goes on', () => {
  test('keys, verified tokens and the connections of the upstream', async () => {
    const gateway = await startGatewayProcess(guarded('/api'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    const fetches = issuer.fetches;
    const connections = upstream.sockets.total;
    for (const prefix of ['/one', '/two', '/three']) {
      await reloadWith(gateway, `${guarded('/api')}  ${prefix}: { public: true, upstream: "${upstream.origin}" }\n`);
      expect(await statusOf(gateway, '/api')).toBe(200);
    }
    expect(issuer.fetches - fetches).toBe(0);
    expect(upstream.sockets.total - connections).toBe(0);
    expect(await gateway.sample('audgate_token_cache_lookups_total{outcome="miss"}')).toBe(1);
    expect(await gateway.sample('audgate_token_cache_lookups_total{outcome="hit"}')).toBe(3);
  });

  test('and what did, does not: other rules of an issuer verify its tokens anew', async () => {
    const gateway = await startGatewayProcess(guarded('/api'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    await reloadWith(gateway, guarded('/api').replace('jwks_uri', 'token_types: [JWT], jwks_uri'));
    expect(await statusOf(gateway, '/api')).toBe(401);
    expect(await gateway.sample('audgate_token_cache_lookups_total{outcome="miss"}')).toBe(2);
  });

  test('a new connect time-out keeps the connections that are open', async () => {
    const gateway = await startGatewayProcess(guarded('/api'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    const { total } = upstream.sockets;
    await reloadWith(gateway, guarded('/api').replace('upstream:', 'timeouts: { connect: 1s }, upstream:'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    expect(upstream.sockets.total - total).toBe(0);
  });

  test('the requests under way of a route count against its new limit', async () => {
    const gateway = await startGatewayProcess(routes('/api'));
    let release: () => void = () => undefined;
    const arrived = new Promise<void>(resolve => {
      upstream.handle = (_req, res) => {
        upstream.handle = answerWithWhatArrived;
        release = () => res.end('finished');
        resolve();
      };
    });
    const answering = request(gateway.port, { path: '/api' });
    await arrived;
    await reloadWith(gateway, routes('/api').replace('upstream:', 'limits: { in_flight: 1 }, upstream:'));
    expect(await statusOf(gateway, '/api')).toBe(503);
    release();
    expect((await answering).status).toBe(200);
    await eventually(async () => (await statusOf(gateway, '/api')) === 200);
  });
});

test('limits of the data listener apply from the reload on; addresses are said to need a restart', async () => {
  const gateway = await startGatewayProcess(routes('/api'));
  const text = gateway.configure(`timeouts: { keep_alive: 200ms }\n${routes('/api')}`);
  writeFileSync(gateway.file, text.replace(/listen: .*/, 'listen: 127.0.0.1:1'));
  const warning = await gateway.line('a restart is needed for what changed');
  expect(warning).toMatchObject({ level: 'warn', settings: ['listen'] });
  const agent = new Agent({ keepAlive: true });
  const closed = new Promise<number>(resolve => {
    httpRequest({ host: '127.0.0.1', port: gateway.port, path: '/api', agent }, answer => {
      const at = performance.now();
      answer.resume().socket.once('close', () => resolve(performance.now() - at));
    }).end();
  });
  expect(await closed).toBeLessThan(5000);
  agent.destroy();
});

test('keys of a file are read again at SIGHUP', async () => {
  const keys = await startTokenIssuer();
  const files: string[] = [];
  const gateway = await startGatewayProcess(
    `issuers: { "${keys.issuer}": { jwks_file: keys.json } }\n${protectedRoute('/api')}`,
    {
      place: (folder, text) => {
        files.push(join(folder, 'keys.json'));
        writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys.jwks));
        return place(folder, text);
      },
    },
  );
  expect(await statusOf(gateway, '/api', await keys.sign({ claims: { aud: RESOURCE } }))).toBe(200);
  const old = await keys.sign({ claims: { aud: RESOURCE } });
  await keys.rotate({ alone: true });
  writeFileSync(files[0] ?? '', JSON.stringify(keys.jwks));
  gateway.child.kill('SIGHUP');
  await gateway.line('configuration loaded', 2);
  expect(await statusOf(gateway, '/api', old)).toBe(401);
  expect(await statusOf(gateway, '/api', await keys.sign({ claims: { aud: RESOURCE } }))).toBe(200);
  await keys.close();
});

test('forty reloads, one in five bad, under load: every request is answered, nothing is left behind', async () => {
  const others: Upstream[] = await Promise.all([startUpstream(), startUpstream()]);
  // Only the signal tells of a change of a file that the YAML names, so each reload has one cause.
  const yaml = `${guarded('/api')}  /other: { public: true, upstream: "\${file:origin}" }\n`;
  const gateway = await startGatewayProcess(yaml, {
    place: (folder, text) => {
      writeFileSync(join(folder, 'origin'), upstream.origin);
      return place(folder, text);
    },
  });
  const statuses = new Map<number, number>();
  let isOver = false;
  const work = async () => {
    while (!isOver) {
      const status = await statusOf(gateway, '/api');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const working = [work(), work()];
  const rounds = async (from: number, count: number) => {
    for (let round = from; round < from + count; round += 1) {
      const isBad = round % 5 === 4;
      const next = others[round % 2] ?? upstream;
      writeFileSync(join(dirname(gateway.file), 'origin'), isBad ? 'no origin' : next.origin);
      gateway.child.kill('SIGHUP');
      const message = isBad ? 'reload failed' : 'configuration loaded';
      await gateway.line(message, isBad ? (round + 1) / 5 : 2 + round - Math.floor(round / 5));
      if (isBad) continue;
      const received = next.received.length;
      expect(await statusOf(gateway, '/other')).toBe(200);
      expect(next.received).toHaveLength(received + 1);
    }
  };
  await rounds(0, 20);
  const before = await gateway.scrape();
  await rounds(20, 20);
  isOver = true;
  await Promise.all(working);
  expect([...statuses.keys()]).toEqual([200]);
  expect(await countReloads(gateway)).toEqual([32, 8]);
  await eventually(() => others.reduce((sum, other) => sum + other.sockets.open, 0) <= 1);
  const after = await gateway.scrape();
  for (const series of ['process_open_fds', 'nodejs_active_resources{type="Timeout"}']) {
    expect(readSample(after, series), series).toBeLessThanOrEqual(readSample(before, series) + 4);
  }
  await Promise.all(others.map(other => other.close()));
}, 120_000);

function routes(prefix: string): string {
  return `routes:\n  ${prefix}: { public: true, upstream: "${upstream.origin}" }\n`;
}

function guarded(prefix: string): string {
  return `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }\n${protectedRoute(prefix)}`;
}

function protectedRoute(prefix: string): string {
  return `routes:\n  ${prefix}: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }\n`;
}

function statusOf(gateway: GatewayProcess, path: string, accessToken = token): Promise<number> {
  return statusWithToken(gateway.port, path, accessToken);
}

async function countReloads(gateway: GatewayProcess): Promise<readonly number[]> {
  const text = await gateway.scrape();
  return ['success', 'failure'].map(outcome => readSample(text, `audgate_config_reloads_total{outcome="${outcome}"}`));
}

function place(folder: string, text: string): string {
  writeFileSync(join(folder, 'audgate.yaml'), text);
  return join(folder, 'audgate.yaml');
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

async function writeSlowly(file: string, text: string): Promise<void> {
  for (const part of [0.25, 0.5, 0.75, 1]) {
    writeFileSync(file, text.slice(0, Math.floor(text.length * part)));
    await delay(60);
  }
}

/** As the kubelet: `audgate.yaml` → `..data/audgate.yaml`, `..data` → a folder with the time for a name. */
function placeConfigMap(folder: string, text: string): string {
  swapConfigMap(folder, text);
  symlinkSync('..data/audgate.yaml', join(folder, 'audgate.yaml'));
  return join(folder, 'audgate.yaml');
}

function swapConfigMap(folder: string, text: string): void {
  const name = `..${process.hrtime.bigint()}`;
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'audgate.yaml'), text);
  symlinkSync(name, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
}
