/**
 * nginx compresses nothing for a request that has Via, unless `gzip_proxied` says otherwise: an API behind it is to be compressed
 * through the gateway as it is without.
 */

import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { configureNginx, STATUS_LOG } from '../support/nginx.ts';
import { type HeaderPair, headerValues, request } from '../support/raw-http.ts';
import { findProgram, type RealServer, startRealServer } from './differential/servers/real-server.ts';

const program = findProgram('nginx');
const TEXT = 'All that is compressed.\n'.repeat(200);
const ACCEPTING: HeaderPair = ['Accept-Encoding', 'gzip'];

let nginx: RealServer;
let gateway: RunningGateway;

describe.skipIf(program === undefined)('nginx with gzip, as it is by default', () => {
  beforeAll(async () => {
    nginx = await startRealServer(({ address, folder }) => ({
      command: program ?? '',
      args: ['-p', folder, '-c', `${folder}/nginx.conf`],
      files: { 'nginx.conf': configure(address, folder), 'page.txt': TEXT },
      parse: line => ({
        ...{ status: Number(line), refused: false, method: '', target: '', path: '' },
        ...{ fields: new Map(), body: { length: 0, sha1: '' } },
      }),
    }));
    gateway = await startGateway(`routes: { /: { public: true, upstream: "http://${nginx.address}" } }\n`);
  });

  afterAll(async () => {
    await gateway.close();
    await nginx.close();
  });

  test('through the gateway: compressed', async () => {
    const { status, headers, body } = await request(gateway.port, { path: '/page.txt', headers: [ACCEPTING] });
    expect([status, headerValues(headers, 'content-encoding')]).toEqual([200, ['gzip']]);
    expect(gunzipSync(body).toString()).toBe(TEXT);
  });

  test('with a Via of the client, which passes: not compressed, as it would be without the gateway', async () => {
    const headers: HeaderPair[] = [ACCEPTING, ['Via', '1.1 edge']];
    const response = await request(gateway.port, { path: '/page.txt', headers });
    expect([response.status, headerValues(response.headers, 'content-encoding')]).toEqual([200, []]);
    expect(response.body.toString()).toBe(TEXT);
  });
});

function configure(address: string, folder: string): string {
  return configureNginx(
    folder,
    `${STATUS_LOG}
  gzip on;
  gzip_types text/plain;
  default_type text/plain;
  server {
    listen ${address};
    root ${folder};
  }`,
  );
}
