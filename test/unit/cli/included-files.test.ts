/** Commands on a configuration whose routes stand in several files. */

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../../src/cli/check.ts';
import { runExplain, runSimulate } from '../../support/commands.ts';
import { writeConfiguration } from '../config/configuration.ts';
import { exampleEntry, ISSUER } from './simulate/example-entry.ts';

const ISSUERS = `issuers: { ${ISSUER}: { jwks_uri: ${ISSUER}/jwks } }\n`;
const MAIN = `${ISSUERS}include: [routes.d/*.yaml]\nroutes:\n  /b: { resource: https://b.example/, upstream: https://b }\n`;
const TEAM = `# Of a team.\nroutes:\n  /a:\n    resource: https://api.example/\n    upstream: https://a\n    scopes: [read]\n`;
const ONE = `${ISSUERS}routes:\n  /a: { resource: https://api.example/, upstream: https://a, scopes: [read] }\n  /b: { resource: https://b.example/, upstream: https://b }\n`;

const write = (team = TEAM) => writeConfiguration(MAIN, { files: { 'routes.d/a.yaml': team } });

async function runCheck(file: string, format: 'text' | 'json' | 'github'): Promise<readonly string[]> {
  const lines: string[] = [];
  await check(file, {}, line => lines.push(line.replaceAll(`${dirname(file)}/`, '')), { format });
  return lines;
}

describe('check', () => {
  const broken = TEAM.replace('scopes', 'scope');

  test('text: the line of the included file; the summary counts all routes', async () => {
    expect((await runCheck(write(broken), 'text'))[0]).toMatch(
      /^routes\.d\/a\.yaml:6:5: routes\.\/a\.scope: unknown key/,
    );
    expect(await runCheck(write(), 'text')).toEqual(['audgate.yaml: ok, 2 routes, 1 issuer']);
  });

  test('json: each problem has its file', async () => {
    const [line = ''] = await runCheck(write(broken), 'json');
    expect(JSON.parse(line)).toMatchObject({
      file: 'audgate.yaml',
      ok: false,
      problems: [{ file: 'routes.d/a.yaml', line: 6, column: 5, code: 'unknown-key' }],
    });
  });

  test('github: an annotation at the included file', async () => {
    expect((await runCheck(write(broken), 'github'))[0]).toMatch(/^::error file=routes\.d\/a\.yaml,line=6,col=5,/);
  });
});

describe('explain', () => {
  const AT = ['--at', '2026-11-20T10:00:00Z'];

  test('a route of an included file: its file and line; one of the file itself: that', async () => {
    const file = write();
    const ask = async (path: string) => {
      const { stdout } = await runExplain(['--config', file, ...AT, '--json', `https://gateway${path}`]);
      return JSON.parse(stdout);
    };
    const included = join(dirname(file), 'routes.d/a.yaml');
    expect((await ask('/a')).route).toMatchObject({ key: '/a', file: included, line: 3 });
    expect((await ask('/b')).route).toMatchObject({ key: '/b', file, line: 4 });
    expect((await ask('/a')).configuration).toMatchObject({ file, included: [{ file: included }] });
  });

  test('a remedy at a route: in its file', async () => {
    const file = write();
    const { stdout } = await runExplain([
      '--config',
      file,
      ...AT,
      '--json',
      '--method',
      'GET',
      'https://gateway/a/%2F',
    ]);
    const { remedy, reason } = JSON.parse(stdout);
    expect(reason).toBe('ambiguous_path');
    expect(remedy).toMatchObject({ file: join(dirname(file), 'routes.d/a.yaml'), line: 3 });
  });
});

test('simulate: routes moved to another file: nothing changes; changed there: told', async () => {
  const from = writeConfiguration(ONE);
  const log = join(dirname(from), 'access.ndjson');
  writeFileSync(log, `${exampleEntry({ enforcement: 'enforce', host: 'gateway' })}\n`);
  expect(await runSimulate({ config: write(), from, log })).toMatchObject({ code: 0 });
  expect(await runSimulate({ config: write(TEAM.replace('[read]', '[write]')), from, log })).toMatchObject({ code: 3 });
});
