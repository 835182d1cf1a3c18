/** The cause of an upstream failure in log and metrics, the same for HTTP and WebSocket. */

import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type DeafServer, startDeafServer } from '../../support/deaf-server.ts';
import { type RunningGateway, readFailures, startGateway } from '../../support/gateway.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { type HeaderPair, request } from '../../support/raw-http.ts';
import { SAMPLE_KEY } from '../../support/switching.ts';

const UPGRADE: readonly HeaderPair[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', SAMPLE_KEY],
];

/** What an upstream does with a connection, the scheme of its URL, and the reported reason and cause. */
const UPSTREAMS: Readonly<
  Record<string, readonly [scheme: string, failure: string, act: (socket: Socket) => unknown]>
> = {
  'tls-to-plain': [
    'https',
    'upstream_unreachable/tls',
    socket => onBytes(socket, () => socket.end('HTTP/1.1 400\r\n')),
  ],
  'tls-closed': ['https', 'upstream_unreachable/tls', socket => onBytes(socket, () => socket.end())],
  'tls-reset': ['https', 'upstream_unreachable/tls', socket => onBytes(socket, () => socket.resetAndDestroy())],
  'tls-silent': ['https', 'upstream_timeout/connect_timeout', () => undefined],
  silent: ['http', 'upstream_timeout/response_timeout', () => undefined],
  closed: ['http', 'bad_upstream_response/reset', socket => onBytes(socket, () => socket.end())],
  reset: ['http', 'bad_upstream_response/reset', socket => onBytes(socket, () => socket.resetAndDestroy())],
  'half-a-head': ['http', 'bad_upstream_response/reset', socket => onBytes(socket, () => socket.end('HTTP/1.1 200 O'))],
  garbage: [
    'http',
    'bad_upstream_response/malformed_response',
    socket => onBytes(socket, () => socket.end('HELLO\r\n')),
  ],
  'large-head': [
    'http',
    'bad_upstream_response/response_headers_too_large',
    socket => onBytes(socket, () => socket.end(`HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(200_000)}\r\n\r\n`)),
  ],
  // In the same piece as the head, of which nothing has left by then.
  'no-chunk': [
    'http',
    'bad_upstream_response/malformed_response',
    socket => onBytes(socket, () => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok')),
  ],
};
/** Failures after the response head was forwarded. */
const CUT: typeof UPSTREAMS = {
  'no-later-chunk': [
    'http',
    'bad_upstream_response/malformed_response',
    socket =>
      onBytes(socket, () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
        setTimeout(() => socket.write('zz\r\nok'), 100);
      }),
  ],
  'silent-body': [
    'http',
    'upstream_timeout/idle_timeout',
    socket => onBytes(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok')),
  ],
  'half-a-body': [
    'http',
    'bad_upstream_response/reset',
    socket => onBytes(socket, () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok')),
  ],
};
/** By routes that are written below. */
const ELSEWHERE = {
  refused: 'upstream_unreachable/refused',
  'no-socket': 'upstream_unreachable/refused',
  'no-folder': 'upstream_unreachable/other',
  'no-such-name': 'upstream_unreachable/dns',
  'never-accepted': 'upstream_timeout/connect_timeout',
  unhealthy: 'upstream_unreachable/unhealthy',
};
const FAILURES = {
  ...Object.fromEntries(Object.entries(UPSTREAMS).map(([name, [, failure]]) => [name, failure])),
  ...ELSEWHERE,
};

/** Milliseconds for which an endpoint is left out at first. A busy machine may take longer between two requests. */
const LEFT_OUT = 1_000;

const servers: Server[] = [];
const sockets = new Set<Socket>();
let gateway: RunningGateway;
let deaf: DeafServer;

beforeAll(async () => {
  const timeouts = 'timeouts: { connect: 300ms, response: 300ms, idle: 2s }';
  const lines = await Promise.all(
    Object.entries({ ...UPSTREAMS, ...CUT }).map(async ([name, [scheme, , act]]) => {
      const port = await startServer(act);
      return `  /${name}: { public: true, upstream: "${scheme}://127.0.0.1:${port}", ${timeouts} }\n`;
    }),
  );
  // Nothing listens there, and no other test gets the port while it is taken on 127.0.0.1.
  const taken = await startServer(() => undefined);
  const elsewhere = (name: string, upstream: string) =>
    `  /${name}: { public: true, upstream: ${upstream}, ${timeouts} }\n`;
  deaf = await startDeafServer();
  gateway = await startGateway(
    [
      `routes:\n${lines.join('')}`,
      elsewhere('refused', `"http://127.0.0.2:${taken}"`),
      elsewhere('no-socket', '"unix:/nonexistent/audgate.sock"'),
      elsewhere('no-folder', '"unix:/etc/passwd/audgate.sock"'),
      elsewhere('no-such-name', '"http://upstream.invalid"'),
      elsewhere('never-accepted', `"http://127.0.0.1:${deaf.port}"`),
      elsewhere('unhealthy', `["http://127.0.0.2:${taken}", "http://127.0.0.3:${taken}"]`),
    ].join(''),
  );
});

afterAll(async () => {
  await gateway.close();
  deaf.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

describe.each([
  ['HTTP', []],
  ['WebSocket', UPGRADE],
] as const)('%s', (_kind, headers) => {
  test.each(Object.entries(FAILURES))(
    '%s: %s, in log and metric, and the cause not in the response',
    async (name, failure) => {
      const [reason = '', cause = ''] = failure.split('/');
      const ask = async () => {
        const startedAt = performance.now();
        // Both endpoints are left out from here on.
        if (name === 'unhealthy') await request(gateway.port, { path: '/unhealthy' });
        const counted = readFailures(await gateway.scrape(), `/${name}`);
        const response = await request(gateway.port, { path: `/${name}`, headers });
        return { counted, response, isLate: name === 'unhealthy' && performance.now() - startedAt > LEFT_OUT };
      };
      let asked = await ask();
      while (asked.isLate) asked = await ask();
      const { counted, response } = asked;
      const before = counted[failure] ?? 0;
      expect(response).toMatchObject({ status: reason === 'upstream_timeout' ? 504 : 502, complete: true });
      const problem: Readonly<Record<string, unknown>> = JSON.parse(String(response.body));
      expect(problem).toMatchObject({ reason });
      expect(Object.keys(problem).sort()).toEqual(['reason', 'request_id', 'status', 'title']);
      const line = await vi.waitFor(() => {
        const found = gateway.log.find(each => each['request_id'] === problem['request_id']);
        expect(found).toBeDefined();
        return found;
      });
      expect(line).toMatchObject({ outcome: 'failed', reason, cause });
      expect(line?.['upstream']).toEqual(
        name === 'unhealthy'
          ? undefined
          : expect.stringMatching(/^(?:127\.0\.0\.\d|upstream\.invalid):\d+$|^\/.*\.sock$/),
      );
      expect(line?.['error_code']).toBe(cause === 'other' ? 'ENOTDIR' : undefined);
      expect(readFailures(await gateway.scrape(), `/${name}`)).toEqual({ ...counted, [failure]: before + 1 });
    },
  );

  test.each(Object.entries(CUT).map(([name, [, failure]]) => [name, failure] as const))(
    '%s: %s, in log and metric, and the response is visibly cut',
    async (name, failure) => {
      const before = readFailures(await gateway.scrape(), `/${name}`)[failure] ?? 0;
      const response = await request(gateway.port, { path: `/${name}`, headers });
      expect(response).toMatchObject({ status: 200, complete: false });
      await vi.waitFor(async () => {
        expect(readFailures(await gateway.scrape(), `/${name}`)).toEqual({ [failure]: before + 1 });
      });
    },
  );
});

test('a request that succeeds or is denied: no cause in the log', async () => {
  await request(gateway.port, { path: '/nowhere' });
  expect(gateway.log.find(line => line['path'] === '/nowhere')).not.toHaveProperty('cause');
});

function onBytes(socket: Socket, act: () => unknown): void {
  socket.once('data', act);
}

function startServer(act: (socket: Socket) => unknown): Promise<number> {
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    act(socket);
    socket.resume();
  });
  servers.push(server);
  return listenOnLoopback(server);
}
