/** Pipelining on the connection of the client, reuse of those to the upstream. */

import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { bearer, formatRequest, parseResponses, type RawRequest, sendRaw } from '../../support/raw-http.ts';
import { call, gateway, KEEP_ALIVE, pipeline, token, upstream, useForwardingFixture } from './fixture.ts';

useForwardingFixture();

describe('connections', () => {
  test('pipelined requests: answered in order, whatever the order of the upstream', async () => {
    // The first is answered last of those that arrive together, or after 100 ms where no other does.
    const others = new EventEmitter();
    upstream.handle = async (req, res) => {
      if (req.url === '/api/1')
        await Promise.race([once(others, 'answered'), new Promise(resolve => setTimeout(resolve, 100))]);
      res.end(req.url);
      if (req.url !== '/api/1') others.emit('answered');
    };
    const answers = await pipeline([{ path: '/api/1' }, { path: '/api/2' }, { path: '/api/3' }]);
    expect(answers.map(({ body }) => body.toString())).toEqual(['/api/1', '/api/2', '/api/3']);
  });

  test('a refusal among pipelined requests: in its place', async () => {
    upstream.handle = (req, res) => res.end(req.url);
    const requests = [
      formatRequest(gateway.port, { path: '/api/1', headers: [bearer(token), KEEP_ALIVE] }),
      formatRequest(gateway.port, { path: '/api/2', headers: [KEEP_ALIVE] }),
      formatRequest(gateway.port, { path: '/api/3', headers: [bearer(token)] }),
    ];
    const answers = parseResponses(await sendRaw(gateway.port, Buffer.concat(requests), { responses: 3 }));
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200]);
    expect(upstream.received.map(({ url }) => url).sort()).toEqual(['/api/1', '/api/3']);
  });

  test('connections to the upstream: reused', async () => {
    const before = upstream.sockets.total;
    for (let count = 0; count < 60; count += 1) {
      const raw: RawRequest = count % 2 ? { path: '/api/a' } : { method: 'POST', path: '/api/a', body: 'x' };
      expect((await call(raw)).status).toBe(200);
    }
    expect(upstream.sockets.total - before).toBeLessThanOrEqual(3);
  });

  test('a kept connection that the upstream has closed: no request fails', async () => {
    expect((await call({ path: '/api/a' })).status).toBe(200);
    for (let count = 0; count < 5; count += 1) {
      const closed = upstream.server.closeIdleConnections.bind(upstream.server);
      closed();
      while (upstream.sockets.open > 0) await new Promise(resolve => setImmediate(resolve));
      // A response of the admin listener shows that the gateway's event loop has handled those sockets.
      await gateway.scrape();
      expect((await call({ path: '/api/a' })).status).toBe(200);
    }
  });
});
