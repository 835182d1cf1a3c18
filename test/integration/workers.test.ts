/** Several workers, as operators run them: one listener, one set of metrics, one reload, one drain. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { readSample } from '../support/gateway.ts';
import {
  childProcessIds,
  closeGatewayProcesses,
  type GatewayProcess,
  isWhole,
  startGatewayProcess,
} from '../support/gateway-process.ts';
import { statusWithToken } from '../support/outcome.ts';
import { request } from '../support/raw-http.ts';
import { reservePort } from '../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../support/upstream.ts';
import { eventually } from '../support/waiting.ts';

// For what never ends; on a busy machine a process takes seconds to start.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const RESOURCE = 'https://api.example.com/';
const WORKERS = 2;

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

test('every worker serves, what they counted is summed up, and the keys were fetched once', async () => {
  const fetches = issuer.fetches;
  const gateway = await start();
  const idle = await Promise.all(childProcessIds(gateway.child.pid).map(countSockets));
  const held = holdRequests(60);
  const answering = Array.from({ length: 60 }, () => statusOf(gateway));
  const release = await held;
  // The kernel gives a connection to whoever is awake first, so how many each has is not ours to say.
  const further: Socket[] = [];
  await eventually(async () => {
    further.push(connect(gateway.port, '127.0.0.1'));
    const busy = await Promise.all(childProcessIds(gateway.child.pid).map(countSockets));
    return busy.every((sockets, index) => sockets > (idle[index] ?? 0));
  });
  for (const socket of further) socket.destroy();
  await eventually(async () => (await gateway.sample('audgate_open_connections{kind="http"}')) === 60);
  release();
  expect(new Set(await Promise.all(answering))).toEqual(new Set([200]));
  expect(await statusOf(gateway, '/api', 'not-a-token')).toBe(401);

  // A request is counted when its connection has let go of it, a moment after its client has the answer.
  let text = '';
  await eventually(async () => {
    text = await gateway.scrape();
    const counted = readSample(text, 'audgate_request_duration_seconds_count{route="/api"}');
    return counted === 61 && readSample(text, 'audgate_open_connections{kind="http"}') === 0;
  });
  expect(readSample(text, served)).toBe(60);
  expect(readSample(text, 'audgate_denials_total{route="/api",reason="malformed_token",action="refused"}')).toBe(1);
  expect(readSample(text, `audgate_jwks_keys{issuer="${issuer.issuer}"}`)).toBe(issuer.jwks?.keys.length);
  expect(readSample(text, fetched('success'))).toBe(1);
  expect(issuer.fetches - fetches).toBe(1);
  expect(text.split('\n').filter(line => /^audgate_\w+\{.*\} 0$/.test(line)).length).toBeGreaterThan(20);
  expect(seriesOf(await gateway.scrape())).toEqual(seriesOf(text));
  // They come together, a moment after what they tell of.
  await eventually(() => gateway.lines('request').length === 61);
});

test('a rotation: one fetch for the unknown kid, and every worker has the new key', async () => {
  const gateway = await start();
  const fetches = issuer.fetches;
  await issuer.rotate();
  const fresh = await issuer.sign({ claims: { aud: RESOURCE } });
  for (let round = 0; round < 5; round += 1) {
    const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(gateway, '/api', fresh)));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  expect(issuer.fetches - fetches).toBe(1);
  await eventually(async () => (await gateway.sample(fetched('success'))) === 2);
});

test('kids that nobody knows, at every worker: one fetch in a cooldown', async () => {
  const gateway = await start();
  const fetches = issuer.fetches;
  const forge = () => issuer.sign({ claims: { aud: RESOURCE }, header: { kid: crypto.randomUUID() } });
  for (let round = 0; round < 3; round += 1) {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => statusOf(gateway, '/api', await forge())),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
  }
  expect(issuer.fetches - fetches).toBe(1);
});

test('a worker that is killed under load: others serve, it is replaced and counted, and no counter falls', async () => {
  const gateway = await start();
  const fetches = issuer.fetches;
  const load = startLoad(gateway, 8);
  await eventually(() => load.statuses.length > 100);
  let last = 0;
  const scrape = async () => {
    const count = await gateway.sample(served);
    expect(count).toBeGreaterThanOrEqual(last);
    last = count;
  };
  await scrape();
  const [victim = 0] = childProcessIds(gateway.child.pid);
  process.kill(victim, 'SIGKILL');
  const ended = await gateway.line('worker ended');
  expect(ended).toMatchObject({ level: 'error', pid: victim, signal: 'SIGKILL' });
  await scrape();
  await eventually(async () => {
    await scrape();
    return isWhole(gateway);
  });
  const answered = load.statuses.length;
  await eventually(() => load.statuses.length > answered + 100);
  await scrape();
  await load.stop();
  // Of eight connections at once, those that the worker held are broken off.
  expect(load.errors.length).toBeLessThanOrEqual(8);
  expect(new Set(load.statuses)).toEqual(new Set([200]));
  expect(childProcessIds(gateway.child.pid)).toHaveLength(WORKERS);
  expect(childProcessIds(gateway.child.pid)).not.toContain(victim);
  expect(await gateway.sample('audgate_worker_restarts_total')).toBe(1);
  // The new one got the keys that were there.
  expect(issuer.fetches - fetches).toBe(0);
});

test('while a worker is missing, /readyz says so', async () => {
  const gateway = await start();
  for (const worker of childProcessIds(gateway.child.pid)) process.kill(worker, 'SIGSTOP');
  const { status, body } = await gateway.readiness();
  expect({ status, body }).toEqual({ status: 503, body: { status: 'not ready', workers_missing: WORKERS } });
  expect((await pageOf(gateway)).text).toContain(`Without ${WORKERS} workers.`);
  for (const worker of childProcessIds(gateway.child.pid)) process.kill(worker, 'SIGCONT');
  await eventually(() => isWhole(gateway));
});

test('the status page shows the denials and counts of all workers, and asks for the token of the configuration in use', async () => {
  const gateway = await start();
  for (const [index, stopped] of childProcessIds(gateway.child.pid).entries()) {
    process.kill(stopped, 'SIGSTOP');
    expect(await statusOf(gateway, '/api', 'not-a-token')).toBe(401);
    process.kill(stopped, 'SIGCONT');
    await eventually(() => gateway.lines('request').length === index + 1);
  }
  const [older = '', newer = ''] = gateway.lines('request').map(line => String(line['request_id']));
  const { status, text } = await pageOf(gateway);
  expect(status).toBe(200);
  expect(text).toContain('<h1 id="state" class="ready">Ready</h1>');
  expect(text).toMatch(/<dt>Denied<\/dt><dd>2<\/dd>/);
  expect(text).toMatch(/<dt>Issuers with keys<\/dt><dd>1 of 1<\/dd>/);
  expect(text.split(`id="denial-${newer}"`)).toHaveLength(2);
  expect(text.indexOf(`id="denial-${older}"`)).toBeGreaterThan(text.indexOf(`id="denial-${newer}"`));

  writeFileSync(gateway.file, gateway.configure(`admin_token: a-token-of-the-operators\n${configure()}`));
  const { hash } = await gateway.line('configuration loaded', 2);
  expect((await pageOf(gateway)).status).toBe(401);
  const shown = await pageOf(gateway, 'a-token-of-the-operators');
  expect(shown.status).toBe(200);
  expect(shown.text).toContain(hash);
  expect(shown.text).toContain(newer);
});

test.each([1, WORKERS])('a fault loses no line of the log, of %i process(es)', async workers => {
  const fault = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("fault")})';
  const gateway = await start(text => text.replace(`workers: ${WORKERS}`, `workers: ${workers}`), ['--import', fault]);
  expect(await statusOf(gateway)).toBe(200);
  await eventually(async () => (await gateway.sample(served)) === 1);
  for (const pid of workers === 1 ? [gateway.child.pid ?? 0] : childProcessIds(gateway.child.pid))
    process.kill(pid, 'SIGUSR2');
  await (workers === 1 ? gateway.exit : gateway.line('worker ended', workers));
  expect(gateway.lines('request')).toHaveLength(1);
});

test('a reload under load is in all workers at once, a bad one in none, and each counts once', async () => {
  const gateway = await start();
  const load = startLoad(gateway, 4);
  const ask = (path: string) => Promise.all(Array.from({ length: 30 }, () => statusOf(gateway, path)));
  writeFileSync(
    gateway.file,
    gateway.configure(`${configure()}  /later: { public: true, upstream: "${upstream.origin}" }\n`),
  );
  await gateway.line('configuration loaded', 2);
  expect(new Set(await ask('/later'))).toEqual(new Set([200]));
  writeFileSync(gateway.file, 'routes: 1\n');
  await gateway.line('reload failed');
  expect(new Set(await ask('/later'))).toEqual(new Set([200]));
  writeFileSync(gateway.file, gateway.configure(configure()));
  await gateway.line('configuration loaded', 3);
  expect(new Set(await ask('/later'))).toEqual(new Set([404]));
  await load.stop();
  expect(load.errors).toEqual([]);
  expect(new Set(load.statuses)).toEqual(new Set([200]));
  const text = await gateway.scrape();
  const counts = ['success', 'failure'].map(outcome =>
    readSample(text, `audgate_config_reloads_total{outcome="${outcome}"}`),
  );
  expect(counts).toEqual([2, 1]);
});

/** Ends every worker, and waits for those that follow. */
async function replaceAll(gateway: GatewayProcess): Promise<void> {
  const workers = childProcessIds(gateway.child.pid);
  for (const worker of workers) process.kill(worker, 'SIGKILL');
  await eventually(() => workers.every(worker => !isAlive(worker)));
  await eventually(() => isWhole(gateway));
}

