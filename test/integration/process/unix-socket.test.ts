/** `listen` on a unix socket: the file, who may connect, who is trusted, and a file that an earlier process has left. */

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { killPrograms, launchProgram, type RunningProgram } from '../../support/program.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

let folder: string;
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});
afterEach(async () => {
  await killPrograms();
  if (folder) rmSync(folder, { recursive: true, force: true });
});
afterAll(() => upstream.close());

/** @returns the program, before it listens, and where it is to listen. */
function launch(more = '', name = 'audgate.sock', place = mkdtempSync(join(tmpdir(), 'audgate-unix-'))) {
  folder = place;
  const path = join(folder, name);
  const file = join(folder, 'audgate.yaml');
  const routes = `routes: { /: { public: true, upstream: "${upstream.origin}" } }\n`;
  writeFileSync(file, `listen: unix:${path}\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms }\n${more}${routes}`);
  return { program: launchProgram(['--config', file]), path };
}

async function start(more = '', name?: string) {
  const launched = launch(more, name);
  const line = await launched.program.line('listening');
  return { ...launched, line };
}

function get(socketPath: string, headers: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest(
      { socketPath, path: '/', headers: { host: 'api.example', ...headers } },
      async response => {
        const text = (await response.toArray()).join('');
        const pairs: [string, string][] = JSON.parse(text).rawHeaders;
        resolve(Object.fromEntries(pairs.map(([field, value]) => [field.toLowerCase(), value])));
      },
    );
    asking.once('error', reject).end();
  });
}

async function stop({ child, exit }: RunningProgram): Promise<unknown> {
  child.kill('SIGTERM');
  return exit;
}

describe.each(['', 'workers: 2\n'])('a unix socket, %j', more => {
  test('served; for its owner and group; the file is gone after SIGTERM', async () => {
    const { program, path, line } = await start(more);
    expect(line['listen']).toEqual({ path });
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await get(path)).toMatchObject({ 'x-forwarded-for': 'unknown', 'x-forwarded-proto': 'http' });
    await stop(program);
    expect(existsSync(path)).toBe(false);
  });

  test('the file of a process that was killed: replaced', async () => {
    const { program, path } = await start(more);
    program.child.kill('SIGKILL');
    await program.exit;
    expect(existsSync(path)).toBe(true);
    const next = launch(more, undefined, dirname(path));
    await next.program.line('listening');
    expect(await get(path)).toMatchObject({ 'x-forwarded-host': 'api.example' });
  });

  test('a process that answers there: the start fails, and the other one serves on', async () => {
    const { path } = await start(more);
    const next = launch(more, undefined, dirname(path));
    await next.program.exit;
    const [line] = next.program.lines('cannot listen');
    expect(line).toMatchObject({ key: 'listen', address: `unix:${path}`, code: 'EADDRINUSE' });
    expect(await get(path)).toMatchObject({ 'x-forwarded-host': 'api.example' });
  });

  test('another kind of file: the start fails, and the file stays', async () => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-unix-'));
    writeFileSync(join(folder, 'precious'), 'data');
    const { program, path } = launch(more, 'precious', folder);
    await program.exit;
    expect(program.lines('cannot listen')).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe('data');
  });
});

describe('who connects', () => {
  const CLAIM = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' };

  test('unix: in trusted_proxies: the word of the peer is continued', async () => {
    const { path } = await start('trusted_proxies: ["unix:"]\n');
    expect(await get(path, CLAIM)).toMatchObject({
      'x-forwarded-for': '192.0.2.7, unknown',
      'x-forwarded-proto': 'https',
    });
  });

  test.each(['', 'trusted_proxies: [0.0.0.0/0, "::/0"]\n'])('%j: not trusted', async more => {
    const { path } = await start(more);
    expect(await get(path, CLAIM)).toMatchObject({ 'x-forwarded-for': 'unknown', 'x-forwarded-proto': 'http' });
  });
});

test('a folder that does not exist: the start fails and says it', async () => {
  const { program } = launch('', 'absent/audgate.sock');
  await program.exit;
  expect(program.lines('cannot listen')[0]).toMatchObject({ key: 'listen' });
});

test('a socket of another server: the start fails', async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-unix-'));
  const other = createServer();
  await new Promise<void>(resolve => other.listen({ path: join(folder, 'audgate.sock') }, resolve));
  const { program } = launch('', undefined, folder);
  await program.exit;
  expect(program.lines('cannot listen')[0]).toMatchObject({ code: 'EADDRINUSE' });
  await new Promise(resolve => other.close(resolve));
});
