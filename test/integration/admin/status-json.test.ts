/** `/status.json`, and its `audgate explain` commands run in a real shell: they give the reason that the gateway gave. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { closeGatewayProcesses, type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { MAIN } from '../../support/program.ts';
import { bearer, type HeaderPair, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';

const API = 'https://api.example.com/';
const OTHER = 'https://other.example.com/';

let issuer: TokenIssuer;
let upstream: Upstream;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
});
afterEach(async () => {
  await closeGatewayProcesses();
});
afterAll(() => Promise.all([issuer.close(), upstream.close()]));

interface Counted {
  readonly total: number;
  readonly last_hour: number;
  readonly last_day: number;
  readonly reasons?: Readonly<Record<string, number>>;
}

interface Status {
  readonly status: string;
  readonly recent_complete_since: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly routes: readonly {
    readonly route: string;
    readonly requests: Counted;
    readonly denied: Counted;
    readonly would_be_denied: Counted;
    readonly upstream_failures: Counted;
    readonly latency?: { readonly p50_seconds: number; readonly p99_seconds: number };
  }[];
  readonly matrix: readonly unknown[];
  readonly clients: readonly { readonly client_id?: string; readonly denied: Counted }[];
  readonly denials: readonly {
    readonly path: string;
    readonly reason: string;
    readonly action: string;
    readonly explain?: string;
  }[];
  readonly configuration: { readonly file: string };
}

function startReportedGateway(options = ''): Promise<GatewayProcess> {
  return startGatewayProcess(`${options}
issuers: { ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} } }
routes:
  /api: { resource: ${API}, upstream: ${upstream.origin}, scopes: { GET: ["read"], "GET /it's": ["admin"] } }
  /other: { resource: ${OTHER}, upstream: ${upstream.origin}, enforcement: report }
  /gone: { public: true, upstream: "http://127.0.0.1:9" }
`);
}

async function readStatus(gateway: GatewayProcess): Promise<Status> {
  return (await (await fetch(`http://127.0.0.1:${gateway.adminPort}/status.json`)).json()) as Status;
}

/** Reads until all `count` requests are counted: the page is rendered once a second. */
async function readStatusAfter(gateway: GatewayProcess, count: number): Promise<Status> {
  let status = await readStatus(gateway);
  await eventually(async () => {
    status = await readStatus(gateway);
    return (
      status.totals['requests'] === count &&
      status.routes.reduce((sum, { requests }) => sum + requests.last_hour, 0) === count
    );
  }, 60_000);
  return status;
}

test('each explain command, run in a shell with the token on standard input: the reason of the gateway', async () => {
  const gateway = await startReportedGateway();
  const [good, wrong, expired] = await Promise.all([
    issuer.sign({ claims: { aud: API, scope: 'read' } }),
    issuer.sign({ claims: { aud: OTHER, scope: 'read' } }),
    issuer.sign({ claims: { aud: API, scope: 'read', exp: 1_700_000_000 } }),
  ]);
  const asked = new Map<string, string | undefined>([
    ['/api/wrong', wrong],
    ["/api/it's/$(touch%20x)/`id`/!!", good],
    ['/api/"\'\'"', wrong],
    ['/api/expired', expired],
    ['/api/none', undefined],
    ['/api/nonsense', 'nonsense'],
    ['/other/a', good],
    ['/api/..%2f..%2fother', good],
    ['/nowhere', undefined],
  ]);
  for (const [path, token] of asked) {
    const headers: HeaderPair[] = token === undefined ? [] : [bearer(token)];
    await request(gateway.port, { path, headers });
  }
  await request(gateway.port, { path: '/api/x', method: 'POST', headers: [bearer(good)] });
  const { denials, configuration } = await readStatusAfter(gateway, asked.size + 1);
  expect(configuration.file).toBe(gateway.file);
  expect(denials).toHaveLength(asked.size + 1);

  const said = await Promise.all(
    denials.map(async ({ path, reason, explain = '' }) => {
      const shell = spawn('sh', ['-c', `audgate() { "${process.execPath}" "${MAIN}" "$@"; }; ${explain}`]);
      shell.stdin.on('error', () => undefined);
      shell.stdin.end(asked.get(path) ?? good);
      const [output] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')]);
      return { path, reason, isSaid: output.includes(reason), output: output.includes(reason) ? '' : output };
    }),
  );
  expect(said.filter(({ isSaid }) => !isSaid)).toEqual([]);
}, 60_000);

test('each route: counts since the start and of the last hour, failures, latency', async () => {
  const gateway = await startReportedGateway();
  const good = await issuer.sign({ claims: { aud: API, scope: 'read' } });
  const send = (path: string, token = good) => request(gateway.port, { path, headers: [bearer(token)] });
  for (let count = 0; count < 5; count++) await send('/api/a');
  await send('/other/a');
  await send('/api/a', 'nonsense');
  for (let count = 0; count < 2; count++) await send('/gone');
  const { status, routes, totals, matrix, clients, recent_complete_since } = await readStatusAfter(gateway, 9);
  const all = (count: number) => ({ total: count, last_hour: count, last_day: count });
  expect(status).toBe('ready');
  expect(Date.parse(recent_complete_since)).toBeGreaterThan(Date.now() - 60_000);
  expect(totals).toEqual({ requests: 9, would_be_denied: 1, denied: 1, for_another_resource: 1, upstream_failures: 2 });
  expect(routes).toMatchObject([
    {
      route: '/api',
      mode: 'enforce',
      resource: API,
      requests: all(6),
      denied: { ...all(1), reasons: { malformed_token: 1 } },
    },
    {
      route: '/other',
      mode: 'report',
      requests: all(1),
      would_be_denied: { ...all(1), reasons: { wrong_audience: 1 } },
    },
    { route: '/gone', mode: 'public', requests: all(2), denied: all(0), upstream_failures: all(2) },
  ]);
  const { p50_seconds = 0, p99_seconds = 0 } = routes[0]?.latency ?? {};
  expect(p50_seconds).toBeGreaterThan(0);
  expect(p99_seconds).toBeGreaterThanOrEqual(p50_seconds);
  expect(matrix).toEqual([{ presented: API, route: '/other', refused: 0, forwarded: 1 }]);
  expect(clients).toMatchObject([{ client_id: 'shop', would_be_denied: all(1), denied: all(0) }]);
});

test('two workers: one report; after a kill its recent counts are missing, recent_complete_since says from when', async () => {
  const gateway = await startReportedGateway('workers: 2');
  const wrong = await issuer.sign({ claims: { aud: OTHER } });
  const send = () => request(gateway.port, { path: '/api/a', headers: [bearer(wrong)] });
  for (let count = 0; count < 40; count++) await send();
  const before = await readStatusAfter(gateway, 40);
  expect(before.routes[0]).toMatchObject({ denied: { total: 40, last_hour: 40, last_day: 40 } });
  expect(before.clients).toMatchObject([{ client_id: 'shop', denied: { total: 40, last_hour: 40 } }]);
  expect(before.denials).toHaveLength(40);

  const { pid } = gateway.child;
  const [victim = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const killedAt = Date.now();
  process.kill(Number(victim), 'SIGKILL');
  await eventually(async () => (await gateway.sample('audgate_worker_restarts_total')) === 1, 10_000);
  await eventually(async () => Date.parse((await readStatus(gateway)).recent_complete_since) >= killedAt, 10_000);
  const after = await readStatus(gateway);
  expect(after.routes[0]?.denied.total).toBe(40);
  expect(after.routes[0]?.denied.last_hour).toBeLessThanOrEqual(40);
}, 60_000);