test('a worker that follows another serves what was loaded, not what stands in the files now', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const secret = join(folder, 'resource');
  writeFileSync(secret, RESOURCE);
  const gateway = await start(text => text.replace(`"${RESOURCE}"`, `"\${file:${secret}}"`));
  writeFileSync(secret, 'https://evil.example.com/');
  await replaceAll(gateway);
  for (let round = 0; round < 10; round += 1) expect(await statusOf(gateway)).toBe(200);
  rmSync(folder, { recursive: true });
  await replaceAll(gateway);
  expect(await statusOf(gateway)).toBe(200);
});

test('a worker that follows another listens where the first did, whatever the file says by now', async () => {
  const gateway = await start();
  writeFileSync(gateway.file, readFileSync(gateway.file, 'utf8').replace(/^listen: .*$/m, 'listen: 127.0.0.1:1'));
  await gateway.line('a restart is needed for what changed');
  await replaceAll(gateway);
  expect(await statusOf(gateway)).toBe(200);
});

test('a worker that begins while the issuer is away goes on with the keys that the others have', async () => {
  const gateway = await start(text => text.replace('/jwks" }', '/jwks", keys: { refresh: 1s } }'));
  expect(await statusOf(gateway)).toBe(200);
  const { jwks } = issuer;
  issuer.jwks = undefined;
  await eventually(async () => (await gateway.sample(fetched('failure'))) > 0);
  await replaceAll(gateway);
  expect(await statusOf(gateway)).toBe(200);
  issuer.jwks = jwks;
});

