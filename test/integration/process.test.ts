/** The built gateway as operators run it: a process with arguments, an environment, signals, two streams and an exit code. */

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readSample } from '../support/gateway.ts';
import { changeAndSignal, readPorts } from '../support/gateway-process.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { killPrograms, launchProgram, type RunningProgram } from '../support/program.ts';
import { bearer, headerValues, request, sendRaw } from '../support/raw-http.ts';
import { reservePort } from '../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../support/upstream.ts';
import { eventually, withTimeout } from '../support/waiting.ts';

const ROOT = join(import.meta.dirname, '../..');
const RESOURCE = 'https://api.example.com/';
const OTHER = 'https://other.example.com/';
const NO_CONFIG = { AUDGATE_CONFIG: undefined };

let folder: string;
let issuer: TokenIssuer;
let upstream: Upstream;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-process-'));
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  token = await issuer.sign({ claims: { aud: RESOURCE } });
});

afterEach(async () => {
  await killPrograms();
  upstream.handle = answerWithWhatArrived;
  upstream.received.length = 0;
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([issuer.close(), upstream.close()]);
});

describe('commands', () => {
  test('--help tells of every command and exits 0', async () => {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await runToEnd([flag]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const word of ['serve', 'check', 'explain', '--config', '--help', '--version', 'AUDGATE_CONFIG'])
        expect(stdout).toContain(word);
    }
  });

  test('--version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const { code, stdout, stderr } = await runToEnd(['--version']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim().split(' ').at(-1)).toBe(version);
  });

  test.each([
    [['frobnicate']],
    [['serve', 'too', 'many']],
    [['--frobnicate']],
    [['--config']],
    [['check']],
    [['check', '--format', 'xml', 'x']],
    [['serve', '--at', 'noon']],
  ])('%j: exit 2, and what is possible on stderr', async args => {
    const { code, stdout, stderr } = await runToEnd(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage:');
  });

  test('check: 0 for a good file, 1 for a bad one with every problem, and no listener either way', async () => {
    const good = await runToEnd(['check', writeConfig(configure())]);
    expect(good.code).toBe(0);
    const bad = await runToEnd(['check', writeConfig(BROKEN)]);
    expect(bad.code).toBe(1);
    expectEveryProblem(`${bad.stdout}${bad.stderr}`);
  });

  test('check: --strict fails for a warning, --format json says so in one object', async () => {
    const file = writeConfig('issuers: { https://i.example: }\nroutes: { /: { public: true, upstream: http://a } }\n');
    expect((await runToEnd(['check', file])).code).toBe(0);
    const { code, stdout } = await runToEnd(['check', '--strict', '--format', 'json', file]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ file, ok: false, problems: [{ code: 'unused-issuer', line: 1 }] });
  });

  test('check: 1 for a file that is not there', async () => {
    const { code, stdout, stderr } = await runToEnd(['check', join(folder, 'absent.yaml')]);
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).toContain('absent.yaml');
  });
});

