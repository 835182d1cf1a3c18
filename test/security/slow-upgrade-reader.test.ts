/** A client whose upgrade the upstream refuses with a large body, and that does not read it, holds no connection to the upstream. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { openConnected } from '../support/raw-connection.ts';
import { type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts';
import { HANDSHAKE_FIELDS } from '../support/switching.ts';

const SIZE = 64 * 1024 * 1024;
const HANDSHAKE = `GET /x HTTP/1.1\r\nHost: a.example\r\n${HANDSHAKE_FIELDS}\r\n`;

let upstream: RawUpstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startRawUpstream({ respondsOnce: true });
  upstream.respond = socket => {
    socket.write(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${SIZE}\r\n\r\n`);
    socket.write(Buffer.alloc(SIZE));
  };
  gateway = await startGateway(`
timeouts: { body: 500ms }
routes:
  /x: { public: true, upstream: "${upstream.origin}" }
`);
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

test('a large refusal of an upgrade that the client does not read: both connections closed, counted as slow_reader', async () => {
  const client = await openConnected(gateway.port, HANDSHAKE);
  await client.until('403 Forbidden');
  client.socket.pause();
  await upstream.allClosed();
  expect(await gateway.requestLines(1)).toMatchObject([{ status: 403 }]);
  expect(await gateway.sample('audgate_connections_ended_total{cause="slow_reader"}')).toBe(1);
  client.socket.destroy();
});
