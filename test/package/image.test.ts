/** The Dockerfile, without a container engine: what it is built from, and its health check run by this machine's bash. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { reservePort } from '../support/reserved-port.ts';

const lines = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8').split('\n');
const instruction = (name: string) => lines.filter(line => line.startsWith(`${name} `));

test('base image: one, by exact version and digest', () => {
  const [base, ...stages] = instruction('FROM');
  expect(base).toMatch(/^FROM node:24\.\d+\.\d+-slim@sha256:[0-9a-f]{64} AS base$/);
  expect(stages).toEqual(['FROM base AS build', 'FROM base']);
});

test('user: a number other than 0, as runAsNonRoot of Kubernetes needs it', () => {
  expect(instruction('USER')).toEqual(['USER 1000:1000']);
});

describe('HEALTHCHECK', () => {
  const [healthCheck = ''] = instruction('HEALTHCHECK');
  const [shell = '', ...args] = JSON.parse(healthCheck.slice(healthCheck.indexOf('CMD ') + 4)) as readonly string[];
  const run = (port: number) =>
    new Promise<number>(resolve => {
      const env = { PATH: process.env['PATH'], AUDGATE_ADMIN_PORT: String(port) };
      execFile(shell, args, { env, timeout: 3_000 }, error => resolve(error ? Number(error.code ?? -1) : 0));
    });
  let gateway: GatewayProcess;

  beforeAll(async () => {
    gateway = await startGatewayProcess('routes: { /status: { upstream: "http://127.0.0.1:9", public: true } }');
  });
  afterAll(() => gateway.close());

  test('a gateway that serves: healthy', async () => {
    expect(await run(gateway.adminPort)).toBe(0);
  });

  test('nothing listens: unhealthy', async () => {
    expect(await run(await reservePort())).toBe(1);
  });

  test('a server that answers with another status: unhealthy', async () => {
    const server = createServer((_request, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(await run((server.address() as AddressInfo).port)).toBe(1);
    server.close();
  });
});
