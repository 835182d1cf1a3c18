/**
 * Failures that the operating system decides on: no file can be opened any more; a name that is found, then is not; a name with
 * several addresses. The built gateway in a process of its own, with its own limit and its own /etc/hosts.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readFailures } from '../../support/gateway.ts';
import { closeGatewayProcesses, startGatewayProcess } from '../../support/gateway-process.ts';
import { request } from '../../support/raw-http.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';

const folder = mkdtempSync(join(tmpdir(), 'audgate-hosts-'));
const hosts = join(folder, 'hosts');
const NO_NAMES = '127.0.0.1 localhost\n';
/** Runs a program that sees `hosts` as /etc/hosts; others do not. */
const WITH_HOSTS = ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];

let upstream: Upstream;
let other: Upstream;

beforeAll(async () => {
  writeFileSync(hosts, NO_NAMES);
  [upstream, other] = await Promise.all([startUpstream(), startUpstream()]);
});

afterEach(closeGatewayProcesses);

afterAll(async () => {
  await Promise.all([upstream.close(), other.close()]);
  rmSync(folder, { recursive: true });
});

/** @returns status, reason and body of one request. */
async function ask(port: number, path = '/'): Promise<readonly [number, unknown]> {
  const { status, body } = await request(port, { path });
  return [status, JSON.parse(String(body)).reason];
}

/** So many files may still be opened: for the connections of a few clients. */
const FREE_FILES = 8;

test('no file can be opened: 502, too_many_open_files; no endpoint is left out for it', async () => {
  const gateway = await startGatewayProcess(`routes:
  /one: { public: true, upstream: "${upstream.origin}" }
  /two: { public: true, upstream: ["${upstream.origin}", "${other.origin}"] }
`);
  const clients: Socket[] = [];
  const open = () => {
    const socket = connect(gateway.port, '127.0.0.1').on('error', () => socket.destroy());
    clients.push(socket);
    return socket;
  };
  const [one, two] = [await openAccepted(open), await openAccepted(open)];
  const { pid } = gateway.child;
  const limit = readdirSync(`/proc/${pid}/fd`).length + FREE_FILES;
  expect(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:${limit}`]).status).toBe(0);
  while (await isAccepted(open()));
  expect([await one('/one'), await two('/two')]).toEqual(
    Array(2).fill(expect.stringMatching(/^HTTP\/1\.1 502 .*"reason":"upstream_unreachable"/s)),
  );
  for (const client of clients) client.destroy();
  const failures = () => gateway.lines('request').filter(({ outcome }) => outcome === 'failed');
  await eventually(() => failures().length === 2);
  expect(failures()).toMatchObject(Array(2).fill({ cause: 'too_many_open_files' }));
  // At first the files may not have been closed yet: then a connection is closed at once.
  const isServed = () =>
    request(gateway.port, { path: '/two' }).then(
      ({ status }) => status === 200,
      () => false,
    );
  await eventually(isServed);
  const page = await gateway.scrape();
  expect(readFailures(page, '/one')).toEqual({ 'upstream_unreachable/too_many_open_files': 1 });
  expect(page).not.toMatch(/^audgate_upstream_available\{.*\} 0$/m);
});

/** No route has it. */
const WITHOUT_UPSTREAM = '/none';

/** @returns whether the gateway answers on it: at the limit, what it accepts is closed at once. */
function isAccepted(client: Socket): Promise<boolean> {
  client.write(`GET ${WITHOUT_UPSTREAM} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return new Promise(resolve => {
    client.once('data', () => resolve(true)).once('close', () => resolve(false));
  });
}

/** @returns a function that sends a request on a connection which the gateway has accepted, and gives the response. */
async function openAccepted(open: () => Socket): Promise<(path: string) => Promise<string>> {
  const client = open();
  let received = '';
  client.on('data', piece => {
    received += piece;
  });
  const ask = async (path: string) => {
    received = '';
    client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await eventually(() => received.includes('}'));
    return received;
  };
  await ask(WITHOUT_UPSTREAM);
  return ask;
}

const mayUnshare = spawnSync('unshare', ['--mount', 'mount', '--bind', '/etc/hosts', '/etc/hosts']).status === 0;

describe.skipIf(!mayUnshare)('names', () => {
  const start = () =>
    startGatewayProcess(
      `routes:
  /: { public: true, upstream: { url: "http://upstream.test:${upstream.port}", keep_alive: false } }
`,
      { through: WITH_HOSTS },
    );

  test('a name that is found, then is not, then is again: each new connection looks it up', async () => {
    writeFileSync(hosts, `${NO_NAMES}127.0.0.1 upstream.test\n`);
    const gateway = await start();
    expect((await request(gateway.port, { path: '/' })).status).toBe(200);
    writeFileSync(hosts, NO_NAMES);
    expect(await ask(gateway.port)).toEqual([502, 'upstream_unreachable']);
    const line = (await gateway.line('request', 2)) as Readonly<Record<string, unknown>>;
    expect(line).toMatchObject({ cause: 'dns', upstream: `upstream.test:${upstream.port}` });
    expect(readFailures(await gateway.scrape(), '/')).toEqual({ 'upstream_unreachable/dns': 1 });
    writeFileSync(hosts, `${NO_NAMES}127.0.0.1 upstream.test\n`);
    expect((await request(gateway.port, { path: '/' })).status).toBe(200);
  });

  test('a name with several addresses, the first of which refuses: the next one is connected to', async () => {
    writeFileSync(hosts, `${NO_NAMES}::1 upstream.test\n127.0.0.9 upstream.test\n127.0.0.1 upstream.test\n`);
    const gateway = await start();
    expect((await request(gateway.port, { path: '/' })).status).toBe(200);
  });

  test('several addresses, all of which refuse: 502, refused', async () => {
    writeFileSync(hosts, `${NO_NAMES}127.0.0.9 upstream.test\n127.0.0.8 upstream.test\n`);
    const gateway = await start();
    expect(await ask(gateway.port)).toEqual([502, 'upstream_unreachable']);
    expect(await gateway.line('request')).toMatchObject({ cause: 'refused' });
  });
});
