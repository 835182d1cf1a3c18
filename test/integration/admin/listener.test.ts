/** The admin listener: for which Host and methods it answers, and how often `/metrics` is rendered. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, readSample, startGateway } from '../../support/gateway.ts';
import { startGatewayProcess } from '../../support/gateway-process.ts';
import { request } from '../../support/raw-http.ts';
import { eventually } from '../../support/waiting.ts';

const ROUTES = "routes:\n  /down: { public: true, upstream: 'http://127.0.0.1:9' }\n";

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway(`admin_hosts: [Audgate.monitoring.svc]\n${ROUTES}`);
});

afterAll(() => gateway.close());

/** @returns the whole response to `lines`, sent as they are. */
async function say(...lines: readonly string[]): Promise<string> {
  const socket = connect(gateway.adminPort, '127.0.0.1').setEncoding('utf8');
  let answer = '';
  socket.on('data', piece => {
    answer += piece;
  });
  socket.write(`${[...lines, '', ''].join('\r\n')}`);
  await once(socket, 'close');
  return answer;
}

const adminStatus = async (path: string, ...fields: readonly string[]) => {
  const [, status] = (await say(`GET ${path} HTTP/1.1`, 'Connection: close', ...fields)).split(' ');
  return Number(status);
};

const PAGES = ['/metrics', '/', '/nothing-here'];
const HEALTH = ['/healthz', '/readyz'];

describe('Host of the admin listener', () => {
  test.each([
    ['a pod address', 'Host: 10.42.0.17:9090'],
    ['the service of config/compose.yaml', 'Host: gateway:9090'],
    ['a name in admin_hosts', 'Host: audgate.monitoring.svc:9090'],
    ['an IPv6 address', 'Host: [fd00::1]:9090'],
  ])('Host %s: served', async (_, host) => {
    expect(await adminStatus('/metrics', host)).toBe(200);
    expect(await adminStatus('/', host)).toBe(200);
  });

  test.each([
    ['under a name that was pointed here', 'Host: rebound.example:9090'],
    ['with two Hosts', 'Host: localhost\r\nHost: rebound.example'],
    ['by the script of another site', 'Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors'],
    ['with the Origin of another site', 'Host: 127.0.0.1\r\nOrigin: https://evil.example'],
  ])('%s: 403; health endpoints are served', async (_, fields) => {
    for (const path of PAGES) expect(await adminStatus(path, fields)).toBe(403);
    for (const path of HEALTH) expect(await adminStatus(path, fields)).toBe(200);
  });

  test('HTTP/1.0 without Host: 403; health endpoints are served', async () => {
    expect(await say('GET /metrics HTTP/1.0')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await say('GET /readyz HTTP/1.0')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('the refusal: names admin_hosts, repeats nothing of the request', async () => {
    const answer = await say('GET /metrics HTTP/1.1', 'Connection: close', 'Host: rebound.example');
    expect(answer).toContain('add the name to admin_hosts');
    expect(answer).not.toContain('rebound');
    expect(answer).not.toContain('audgate_');
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])('%s: 405 on each', async method => {
    for (const path of [...PAGES, ...HEALTH]) {
      const answer = await say(
        `${method} ${path} HTTP/1.1`,
        'Host: localhost',
        'Connection: close',
        'Content-Length: 0',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\nAllow: GET, HEAD\r\n/);
    }
  });

  test('HEAD: the fields of GET, without a body', async () => {
    const answer = await say('HEAD /metrics HTTP/1.1', 'Host: localhost', 'Connection: close');
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\nContent-Length: [1-9]\d+\r\n[\s\S]*\r\n\r\n$/);
  });
});

describe.each([
  ['one process', ''],
  ['several workers', 'workers: 2\n'],
])('/metrics, %s', (_, workers) => {
  test('readers at the same time: one exposition; the next is made a second later and counts all before it', async () => {
    const served = await startGatewayProcess(`${workers}${ROUTES}`);
    try {
      await served.scrape();
      const bodies = await Promise.all(Array.from({ length: 8 }, () => served.scrape()));
      expect(new Set(bodies).size).toBe(1);
      const series = 'audgate_requests_total{route="/down",method="GET",status="502"}';
      for (let round = 1; round <= 2; round += 1) {
        await request(served.port, { path: '/down' });
        await served.line('request', round);
        const asked = performance.now();
        expect(readSample(await served.scrape(), series)).toBe(round);
        // The interval of one second began with the previous page; the request took part of it.
        expect(performance.now() - asked).toBeGreaterThan(300);
      }
    } finally {
      await served.close();
    }
  }, 60_000);

  test('admin_hosts changed by a reload: applied', async () => {
    const served = await startGatewayProcess(`${workers}${ROUTES}`);
    try {
      const ask = async () => {
        const headers = [['Host', 'audgate.example.com']] as const;
        return (await request(served.adminPort, { path: '/metrics', headers })).status;
      };
      expect(await ask()).toBe(403);
      writeFileSync(served.file, served.configure(`admin_hosts: [audgate.example.com]\n${workers}${ROUTES}`));
      await served.line('configuration loaded', 2);
      await eventually(async () => (await ask()) === 200);
    } finally {
      await served.close();
    }
  }, 60_000);
});
