/**
 * The server suites of `@modelcontextprotocol/conformance` against one MCP server: direct, and behind the built gateway on a public and
 * on a protected route. What passes direct passes through, and the gateway adds what the server itself does not check (`Origin`).
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeGatewayProcesses, startGatewayProcess } from '../../support/gateway-process.ts';
import type { FullMcpServer } from '../../support/mcp/full-server.ts';
import { startServer2 } from '../../support/mcp/server-2.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { installSuites, runSuite, type SuiteRun } from './suites.ts';
import { startTokenAdder, type TokenAdder } from './token-adder.ts';

const SUITES = [
  { name: 'conformance-0.1', options: [] },
  { name: 'conformance-0.2', options: [] },
  { name: 'conformance-0.2', options: ['--requirements', '2026-07-28'] },
] as const;

const PLACES = ['direct', 'public', 'protected', 'with a rule'] as const;

const folder = await installSuites();

let server: FullMcpServer;
let issuer: TokenIssuer;
let adder: TokenAdder;
let urls: Readonly<Record<(typeof PLACES)[number], string>>;

beforeAll(async () => {
  if (folder === undefined) return;
  server = await startServer2();
  issuer = await startTokenIssuer();
  const [open, guarded] = [await reservePort(), await reservePort()];
  const [own, face] = [`http://127.0.0.1:${open}`, `http://127.0.0.1:${guarded}`];
  await startGatewayProcess(
    `
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /public: { public: true, upstream: "${server.origin}", mcp: true, cors: { origins: ["${own}"] } }
  /mcp: { resource: "${face}/mcp", upstream: "${server.origin}", scopes: [mcp:use], mcp: true }
  /ruled: { resource: "${face}/ruled", upstream: "${server.origin}", scopes: [mcp:use], mcp: { tools: { "*": [mcp:use] }, prompts: { "*": [mcp:use] }, resources: { "*": [mcp:use] } } }
`,
    {
      place: (home, text) => writeConfiguration(home, text.replace('listen: 127.0.0.1:0', `listen: 127.0.0.1:${open}`)),
    },
  );
  const token = await issuer.sign({ claims: { aud: [`${face}/mcp`, `${face}/ruled`], scope: 'mcp:use' } });
  adder = await startTokenAdder(guarded, own, token);
  urls = {
    direct: `${server.guardedOrigin}/mcp`,
    public: `${own}/public`,
    protected: `${face}/mcp`,
    'with a rule': `${face}/ruled`,
  };
});

afterAll(async () => {
  if (folder === undefined) return;
  await closeGatewayProcesses();
  await Promise.all([server.close(), issuer.close(), adder.close()]);
});

describe.skipIf(folder === undefined)('the conformance suites of MCP (need the npm registry)', () => {
  test.each(SUITES)('$name $options: what passes direct passes through', async ({ name, options }) => {
    const run = (url: string) => runSuite(folder ?? '', name, url, options);
    const runs = await Promise.all(PLACES.map(async where => [where, await run(urls[where])] as const));
    for (const [where, result] of runs) report(where, result);
    const direct = runs[0]?.[1];
    expect(direct?.scenarios['dns-rebinding-protection']).toBe('2 passed, 0 failed');
    for (const [where, result] of runs) {
      expect(result.scenarios, `${where}\n${result.output}`).toEqual(direct?.scenarios);
      expect(result.code, `${where}\n${result.output}`).toBe(0);
    }
  });
});

function report(where: string, { command, code, total }: SuiteRun): void {
  console.log(`${where}: ${command}: exit ${code}, ${total}`);
}

function writeConfiguration(home: string, text: string): string {
  const file = join(home, 'audgate.yaml');
  writeFileSync(file, text);
  return file;
}