test('signals that come before it listens wait', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms }\n${configure()}`);
  const child = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.stdout.resume();
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  rmSync(folder, { recursive: true });
});

test('the number of workers needs a restart', async () => {
  const gateway = await start();
  writeFileSync(gateway.file, gateway.configure(configure().replace(`workers: ${WORKERS}`, 'workers: 3')));
  const warning = await gateway.line('a restart is needed for what changed');
  expect(warning['settings']).toEqual(['workers']);
  expect(childProcessIds(gateway.child.pid)).toHaveLength(WORKERS);
});

test.each(['the primary', 'the whole group, as a terminal does'])(
  'a drain by SIGINT to %s: what was accepted finishes',
  async whom => {
    const gateway = await start(text => text.replace('delay: 1ms', 'delay: 4s'));
    const held = holdRequests(12);
    const answering = Array.from({ length: 12 }, () => statusOf(gateway));
    const release = await held;
    const load = startLoad(gateway, 4);
    await eventually(() => load.statuses.length > 20);
    const targets = whom === 'the primary' ? [] : childProcessIds(gateway.child.pid);
    for (const worker of targets) process.kill(worker, 'SIGINT');
    gateway.child.kill('SIGINT');
    await gateway.line('draining');
    const { status, body } = await gateway.readiness();
    expect({ status, draining: body['draining'] }).toEqual({ status: 503, draining: true });
    // A load balancer has seen it, too, and looks away within the delay.
    await load.stop();
    await eventually(() =>
      statusOf(gateway).then(
        () => false,
        error => error.code === 'ECONNREFUSED',
      ),
    );
    release();
    expect(new Set(await Promise.all(answering))).toEqual(new Set([200]));
    expect(await gateway.exit).toBe(0);
    expect(load.errors).toEqual([]);
    expect(new Set(load.statuses)).toEqual(new Set([200]));
    const messages = gateway.lines().map(({ msg }) => msg);
    expect(messages.filter(msg => msg === 'draining')).toHaveLength(1);
    expect(messages.at(-1)).toBe('stopped');
    expect(messages.filter(msg => msg === 'request').length).toBeGreaterThanOrEqual(12 + load.statuses.length);
    expect(gateway.stderr()).toBe('');
  },
);

test('what a drain does not see finished by its limit is ended, and so is the process', async () => {
  const gateway = await start(text => text.replace('limit: 10s', 'limit: 300ms'));
  const held = holdRequests(2);
  const answering = Array.from({ length: 2 }, () => statusOf(gateway).catch(() => 0));
  await held;
  gateway.child.kill('SIGTERM');
  expect(await gateway.exit).toBe(0);
  await Promise.all(answering);
});

test('limits.connections holds for all workers together', async () => {
  const gateway = await start(text => `limits: { connections: 4 }\n${text}`);
  const sockets = Array.from({ length: 12 }, () => connect(gateway.port, '127.0.0.1').on('error', () => undefined));
  const ended = 'audgate_connections_ended_total{cause="connection_limit"}';
  const open = 'audgate_open_connections{kind="http"}';
  await eventually(async () => (await gateway.sample(ended)) + (await gateway.sample(open)) === 12);
  expect(await gateway.sample(open)).toBeLessThanOrEqual(4);
  expect(await gateway.sample(open)).toBeGreaterThan(0);
  for (const socket of sockets) socket.destroy();
});

test('workers end with their primary', async () => {
  const gateway = await start();
  const workers = childProcessIds(gateway.child.pid);
  expect(workers).toHaveLength(WORKERS);
  gateway.child.kill('SIGKILL');
  await eventually(() => workers.every(worker => !isAlive(worker)));
});

test('a port in use: exit 1, with a message that names it', async () => {
  const gateway = await start();
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, `listen: 127.0.0.1:${gateway.port}\nadmin: 127.0.0.1:0\n${configure()}`);
  const child = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', piece => {
    complaint += piece;
  });
  const [code] = await once(child, 'close');
  rmSync(folder, { recursive: true });
  expect(code).toBe(1);
  expect(complaint).toContain('EADDRINUSE');
  expect(complaint).toContain(String(gateway.port));
});

test.each(['a pipe', 'a file'])('lines of all workers into %s: each is whole', async kind => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const log = join(folder, 'log');
  const file = join(folder, 'audgate.yaml');
  const port = await reservePort();
  writeFileSync(file, `listen: 127.0.0.1:${port}\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms }\n${configure()}`);
  const read = join(folder, 'read');
  // A shell's pipe, whose reader comes late and reads page by page: it is full, and the writers wait for room in turn.
  const reader = `{ until [ -e "${read}" ]; do sleep 0.1; done; dd "of=${log}" bs=4096 status=none; }`;
  const command = kind === 'a pipe' ? `"$0" "$@" | ${reader}` : `exec "$0" "$@" > "${log}"`;
  const shell = spawn('bash', ['-c', command, process.execPath, MAIN, '--config', file], { stdio: 'ignore' });
  const ended = once(shell, 'close');
  await eventually(() =>
    request(port, { path: '/none' }).then(
      () => true,
      () => false,
    ),
  );
  const big = await issuer.sign({
    claims: { aud: [RESOURCE, ...Array.from({ length: 60 }, (_, n) => `https://${n}.example/${'a'.repeat(90)}`)] },
  });
  const sent = 600;
  const work = async () => {
    for (let count = 0; count < sent / 6; count += 1) await statusOf({ port }, '/api', count % 3 === 0 ? big : token);
  };
  await Promise.all(Array.from({ length: 6 }, work));
  writeFileSync(read, '');
  const [primary = 0] = kind === 'a pipe' ? childProcessIds(shell.pid).filter(isNode) : [shell.pid ?? 0];
  process.kill(primary, 'SIGTERM');
  await ended;
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
  rmSync(folder, { recursive: true });
  expect(lines.filter(({ msg, status }) => msg === 'request' && status === 200)).toHaveLength(sent);
  expect(lines.filter(({ truncated }) => truncated === true)).toHaveLength(kind === 'a pipe' ? 6 * 34 : 0);
});

