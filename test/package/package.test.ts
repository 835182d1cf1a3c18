/** The package: what is in it, and that it works where nothing but the package is. */

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPorts } from '../support/gateway-process.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream } from '../support/upstream.ts';
import { type InstalledPackage, installPackage, isRegistryReachable } from './installed-package.ts';

const ROOT = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
/** Where tests must run, a registry that cannot be reached is a failure. */
const isSkipped = !process.env['CI'] && !(await isRegistryReachable());
const MINUTES = 60_000;

describe.skipIf(isSkipped)('package (needs the package registry)', () => {
  let installed: InstalledPackage;

  beforeAll(async () => {
    installed = await installPackage();
  }, 5 * MINUTES);
  afterAll(() => installed?.remove());

  const write = (name: string, text: string) => writeFileSync(join(installed.project, name), text);

  test('files: the built program, its declarations, config, docs, and nothing else', () => {
    const paths = installed.packed.files.map(({ path }) => path);
    const allowed =
      /^(?:dist\/.+\.js|dist\/library\.d\.ts|config\/.+|docs\/.+\.md|(?:CHANGELOG|README)\.md|LICENSE|package\.json)$/;
    expect(paths.filter(path => !allowed.test(path))).toEqual([]);
    expect(paths).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'config/audgate.schema.json']),
    );
  });

  test('dist: one file for each source, although the clone had none', () => {
    const built = installed.packed.files.map(({ path }) => path).filter(path => path.startsWith('dist/'));
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const expected = sources
      .filter(file => /(?<!\.d)\.ts$/.test(file))
      .map(file => `dist/${file.replace(/ts$/, 'js')}`);
    expect(built.sort()).toEqual([...expected, 'dist/library.d.ts'].sort());
  });

  test('size: below 650 kB packed and 2.5 MB unpacked', () => {
    expect(installed.packed.size).toBeLessThan(650_000);
    expect(installed.packed.unpackedSize).toBeLessThan(2_500_000);
  });

  test('secrets: no private key and no test key in any file', () => {
    const holdsKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----|"(?:d|k)"\s*:\s*"[\w-]{20,}"/;
    const texts = installed.packed.files.map(({ path }) => readFileSync(join(installed.folder, path), 'utf8'));
    expect(texts.filter(text => holdsKey.test(text))).toEqual([]);
  });

  test('install scripts: none, in the package or in what it depends on', () => {
    const lock = JSON.parse(readFileSync(join(installed.project, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
    };
    const withScripts = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript);
    expect(withScripts.map(([name]) => name)).toEqual([]);
    expect(Object.keys(lock.packages)).toContain('node_modules/audgate');
  });

  test('audgate --version: that of package.json', async () => {
    const finished = await installed.run(installed.command, '--version');
    expect(finished).toEqual({ code: 0, stdout: `audgate ${version}\n`, stderr: '' });
  });

  test('npx audgate check FILE: 0 for a valid file, 1 for one with errors', async () => {
    write('public.yaml', 'routes:\n  /status: { upstream: http://127.0.0.1:9, public: true }\n');
    write('broken.yaml', 'routes:\n  /status: { upstream: nowhere }\n');
    const good = await installed.run('npx', '--no-install', 'audgate', 'check', 'public.yaml');
    expect(good).toEqual({ code: 0, stdout: 'public.yaml: ok, 1 route, 0 issuers\n', stderr: '' });
    const bad = await installed.run('npx', '--no-install', 'audgate', 'check', 'broken.yaml');
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('broken.yaml:2:');
  });

  test('checkConfig and schema.json: imported by a plain module', async () => {
    write(
      'plain.mjs',
      `import { createRequire } from 'node:module';
import { checkConfig } from 'audgate';
const schema = createRequire(import.meta.url)('audgate/schema.json');
const { ok, problems } = await checkConfig('routes: {}\\n', { file: 'deploy/gateway.yaml' });
console.log(JSON.stringify({ schema: schema.type, ok, problems }));
`,
    );
    const { code, stdout, stderr } = await installed.run(process.execPath, 'plain.mjs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      schema: 'object',
      ok: false,
      problems: [
        {
          file: 'deploy/gateway.yaml',
          line: 1,
          column: 1,
          path: 'routes',
          message: 'no routes, expected at least one route',
          severity: 'error',
        },
      ],
    });
  });

  test('exports: no other file of the package can be imported', async () => {
    write('inside.mjs', "await import('audgate/dist/main.js');\n");
    const { code, stderr } = await installed.run(process.execPath, 'inside.mjs');
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test('declarations: compile under strict NodeNext without @types/node, and refuse a wrong use', async () => {
    write('typed.ts', TYPED_CONSUMER);
    const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--exactOptionalPropertyTypes'];
    const tsc = [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, 'typed.ts'];
    expect(await installed.run(process.execPath, ...tsc)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await installed.run(process.execPath, 'typed.js')).toEqual({ code: 0, stdout: '', stderr: '' });
    const declarations = readFileSync(join(installed.folder, 'dist/library.d.ts'), 'utf8');
    expect(declarations).not.toMatch(/\bany\b|\bimport\b.*\bfrom '\./);
  });

  test("gateway with the README's configuration: forwards a token for the route, refuses one for another API", async () => {
    const [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
    const readme = readFileSync(join(installed.folder, 'README.md'), 'utf8');
    write('audgate.yaml', localConfiguration(readme, issuer, upstream.origin));
    const child = spawn(installed.command, ['--config', 'audgate.yaml'], {
      cwd: installed.project,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const { port } = readPorts(JSON.parse(await readLineWith(child.stdout, '"msg":"listening"')));
      const request = async (path: string) => {
        const token = await issuer.sign({ claims: { aud: 'https://profile.example.com/', scope: 'profile:read' } });
        return fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
      };
      expect((await request('/profile/me')).status).toBe(200);
      expect((await request('/billing/invoices')).status).toBe(401);
      expect(upstream.received.map(({ url }) => url)).toEqual(['/profile/me']);
    } finally {
      child.kill('SIGKILL');
      await Promise.all([issuer.close(), upstream.close()]);
    }
  });
});

test('package.json: the version has a section in CHANGELOG.md, and the lock file has it too', () => {
  expect(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')).toContain(`\n## ${version}\n`);
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { readonly version: string };
  expect(lock.version).toBe(version);
});

/** A program that uses everything that is exported; each `@ts-expect-error` fails the compilation where there is no error. */
const TYPED_CONSUMER = `import {
  type Allowed,
  type Authorizer,
  type AuthorizerOptions,
  type CheckConfigOptions,
  type ConfigCheck,
  ConfigurationError,
  type ConfigProblem,
  checkConfig,
  createAuthorizer,
  type FetchRequest,
  type NodeRequest,
  type Refused,
  type Reply,
  type VerifiedToken,
} from 'audgate';

const options: CheckConfigOptions = { file: 'deploy/gateway.yaml', env: { UPSTREAM: 'http://127.0.0.1:9', UNSET: undefined } };
const checked: ConfigCheck = await checkConfig('routes: { /status: { upstream: "\${UPSTREAM}", public: true } }', options);
const first: ConfigProblem | undefined = checked.problems[0];
const severity: 'error' | 'warning' = first?.severity ?? 'warning';
// @ts-expect-error: text, not bytes
export const bytes = () => checkConfig(new Uint8Array());
// @ts-expect-error: a Promise, not its result
export const early: boolean = checkConfig('').ok;
if (!checked.ok || checked.problems.length > 0) throw new Error(severity);

const settings: AuthorizerOptions = { config: { routes: { '/status': { public: true } } }, onWarning: message => message.trim() };
const authorizer: Authorizer = await createAuthorizer(settings);
const received: NodeRequest = { method: 'GET', url: '/status', rawHeaders: ['Host', 'localhost'] };
const fetched: FetchRequest = { method: 'GET', url: 'http://localhost/other', headers: new Map() };
const decision: Allowed | Refused = await authorizer.authorize(received);
if (!decision.allowed) throw new Error(decision.reason);
const token: VerifiedToken | undefined = decision.token;
const refused = await authorizer.authorize(fetched, '{}');
const reply: Reply | undefined = refused.allowed ? authorizer.metadata(fetched) : refused.reply;
if (token || reply?.status !== 404 || reply.headers['Content-Type'] === undefined) throw new Error('decided otherwise');
// @ts-expect-error: a token is there only where it was verified
export const subject = () => decision.token.subject;
// @ts-expect-error: of a refusal there is no token
export const refusedToken = () => (refused.allowed ? undefined : refused.token);
// @ts-expect-error: the bytes of a body, not what was parsed
export const parsed = () => authorizer.authorize(received, { id: 1 });
authorizer.close();
export const isOfConfiguration = (error: unknown) => error instanceof ConfigurationError && error.problems.length > 0;
`;

/** @returns the configuration that the README opens with, for an issuer and an upstream on this machine. */
function localConfiguration(readme: string, { issuer, jwksUri }: TokenIssuer, upstream: string): string {
  const [, yaml = ''] = /<!-- file: gateway\/audgate\.yaml -->\n```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(yaml.trim().split('\n')).toHaveLength(12);
  const local = yaml
    .replace('0.0.0.0:8080', '127.0.0.1:0\nadmin: 127.0.0.1:0')
    .replace('https://login.example.com/jwks', jwksUri)
    .replace('https://login.example.com', issuer)
    .replaceAll(/http:\/\/(?:profile|billing):8080/g, upstream);
  expect(local).not.toContain('login.example.com');
  return local;
}

async function readLineWith(stream: Readable, part: string): Promise<string> {
  for await (const line of createInterface({ input: stream })) if (line.includes(part)) return line;
  throw new Error(`ended before a line with ${part}`);
}
