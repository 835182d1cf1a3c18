import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { type BodyError, RequestBody } from '../../../src/upstream/request-body.ts';
import { listenOnLoopback } from '../../support/listener.ts';

test('a client that leaves after the last listener has been removed: no unhandled error', async () => {
  const server = createServer();
  const client = connect(await listenOnLoopback(server), '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
  const [request] = (await once(server, 'request')) as [IncomingMessage];
  const body = new RequestBody(request, { size: undefined, timeout: 60_000 });
  client.destroy();
  await new Promise(resolve => body.once('close', resolve));
  expect((body.errored as BodyError).abort).toBe('client_gone');
  server.close();
});
