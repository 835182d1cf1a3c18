/** Each example of docs/how-to/library.md, as a user runs it: in a fresh folder, with the packed package and the framework's own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPages } from '../docs/markdown.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { type InstalledPackage, installPackage, isRegistryReachable } from './installed-package.ts';

/** What the examples import, beside the package. */
const PACKAGES = ['express@5', 'fastify@5', 'hono@4', '@hono/node-server@2', '@modelcontextprotocol/server@2'];
const isSkipped = !process.env['CI'] && !(await isRegistryReachable());

const blocks = readPages().find(({ path }) => path === 'docs/how-to/library.md')?.blocks ?? [];
const files = blocks.flatMap(({ notes, text }) => (notes.file === undefined ? [] : [[notes.file, text] as const]));
const examples = files.filter(([name]) => name.endsWith('.mjs')).map(([name]) => name);

let issuer: TokenIssuer;
let installed: InstalledPackage;

beforeAll(async () => {
  if (isSkipped) return;
  issuer = await startTokenIssuer();
  installed = await installPackage();
  await installed.install(...PACKAGES);
}, 300_000);
afterAll(async () => {
  installed?.remove();
  await issuer?.close();
});

interface Example {
  readonly child: ChildProcess;
  readonly origin: string;
}

/** Prints the port of each server of its process. */
const PRINT_PORT = `import { Server } from 'node:net';
const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  this.once('listening', () => console.log('port', this.address().port));
  return listen.apply(this, args);
};
`;

/** Starts an example with the issuer of the test, and a free port in place of its own. */
async function start(name: string): Promise<Example> {
  for (const [file, text] of [...files, ['print-port.mjs', PRINT_PORT] as const]) {
    const local = text
      .replace('https://login.example.com/jwks', issuer.jwksUri)
      .replace('https://login.example.com', issuer.issuer)
      .replaceAll('3000', '0');
    writeFileSync(join(installed.project, file), local);
  }
  const child = spawn(process.execPath, ['--import', './print-port.mjs', name], {
    cwd: installed.project,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = /^port (\d+)$/.exec(line) ?? [];
    if (port !== undefined) return { child, origin: `http://127.0.0.1:${port}` };
  }
  throw new Error(`${name} listened nowhere`);
}

async function withExample(name: string, use: (origin: string) => Promise<void>): Promise<void> {
  const { child, origin } = await start(name);
  try {
    await use(origin);
  } finally {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
}

const tokenFor = async (aud: string, scope: string) => ({
  authorization: `Bearer ${await issuer.sign({ claims: { aud, scope, sub: 'alice' } })}`,
});
const METADATA = '/.well-known/oauth-protected-resource';

describe.skipIf(isSkipped)('examples (need the package registry)', () => {
  test('the page: an example for each framework', () => {
    expect(examples).toEqual(['express.mjs', 'fastify.mjs', 'hono.mjs', 'mcp.mjs']);
  });

  test.each(examples.filter(name => name !== 'mcp.mjs'))(
    '%s: forwards to its handler what it allows, and challenges the rest',
    name =>
      withExample(name, async origin => {
        const get = (path: string, headers = {}) => fetch(origin + path, { headers });
        const right = await get('/invoices/7', await tokenFor('https://billing.example.com/', 'billing:read'));
        expect([right.status, await right.json()]).toEqual([200, { invoice: '7', subject: 'alice' }]);

        const none = await get('/invoices/7');
        expect([none.status, none.headers.get('www-authenticate')]).toEqual([
          401,
          'Bearer scope="billing:read", resource_metadata="https://billing.example.com/.well-known/oauth-protected-resource"',
        ]);
        const sibling = await get('/invoices/7', await tokenFor('https://billing.example.com/mcp', 'billing:read'));
        expect([sibling.status, await sibling.json()]).toMatchObject([401, { reason: 'wrong_audience' }]);
        const lacking = await get('/invoices/7', await tokenFor('https://billing.example.com/', 'other'));
        expect([lacking.status, lacking.headers.get('www-authenticate')]).toEqual([
          403,
          expect.stringContaining('insufficient_scope'),
        ]);

        for (const path of ['/Invoices/7', '/elsewhere', '/invoices%2F7', '/invoices;x/7'])
          expect(
            (await get(path, await tokenFor('https://billing.example.com/', 'billing:read'))).status,
          ).toBeGreaterThanOrEqual(400);
        expect((await fetch(`${origin}/invoices/7`, { method: 'HEAD' })).status).toBe(401);

        const document = await get(`${METADATA}/mcp`);
        expect(await document.json()).toMatchObject({
          resource: 'https://billing.example.com/mcp',
          authorization_servers: [issuer.issuer],
        });
      }),
  );

  test('mcp.mjs: a tool runs for whoever has its scope, and knows the client', () =>
    withExample('mcp.mjs', async origin => {
      const call = async (tool: string, scope: string) => {
        const answer = await fetch(`${origin}/mcp`, {
          method: 'POST',
          headers: {
            ...(await tokenFor('https://billing.example.com/mcp', scope)),
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
        });
        return [answer.status, await answer.text()];
      };
      expect(await call('whoami', 'mcp:use')).toEqual([200, expect.stringContaining('you are ')]);
      expect(await call('delete_user', 'mcp:use')).toEqual([403, expect.stringContaining('insufficient_scope')]);
      expect(await call('delete_user', 'mcp:use users:admin')).toEqual([200, expect.stringContaining('deleted')]);
      expect((await fetch(`${origin}/mcp`, { method: 'POST', body: '{}' })).status).toBe(401);
    }));
});