const MAIN = join(import.meta.dirname, '../../dist/main.js');
const served = 'audgate_requests_total{route="/api",method="GET",status="200"}';
const fetched = (outcome: string) => `audgate_jwks_fetches_total{issuer="${issuer.issuer}",outcome="${outcome}"}`;

function configure(): string {
  return `workers: ${WORKERS}
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
`;
}

function start(change = (text: string) => text, nodeOptions: readonly string[] = []): Promise<GatewayProcess> {
  const place = (folder: string, text: string) => {
    writeFileSync(join(folder, 'audgate.yaml'), change(text));
    return join(folder, 'audgate.yaml');
  };
  return startGatewayProcess(configure(), { place, nodeOptions });
}

function statusOf({ port }: { readonly port: number }, path = '/api', accessToken = token): Promise<number> {
  return statusWithToken(port, path, accessToken);
}

/** @returns the page of the admin listener, asked for with `bearer` where there is one. */
async function pageOf({ adminPort }: GatewayProcess, bearer?: string) {
  const headers: Record<string, string> = bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
  const response = await fetch(`http://127.0.0.1:${adminPort}/`, { headers });
  return { status: response.status, text: await response.text() };
}

/** @returns, once `count` requests have arrived, what answers them. */
function holdRequests(count: number): Promise<() => void> {
  const held: (() => void)[] = [];
  return new Promise(resolve => {
    upstream.handle = (_req, res) => {
      held.push(() => res.end('finished'));
      if (held.length < count) return;
      upstream.handle = answerWithWhatArrived;
      resolve(() => {
        for (const answer of held) answer();
      });
    };
  });
}

interface Load {
  readonly statuses: number[];
  /** Of requests that got no answer. */
  readonly errors: unknown[];
  stop(): Promise<void>;
}

/** One request after the other, each over a connection of its own, `clients` at once. */
function startLoad(gateway: GatewayProcess, clients: number): Load {
  const statuses: number[] = [];
  const errors: unknown[] = [];
  let isOver = false;
  const work = async () => {
    while (!isOver) {
      await statusOf(gateway).then(
        status => statuses.push(status),
        error => errors.push(error),
      );
    }
  };
  const working = Promise.all(Array.from({ length: clients }, work));
  return {
    statuses,
    errors,
    stop: async () => {
      isOver = true;
      await working;
    },
  };
}

function isNode(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.js');
}

function countSockets(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Without those of Node.js, one of which begins with the first garbage of its kind. */
function seriesOf(exposition: string): string[] {
  const ours = exposition.split('\n').filter(line => line.startsWith('audgate_'));
  return ours.map(line => line.slice(0, line.lastIndexOf(' ')));
}