describe('start', () => {
  test('the first answer is there within 3 s (1 s on a quiet machine)', async () => {
    const startedAt = performance.now();
    const gateway = await start();
    const ready = performance.now() - startedAt;
    expect((await get(gateway)).status).toBe(200);
    if (ready > 1000) console.warn(`start-up to first answer: ${Math.round(ready)} ms`);
    expect(ready).toBeLessThan(3000);
  });

  test('a broken file: every problem on stderr, exit 1, nothing on stdout, and no listener', async () => {
    const port = await reservePort();
    const text = `listen: 127.0.0.1:${port}\nadmin: 127.0.0.1:0\n${BROKEN}`;
    const { code, stdout, stderr } = await runToEnd(['--config', writeConfig(text)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expectEveryProblem(stderr);
    await expect(sendRaw(port, 'GET / HTTP/1.1\r\n\r\n')).rejects.toThrow('ECONNREFUSED');
  });

  test('a file that is not there: exit 1, and its name', async () => {
    const { code, stderr } = await runToEnd(['--config', join(folder, 'absent.yaml')]);
    expect(code).toBe(1);
    expect(stderr).toContain('absent.yaml');
  });

  test('AUDGATE_CONFIG names the file; --config goes before it; serve may be said', async () => {
    const file = writeConfig(configure());
    const environment = await runToEnd(['check', file], { AUDGATE_CONFIG: join(folder, 'absent.yaml') });
    expect(environment.code).toBe(0);
    const wrong = await runToEnd([], { AUDGATE_CONFIG: join(folder, 'named-by-environment.yaml') });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('named-by-environment.yaml');
    const byDefault = await runToEnd([]);
    expect(byDefault.code).toBe(1);
    expect(byDefault.stderr).toContain('/etc/audgate/audgate.yaml');

    const gateway = launch([], { AUDGATE_CONFIG: writeConfig(configure()) });
    await gateway.line('listening');
    const args = ['serve', '--config', writeConfig(configure())];
    const other = launch(args, { AUDGATE_CONFIG: join(folder, 'absent.yaml') });
    await other.line('listening');
  });

  test.each(['listen', 'admin'] as const)(
    'a port of %s that is in use: exit 1, with a message that names it',
    async which => {
      const holder = createTcpServer();
      const held = await listenOnLoopback(holder);
      const text = which === 'listen' ? configure(held, 0) : configure(0, held);
      const { code, stderr } = await runToEnd(['--config', writeConfig(text)]);
      holder.close();
      expect(code).toBe(1);
      expect(stderr).toContain(String(held));
      expect(stderr).toContain('EADDRINUSE');
      expect(stderr).not.toContain('    at ');
    },
  );

  test('reads ${NAME} of the environment', async () => {
    const text = configure().replace(`"${upstream.origin}"`, '"${UPSTREAM_ORIGIN}"');
    const gateway = launch(['--config', writeConfig(text)], { UPSTREAM_ORIGIN: upstream.origin });
    await gateway.line('listening');
    expect((await get(gateway)).status).toBe(200);
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', signal => {
  test('without requests: exit 0, soon', async () => {
    const gateway = await start();
    expect((await get(gateway)).status).toBe(200);
    const startedAt = performance.now();
    gateway.child.kill(signal);
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(gateway.stderr()).toBe('');
  });

  test('every line of the log is out at the exit, once and in order', async () => {
    for (let count = 0; count < 4; count += 1) {
      const gateway = await start();
      await Promise.all(Array.from({ length: 20 }, () => get(gateway)));
      gateway.child.kill(signal);
      expect(await gateway.exit).toBe(0);
      const messages = gateway.lines().map(({ msg }) => msg);
      expect(messages.slice(-2)).toEqual(['draining', 'stopped']);
      expect(messages.filter(msg => msg === 'request')).toHaveLength(20);
      expect(messages.filter(msg => msg === 'draining')).toHaveLength(1);
    }
  });

  test('a request in flight finishes, /readyz says 503 meanwhile, new connections are refused, exit 0', async () => {
    const gateway = await start();
    const arrived = holdNextRequest();
    const answering = get(gateway);
    const res = await arrived;
    expect((await admin(gateway, '/readyz')).status).toBe(200);
    gateway.child.kill(signal);
    await gateway.line('draining');
    const readiness = await admin(gateway, '/readyz');
    expect(readiness.status).toBe(503);
    expect(JSON.parse(readiness.body)).toMatchObject({ draining: true });
    expect((await admin(gateway, '/healthz')).status).toBe(200);
    await eventually(() => isRefused(gateway), 3000);
    res.end('finished');
    expect(await answering).toMatchObject({ status: 200, complete: true });
    expect(await gateway.exit).toBe(0);
    const finished = gateway.lines().filter(({ msg }) => msg === 'request');
    expect(finished.at(-1)).toMatchObject({ status: 200, outcome: 'forwarded' });
  });

  test('until drain.delay is over new connections are served, and told that theirs ends', async () => {
    const text = configure().replace('delay: 1ms', 'delay: 1500ms');
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
    gateway.child.kill(signal);
    await gateway.line('draining');
    expect((await admin(gateway, '/readyz')).status).toBe(503);
    const bytes = await sendRaw(portsOf(gateway)[0], formatGet('keep-alive'));
    expect(bytes.toString()).toContain('200 OK');
    expect(bytes.toString()).toMatch(/\r\nConnection: close\r\n/i);
    expect(await gateway.exit).toBe(0);
  });

  test('what is not finished by drain.limit is ended, and counts as no clean answer', async () => {
    const text = configure().replace('limit: 10s', 'limit: 500ms');
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
    const arrived = holdNextRequest();
    const answering = get(gateway);
    const refused = expect(answering).rejects.toThrow('no response');
    await arrived;
    gateway.child.kill(signal);
    await refused;
    expect(await withTimeout(3000, gateway.exit, 'it did not exit')).toBe(0);
  });

  test('a kept-alive client connection that is idle does not hold it up', async () => {
    const gateway = await start();
    const bytes = await sendRaw(portsOf(gateway)[0], formatGet('keep-alive'), { responses: 1 });
    expect(bytes.toString()).toContain('200 OK');
    const idle = sendRaw(portsOf(gateway)[0], formatGet('keep-alive'));
    await gateway.line('request', 2);
    const startedAt = performance.now();
    gateway.child.kill(signal);
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await idle;
  });

  test('a request of a kept-alive connection that is answered after the end of listening ends its connection', async () => {
    const gateway = await start();
    const arrived = holdNextRequest();
    const answering = sendRaw(portsOf(gateway)[0], formatGet('keep-alive'));
    const res = await arrived;
    gateway.child.kill(signal);
    await eventually(() => isRefused(gateway), 3000);
    const startedAt = performance.now();
    res.end('finished');
    expect((await answering).toString()).toContain('finished');
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  test('a second signal, while a request is still held, does not wait for it', async () => {
    const gateway = await start();
    const arrived = holdNextRequest();
    const answering = get(gateway).catch(() => undefined);
    await arrived;
    gateway.child.kill(signal);
    await gateway.line('draining');
    gateway.child.kill(signal);
    await withTimeout(3000, gateway.exit, 'it did not exit');
    await answering;
  });
});

describe('SIGHUP', () => {
  test('a good file serves from then on, a bad one changes nothing; each is counted', async () => {
    const file = writeConfig(configure());
    const gateway = launch(['--config', file]);
    await gateway.line('listening');
    await expectReloads(gateway, 0, 0);
    const loadedAt = await sample(gateway, 'audgate_config_last_reload_success_timestamp_seconds');
    expect(Math.abs(loadedAt - Date.now() / 1000)).toBeLessThan(60);
    expect((await get(gateway, '/later/a')).status).toBe(404);

    const later = `${configure()}  /later: { public: true, upstream: "${upstream.origin}" }\n`;
    await changeAndSignal(gateway.child, () => writeFileSync(file, later));
    await gateway.line('configuration loaded', 2);
    await expectReloads(gateway, 1, 0);
    expect((await get(gateway, '/later/a')).status).toBe(200);
    expect(await sample(gateway, 'audgate_config_last_reload_success_timestamp_seconds')).toBeGreaterThan(loadedAt);

    await changeAndSignal(gateway.child, () => writeFileSync(file, BROKEN));
    const failed = await gateway.line('reload failed');
    expect(failed['level']).toBe('error');
    expectEveryProblem(JSON.stringify(failed['problems']));
    await expectReloads(gateway, 1, 1);
    expect((await get(gateway, '/later/a')).status).toBe(200);

    await changeAndSignal(gateway.child, () => rmSync(file));
    await gateway.line('reload failed', 2);
    await expectReloads(gateway, 1, 2);
    expect((await get(gateway, '/later/a')).status).toBe(200);

    await changeAndSignal(gateway.child, () => writeFileSync(file, configure()));
    await gateway.line('configuration loaded', 3);
    await expectReloads(gateway, 2, 2);
    expect((await get(gateway, '/later/a')).status).toBe(404);
    expect((await get(gateway)).status).toBe(200);
  });

  test('the status page follows: hash and warnings are those in use, and so is the admin token', async () => {
    const before = configure();
    const file = writeConfig(before);
    const gateway = launch(['--config', file]);
    await gateway.line('listening');
    const first = await admin(gateway, '/');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(first.body).toContain(`data-version="${version}"`);
    expect(first.body).toContain(createHash('sha256').update(before).digest('hex'));
    expect(first.body).not.toContain('routes./old.upstream_token');

    const warned = `${before}  /old: { resource: "https://old.example.com/", upstream: "${upstream.origin}", enforcement: report, upstream_token: strip }\n`;
    await changeAndSignal(gateway.child, () => writeFileSync(file, warned));
    await gateway.line('configuration loaded', 2);
    await expectReloads(gateway, 1, 0);
    const second = await admin(gateway, '/');
    expect(second.body).toContain(createHash('sha256').update(warned).digest('hex'));
    expect(second.body).toContain('routes./old.upstream_token');

    writeFileSync(join(dirname(file), 'admin-token'), 'a-token-that-is-long-enough\n');
    const guarded = `admin_token: \${file:admin-token}\n${before}`;
    await changeAndSignal(gateway.child, () => writeFileSync(file, guarded));
    await gateway.line('configuration loaded', 3);
    await expectReloads(gateway, 2, 0);
    expect((await admin(gateway, '/')).status).toBe(401);
  });

  test('a request in flight finishes under the configuration that admitted it', async () => {
    const file = writeConfig(configure());
    const gateway = launch(['--config', file]);
    await gateway.line('listening');
    const arrived = holdNextRequest();
    const answering = get(gateway);
    const res = await arrived;
    await changeAndSignal(gateway.child, () => writeFileSync(file, configure().replace('  /api:', '  /moved:')));
    await gateway.line('configuration loaded', 2);
    expect((await get(gateway)).status).toBe(404);
    res.end('finished');
    expect(await answering).toMatchObject({ status: 200, complete: true });
  });

  test('a request whose token is being verified meanwhile is forwarded all the same', async () => {
    let fetches = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const keys = await startTokenIssuer();
    const answerKeys = async (_req: IncomingMessage, res: ServerResponse) => {
      fetches += 1;
      const asked = JSON.stringify(keys.jwks);
      // The first is the one at the start, the second is for the unknown key.
      if (fetches === 2) await held;
      res.end(fetches === 1 ? asked : JSON.stringify(keys.jwks));
    };
    const server = createServer(answerKeys);
    const keysPort = await listenOnLoopback(server);
    const text = configure()
      .replace(issuer.jwksUri, `http://127.0.0.1:${keysPort}/jwks`)
      .replace(issuer.issuer, keys.issuer);
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
    await keys.rotate();
    const answering = get(gateway, '/api/a', await keys.sign({ claims: { aud: RESOURCE } }));
    await eventually(async () => fetches === 2, 3000);
    gateway.child.kill('SIGHUP');
    await gateway.line('configuration loaded', 2);
    release();
    const answer = await answering;
    expect(answer.status, String(answer.body)).toBe(200);
    server.closeAllConnections();
    server.close();
    await keys.close();
  });

  test('ten, one after the other, while new tokens come in: every request is forwarded', async () => {
    const gateway = await start();
    const tokens = await Promise.all(Array.from({ length: 300 }, () => issuer.sign({ claims: { aud: RESOURCE } })));
    const statuses = new Map<number, number>();
    const work = async () => {
      for (let next = tokens.pop(); next !== undefined; next = tokens.pop()) {
        const { status } = await get(gateway, '/api/a', next);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (tokens.length % 30 === 0) gateway.child.kill('SIGHUP');
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(Object.fromEntries(statuses)).toEqual({ 200: 300 });
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
  });
});

describe('an issuer that cannot be reached at the start', () => {
  test('public routes serve, protected ones say 503, /readyz names it; once it is up, all is well by itself', async () => {
    const issuerPort = await reservePort();
    const late = `http://127.0.0.1:${issuerPort}`;
    const text = configure().replace(issuer.jwksUri, `${late}/jwks`).replaceAll(issuer.issuer, late);
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    await gateway.line('keys could not be fetched');

    const readiness = await admin(gateway, '/readyz');
    expect(readiness.status).toBe(503);
    expect(readiness.body).toContain(late);
    expect((await get(gateway, '/open/a')).status).toBe(200);
    const lateToken = await issuer.sign({ claims: { aud: RESOURCE, iss: late } });
    const refused = await get(gateway, '/api/a', lateToken);
    expect(refused.status).toBe(503);
    expect(headerValues(refused.headers, 'retry-after').join()).toMatch(/^[1-9]\d*$/);
    expect(JSON.parse(String(refused.body))).toMatchObject({ reason: 'keys_unavailable' });
    expect((await request(portsOf(gateway)[0], { path: '/api/a' })).status).toBe(401);

    const server = createServer((_req, res) => res.end(JSON.stringify(issuer.jwks))).listen(issuerPort, '127.0.0.1');
    const startedAt = performance.now();
    await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
    expect(performance.now() - startedAt).toBeLessThan(4500);
    expect((await get(gateway, '/api/a', lateToken)).status).toBe(200);
    expect(await sample(gateway, `audgate_jwks_keys{issuer="${late}"}`)).toBe(1);
    server.closeAllConnections();
    server.close();
  });

  test('an issuer that accepts and never answers holds up neither the start nor the end', async () => {
    const mute = createTcpServer(socket => socket.on('error', () => undefined));
    const mutePort = await listenOnLoopback(mute);
    const text = configure().replace(issuer.jwksUri, `http://127.0.0.1:${mutePort}/jwks`);
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    expect((await get(gateway, '/open/a')).status).toBe(200);
    expect((await admin(gateway, '/readyz')).status).toBe(503);
    const startedAt = performance.now();
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    mute.close();
  });
});

describe('the log', () => {
  test('a reader of stdout that goes away does not end the process', async () => {
    const gateway = await start();
    gateway.child.stdout?.destroy();
    gateway.child.stderr?.destroy();
    for (let count = 0; count < 200; count += 1) expect((await get(gateway)).status).toBe(200);
    expect((await admin(gateway, '/healthz')).status).toBe(200);
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
  });

  test('a reader of stdout that stops reading does not stop the process', async () => {
    const gateway = await start();
    gateway.child.stdout?.pause();
    const path = `/api/${'a'.repeat(1000)}`;
    for (let count = 0; count < 300; count += 1) expect((await get(gateway, path)).status).toBe(200);
    gateway.child.stdout?.resume();
    await gateway.line('request', 300);
  });

  test('no token, cookie, query or secret of any field, path parameter or configuration is in the output', async () => {
    const marks = new Marks();
    const text = `${configure()}  /dead: { public: true, upstream: "http://127.0.0.1:1", allow_encoded: [";", "%3B"] }\n`;
    const gateway = launch(['--config', writeConfig(text)], { SECRET_OF_THE_ENVIRONMENT: marks.next() });
    await gateway.line('listening');
    const stranger = await generateKeyPair('ES256', { extractable: true });
    expect(await exportJWK(stranger.publicKey)).toBeDefined();
    const tokens = await makeTokens(marks);
    const sent = [
      ...tokens,
      `Basic ${marks.next()}`,
      `Bearer ${marks.next()}`,
      `Bearer a.${marks.next()}.c`,
      marks.next(),
    ];
    for (const authorization of sent) {
      for (const path of ['/api/a', '/open/a', '/other/a', '/nowhere', '/dead/a', '/report/a']) {
        await sendAnyway(
          gateway,
          `GET ${path}?access_token=${marks.next()}&${marks.next()}#${marks.next()}`,
          authorization,
          marks,
        );
        await sendAnyway(gateway, `POST ${path}?${marks.next()}`, authorization, marks);
      }
    }
    const targets = [
      `http://user:${marks.next()}@127.0.0.1:${portsOf(gateway)[0]}/open/a?${marks.next()}`,
      `http://127.0.0.1:${portsOf(gateway)[0]}/open/a?${marks.next()}`,
      `?${marks.next()}`,
      `/open/a\x01?${marks.next()}`,
      `/open/a/../b?${marks.next()}`,
      `/open//a?${marks.next()}`,
      `/open/%zz?${marks.next()}`,
      `/nowhere/%zz;${marks.next()}`,
    ];
    for (const target of targets) await sendAnyway(gateway, `GET ${target}`, sent[0] ?? '', marks);
    await sendRaw(portsOf(gateway)[0], `GARBAGE ${marks.next()}\r\nAuthorization: Bearer ${marks.next()}\r\n\r\n`);
    await sendRaw(portsOf(gateway)[0], `GET /open/a HTTP/1.1\r\nHost: u:${marks.next()}@a\r\n\r\n`, { responses: 1 });
    await sendRaw(
      portsOf(gateway)[0],
      `GET /api/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${'a'.repeat(70_000)}${marks.next()}\r\n\r\n`,
    );
    await sendRaw(
      portsOf(gateway)[0],
      `GET /api/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${marks.next()}\r\nCookie: ${marks.next()}\r\n\r\n`,
    );
    upstream.handle = (req: IncomingMessage) =>
      req.socket.end(`HTTP/1.1 200 \x01${marks.next()}\r\nX-A: \x01${marks.next()}\r\n\r\n`);
    expect((await get(gateway)).status).toBeGreaterThanOrEqual(200);
    const metrics = (await admin(gateway, '/metrics')).body;
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
    const output = `${gateway.stdout()}${gateway.stderr()}${metrics}`;
    expect(gateway.lines().filter(({ msg }) => msg === 'request').length).toBeGreaterThan(60);
    expect(marks.foundIn(output)).toEqual([]);
    for (const { msg } of gateway.lines()) expect(typeof msg).toBe('string');
  });

  test.each([
    ['a path parameter', '/open/a;jsessionid=MARK'],
    ['an encoded path parameter', '/open/a%3Bjsessionid=MARK'],
    ['an encoded query', '/open/a%3Ftoken=MARK'],
    ['a query encoded twice', '/open/a%253Ftoken=MARK'],
    ['an encoded fragment', '/open/a%23MARK'],
    ['a path parameter where allow_encoded lets it pass', '/lax/a;jsessionid=MARK'],
    ['an encoded query where allow_encoded lets it pass', '/lax/a%3Ftoken=MARK'],
  ])('%s is not in the output', async (_name, target) => {
    const lax = `  /lax: { public: true, upstream: "${upstream.origin}", allow_encoded: [";", "%3F"] }\n`;
    const gateway = launch(['--config', writeConfig(`${configure()}${lax}`)]);
    await gateway.line('listening');
    await request(portsOf(gateway)[0], { path: target.replace('MARK', 's3cret') });
    await gateway.line('request');
    expect(gateway.stdout()).not.toContain('s3cret');
  });
});

/** Texts that must not come out anywhere; each tells which it was. */
class Marks {
  readonly #marks: string[] = [];

  next(): string {
    const mark = `s3cret${this.#marks.length}x`;
    this.#marks.push(mark);
    return mark;
  }

  /** A token's parts are found too, however long. */
  add(text: string): string {
    this.#marks.push(text);
    return text;
  }

  foundIn(output: string): string[] {
    return this.#marks.filter(mark => output.includes(mark));
  }
}

/** Good ones and bad ones; nothing of any of them is looked at, save the claims that the log is meant to have. */
async function makeTokens(marks: Marks): Promise<string[]> {
  const good = await issuer.sign({ claims: { aud: RESOURCE, email: marks.next(), nonce: marks.next() } });
  const foreign = await issuer.sign({ claims: { aud: OTHER } });
  const expired = await issuer.sign({ claims: { aud: RESOURCE, exp: 1, sub: marks.next() } });
  const unknown = await issuer.sign({ claims: { aud: marks.next(), iss: `https://${marks.next()}.example/` } });
  const strange = await issuer.sign({
    claims: { aud: RESOURCE, sub: marks.next() },
    header: { kid: marks.next(), alg: 'ES256' },
  });
  const typed = await issuer.sign({ claims: { aud: [marks.next(), 7] }, header: { typ: marks.next() } });
  const tokens = [good, foreign, expired, unknown, strange, typed];
  for (const each of tokens) for (const part of each.split('.')) marks.add(part);
  return [...tokens.map(each => `Bearer ${each}`), `Bearer ${tamper(good)}`];
}

function tamper(good: string): string {
  return `${good.slice(0, -4)}AAAA`;
}

/** One request with a secret in every field that has one; whatever is answered is well. */
async function sendAnyway(gateway: RunningProgram, line: string, authorization: string, marks: Marks): Promise<void> {
  const names = [
    'Cookie',
    'X-Api-Key',
    'Referer',
    'User-Agent',
    'Origin',
    'X-Forwarded-For',
    'Forwarded',
    'Proxy-Authorization',
  ];
  const fields = names.map(name => `${name}: ${marks.next()}\r\n`).join('');
  const [method = '', target = ''] = line.split(' ');
  const head = `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: ${authorization}\r\n`;
  await sendRaw(portsOf(gateway)[0], Buffer.from(`${head}${fields}\r\n`, 'latin1'));
}

const BROKEN = `
issuers:
  not-a-uri: {}
routes:
  /api:
    upstream: ftp://example.com/
    resource: https://api.example.com/#fragment
    enforcment: report
  /other: {}
`;

function expectEveryProblem(text: string): void {
  for (const culprit of ['not-a-uri', 'upstream', 'fragment', 'enforcement', '/other']) expect(text).toContain(culprit);
  expect(text.match(/:\d+:\d+: /g)?.length).toBeGreaterThanOrEqual(5);
}

type Ports = readonly [data: number, admin: number];

function configure(data = 0, adminPort = 0): string {
  return `
listen: 127.0.0.1:${data}
admin: 127.0.0.1:${adminPort}
drain: { delay: 1ms, limit: 10s }
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
  /other: { resource: "${OTHER}", upstream: "${upstream.origin}" }
  /report: { resource: "${RESOURCE}", upstream: "${upstream.origin}", enforcement: report }
  /open: { public: true, upstream: "${upstream.origin}" }
`;
}

function writeConfig(text: string): string {
  const file = join(mkdtempSync(join(folder, 'config-')), 'audgate.yaml');
  writeFileSync(file, text);
  return file;
}

function formatGet(connection: string): string {
  return `GET /api/a HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
}

function get(gateway: RunningProgram, path = '/api/a', accessToken = token) {
  return request(portsOf(gateway)[0], { path, headers: [bearer(accessToken)] }, { timeout: 15_000 });
}

/** Over a connection of its own. */
function admin(gateway: RunningProgram, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest({ host: '127.0.0.1', port: portsOf(gateway)[1], path, agent: false }, answer => {
      let body = '';
      answer.setEncoding('utf8').on('data', piece => {
        body += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    asking.on('error', reject).end();
  });
}

async function sample(gateway: RunningProgram, series: string): Promise<number> {
  return readSample((await admin(gateway, '/metrics')).body, series);
}

async function expectReloads(gateway: RunningProgram, success: number, failure: number): Promise<void> {
  const text = (await admin(gateway, '/metrics')).body;
  const counts = ['success', 'failure'].map(outcome =>
    readSample(text, `audgate_config_reloads_total{outcome="${outcome}"}`),
  );
  expect(counts).toEqual([success, failure]);
}

function isRefused(gateway: RunningProgram): Promise<boolean> {
  return get(gateway).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
  );
}

function holdNextRequest(): Promise<ServerResponse> {
  return new Promise(resolve => {
    upstream.handle = (_req, res) => {
      upstream.handle = answerWithWhatArrived;
      resolve(res);
    };
  });
}

async function start(): Promise<RunningProgram> {
  const gateway = launch(['--config', writeConfig(configure())]);
  await gateway.line('listening');
  // Started means ready: the first fetch of keys goes on beside it.
  await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
  return gateway;
}

function launch(args: readonly string[], environment: Readonly<Record<string, string>> = {}): RunningProgram {
  return launchProgram(args, { env: { ...process.env, ...NO_CONFIG, ...environment }, cwd: folder });
}

/** Where it listens, once the line `listening` is there. */
function portsOf(gateway: RunningProgram): Ports {
  const [listening] = gateway.lines('listening');
  if (!listening) throw new Error('it does not listen yet');
  const { port, adminPort } = readPorts(listening);
  return [port, adminPort];
}

async function runToEnd(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const gateway = launch(args, environment);
  const code = await withTimeout(10_000, gateway.exit, 'it did not exit');
  return { code, stdout: gateway.stdout(), stderr: gateway.stderr() };
}
