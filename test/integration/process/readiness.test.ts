/** `/readyz`: an issuer without keys never makes a ready instance unready. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { MAIN } from '../../support/program.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { eventually } from '../../support/waiting.ts';

const RESOURCE = 'https://api.example.com/';

let issuer: TokenIssuer;
/** Accepts and never answers. */
let mute: TcpServer;
/** Answers 500 until `isUp`. */
let late: Server;
let isUp = false;
let served: GatewayProcess | undefined;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  mute = createTcpServer(socket => socket.on('error', () => undefined));
  late = createServer((_, response) => {
    response.statusCode = isUp ? 200 : 500;
    response.end(JSON.stringify(issuer.jwks));
  });
  for (const server of [mute, late]) origins.set(server, `http://127.0.0.1:${await listenOnLoopback(server)}`);
});

afterEach(async () => {
  await served?.close();
  served = undefined;
  isUp = false;
});

afterAll(async () => {
  await issuer.close();
  mute.close();
  late.closeAllConnections();
  late.close();
});

const origins = new Map<TcpServer, string>();
const originOf = (server: TcpServer) => origins.get(server) ?? '';
const route = (path: string, name: string, more = '') =>
  `  ${path}: { resource: "${RESOURCE}${path.slice(1)}", upstream: "http://127.0.0.1:9", issuers: ["${name}"]${more} }\n`;
const good = () => `  "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" }\n`;
const PARTNER = 'https://partner.example.com';
const partner = (origin: string) => `  "${PARTNER}": { jwks_uri: "${origin}/jwks?secret=1" }\n`;

describe.each([
  ['one process', ''],
  ['two workers', 'workers: 2\n'],
])('%s', (_, workers) => {
  test('one dead issuer, used by a route in report mode: ready, and named with its URL', async () => {
    const routes = `routes:\n${route('/a', issuer.issuer)}${route('/b', PARTNER, ', enforcement: report')}`;
    served = await startGatewayProcess(`${workers}issuers:\n${good()}${partner(originOf(late))}${routes}`);
    const error = `${originOf(late)}/jwks: the answer has status 500`;
    expect(await served.readiness()).toEqual({
      status: 200,
      body: { status: 'ready', issuers_without_keys: [PARTNER], key_errors: { [PARTNER]: error } },
    });
    expect(await served.line('keys could not be fetched')).toMatchObject({ issuer: PARTNER, error });
    const { child } = served;
    isUp = true;
    await eventually(async () => (await served?.readiness())?.body['issuers_without_keys'] === undefined, 20_000);
    child.kill('SIGTERM');
    expect(await served.exit).toBe(0);
  }, 60_000);

  test('no issuer has had a key: not ready until one has; ready from then on, also after a reload to dead issuers', async () => {
    const only = (origin: string) => `${workers}issuers:\n${partner(origin)}routes:\n${route('/b', PARTNER)}`;
    isUp = true;
    served = await startGatewayProcess(only(originOf(late)));
    isUp = false;
    const dead = 'https://dead.example.com';
    const changed = only(originOf(late)).replaceAll(PARTNER, dead);
    writeFileSync(served.file, served.configure(changed));
    await served.line('configuration loaded', 2);
    await eventually(async () => JSON.stringify((await served?.readiness())?.body).includes(dead));
    expect(await served.readiness()).toMatchObject({ status: 200, body: { issuers_without_keys: [dead] } });
  }, 60_000);

  test('only public routes: ready, also with a dead issuer added by a reload', async () => {
    const open = "routes:\n  /open: { public: true, upstream: 'http://127.0.0.1:9' }\n";
    served = await startGatewayProcess(`${workers}${open}`);
    expect(await served.readiness()).toEqual({ status: 200, body: { status: 'ready' } });
    const more = `${workers}issuers:\n${partner(originOf(late))}${open}${route('/b', PARTNER)}`;
    writeFileSync(served.file, served.configure(more));
    await served.line('configuration loaded', 2);
    await eventually(async () => JSON.stringify((await served?.readiness())?.body).includes(PARTNER));
    expect((await served.readiness()).status).toBe(200);
  }, 60_000);
});

test('an issuer that hangs: not ready until its first fetch has timed out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  const routes = `routes:\n${route('/a', issuer.issuer)}${route('/b', PARTNER)}`;
  writeFileSync(
    file,
    `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nissuers:\n${good()}${partner(originOf(mute))}${routes}`,
  );
  const child = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const adminPort = await readAdminPort(child.stdout);
    const ask = async () => {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      return { status: answer.status, body: await answer.json() };
    };
    expect(await ask()).toMatchObject({ status: 503, body: { status: 'not ready' } });
    await eventually(async () => (await ask()).status === 200, 20_000);
    const error = `${originOf(mute)}/jwks: no answer within 5 s`;
    expect(await ask()).toMatchObject({ body: { issuers_without_keys: [PARTNER], key_errors: { [PARTNER]: error } } });
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test('a worker that is being replaced: ready, workers_missing is reported', async () => {
  const yaml = `workers: 2\nissuers:\n${good()}routes:\n${route('/a', issuer.issuer)}`;
  served = await startGatewayProcess(yaml);
  const listing = spawn('ps', ['-o', 'pid=', '--ppid', String(served.child.pid)]);
  const [text] = await once(listing.stdout.setEncoding('utf8'), 'data');
  const [stopped = 0] = String(text).trim().split(/\s+/).map(Number);
  process.kill(stopped, 'SIGSTOP');
  expect(await served.readiness()).toEqual({ status: 200, body: { status: 'ready', workers_missing: 1 } });
  process.kill(stopped, 'SIGCONT');
  await eventually(async () => (await served?.readiness())?.body['workers_missing'] === undefined, 20_000);
}, 60_000);

/** @returns the port that the line `listening` names. */
async function readAdminPort(output: Readable): Promise<number> {
  let text = '';
  output.setEncoding('utf8').on('data', piece => {
    text += piece;
  });
  while (!text.includes('"listening"')) await once(output, 'data');
  return Number(/"admin":\{"host":"127\.0\.0\.1","port":(\d+)\}/.exec(text)?.[1]);
}
