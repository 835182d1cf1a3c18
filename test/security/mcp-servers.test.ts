/**
 * Calls of a tool in every disguise of mcp-body.test.ts, sent to real servers of both SDKs, direct and through the gateway. Direct, many of
 * them run the tool; through the gateway none does without its scope.
 */

import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type RunningMcpServer, startMcpServer } from '../support/mcp-servers.ts';
import { parseResponses, sendRaw } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

const RESOURCE = 'https://tools.example/mcp';
const META =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}';
const REVISIONS = [undefined, '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;
type Revision = (typeof REVISIONS)[number];

const callOf = (name: string, revision: Revision, id = 1) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}","arguments":{}${revision === '2026-07-28' ? `,${META}` : ''}}}`;

interface Row {
  readonly body?: (call: string, harmless: string) => string | Buffer;
  readonly type?: string;
  readonly coding?: string;
  /** In place of those that agree. */
  readonly method?: string;
  readonly name?: string;
  readonly withoutFields?: true;
}

const ROWS: Readonly<Record<string, Row>> = {
  'as it should be': {},
  'a lying Mcp-Name': { name: 'add' },
  'a lying Mcp-Method': { method: 'tools/list' },
  'no Mcp fields': { withoutFields: true },
  gzip: { body: call => gzipSync(call), coding: 'gzip' },
  'UTF-16': { body: call => Buffer.from(call, 'utf16le'), type: 'application/json; charset=utf-16le' },
  'a byte order mark': { body: call => `\ufeff${call}` },
  'Application/JSON': { type: 'Application/JSON' },
  'text/plain': { type: 'text/plain' },
  'a second name': { body: call => call.replace('"name"', '"name":"add","name"') },
  'a second params': { body: call => call.replace('"params"', '"params":{"name":"add"},"params"') },
  'an escaped name': { body: call => call.replace('delete_user', 'delete\\u005fuser') },
  'an escaped member': { body: call => call.replace('"params"', '"par\\u0061ms"') },
  'a batch': { body: (call, harmless) => `[${harmless},${call}]` },
};

let issuer: TokenIssuer;
let gateway: RunningGateway;
const servers = new Map<1 | 2, RunningMcpServer>();
const tokens = { user: '', admin: '' };

beforeAll(async () => {
  issuer = await startTokenIssuer();
  for (const version of [1, 2] as const) servers.set(version, await startMcpServer(version));
  const routes = [...servers].map(
    ([version, { origin }]) =>
      `  /mcp${version}: { resource: "${RESOURCE}", upstream: "${origin}", scopes: [mcp:use], mcp: { tools: { delete_user: [users:admin] } } }\n`,
  );
  gateway = await startGateway(
    `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }\nroutes:\n${routes.join('')}`,
  );
  tokens.user = await issuer.sign({ claims: { aud: RESOURCE, scope: 'mcp:use' } });
  tokens.admin = await issuer.sign({ claims: { aud: RESOURCE, scope: 'mcp:use users:admin' } });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), ...[...servers.values()].map(server => server.close())]);
});

/** @returns how often `delete_user` ran for it, and the status. */
async function send(
  port: number,
  path: string,
  server: RunningMcpServer,
  row: Row,
  revision: Revision,
  token?: string,
) {
  const call = callOf('delete_user', revision);
  const bytes = Buffer.from((row.body?.(call, callOf('add', revision, 2)) ?? call) as string);
  const isNew = revision === '2026-07-28' || row.name !== undefined || row.method !== undefined;
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Content-Type: ${row.type ?? 'application/json'}`,
    'Accept: application/json, text/event-stream',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(row.coding ? [`Content-Encoding: ${row.coding}`] : []),
    ...(revision ? [`MCP-Protocol-Version: ${revision}`] : []),
    ...(isNew && !row.withoutFields
      ? [`Mcp-Method: ${row.method ?? 'tools/call'}`, `Mcp-Name: ${row.name ?? 'delete_user'}`]
      : []),
    `Content-Length: ${bytes.length}`,
    'Connection: close',
  ].join('\r\n');
  const before = server.runs.delete_user;
  const [response] = parseResponses(
    await sendRaw(port, Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]), { responses: 1 }),
  );
  return { runs: server.runs.delete_user - before, status: response?.status ?? 0 };
}

const cases = ([1, 2] as const).flatMap(version =>
  REVISIONS.flatMap(revision => Object.keys(ROWS).map(row => [row, revision, version] as const)),
);

describe('delete_user through the gateway', () => {
  test.each(cases)('%s, in %s, SDK %s.x: not run without its scope', async (name, revision, version) => {
    const server = servers.get(version);
    const row = ROWS[name];
    if (!server || !row) throw new Error('no such case');
    const path = `/mcp${version}`;
    const refused = await send(gateway.port, path, server, row, revision, tokens.user);
    expect(refused).toMatchObject({ runs: 0 });
    expect([400, 403, 415]).toContain(refused.status);
    const granted = await send(gateway.port, path, server, row, revision, tokens.admin);
    // A token with the scope does not open what two servers could read differently.
    if (refused.status !== 403) expect(granted).toEqual({ runs: 0, status: refused.status });
  });

  test('a token with the scope, as it should be: run, in each revision that the server has', async () => {
    for (const [version, server] of servers) {
      for (const revision of REVISIONS) {
        const through = await send(gateway.port, `/mcp${version}`, server, {}, revision, tokens.admin);
        const direct = await send(Number(new URL(server.origin).port), '/mcp', server, {}, revision);
        expect(through, `${version} ${revision}`).toEqual(direct);
      }
    }
    expect(servers.get(1)?.runs.delete_user).toBeGreaterThan(0);
    expect(servers.get(2)?.runs.delete_user).toBeGreaterThan(0);
  });

  test('direct: the servers run it in many disguises, so the rows are worth their place', async () => {
    for (const [version, server] of servers) {
      const port = Number(new URL(server.origin).port);
      const ran: string[] = [];
      for (const [name, row] of Object.entries(ROWS)) {
        for (const revision of REVISIONS) {
          const direct = await send(port, '/mcp', server, row, revision);
          if (direct.runs > 0) ran.push(`${name} ${revision}`);
        }
      }
      expect(ran.length, `SDK ${version}.x: ${ran.join('; ')}`).toBeGreaterThan(15);
    }
  });
});
