/** The token that `explain` reads: from a file or standard input, in what forms; nothing of it is printed. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { BILLING, billing, explain, file, folder, issuer, SLIPPED, sign, useExplainFixture } from './fixture.ts';

useExplainFixture();

describe('the token', () => {
  test('a file with Bearer and white space around the token: read', async () => {
    const name = join(folder, 'token.txt');
    writeFileSync(name, `\n Bearer ${await sign({})}\r\n`);
    const { code } = await runExplain(['--config', file, '--token-file', name, billing()]);
    expect(code).toBe(0);
  });

  test.for([
    ['as an argument', ['eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln']],
    ['as an option', ['--token', 'c2VjcmV0', '/billing']],
    ['as the name of its file', ['--token-file', SLIPPED, '/billing']],
    ['as a method', ['--method', SLIPPED, '/billing']],
    ['as a time', ['--at', SLIPPED, '/billing']],
    ['in the path', [`https://gateway.example.com/reset/${SLIPPED}`]],
    ['in the fragment', [`https://gateway.example.com/billing#access_token=${SLIPPED}`]],
  ] as const)('%s is refused with the reason, and not repeated', async ([, args]) => {
    const { code, stdout, stderr } = await runExplain(['--config', file, ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('shell history');
    for (const argument of args.filter(each => !/^(?:--|\/)/.test(each))) expect(stderr).not.toContain(argument);
    expect(stderr).not.toContain(SLIPPED);
  });

  test('an opaque token, an option, a fragment: not repeated', async () => {
    const slips = [
      ['--token-file', 'ya29secret', '/billing'],
      ['--method', 'secret', '/billing'],
      ['--at', 'secret', '/billing'],
      ['/billing#access_token=secret'],
      ['--json', '/billing#access_token=secret?x'],
    ];
    for (const args of slips) {
      const { code, stdout, stderr } = await runExplain(['--config', file, ...args]);
      expect(code).not.toBe(0);
      expect(stdout + stderr).not.toContain('secret');
    }
  });

  test('a file over 64 KiB, empty or missing: exit 1 with the reason', async () => {
    const ask = (name: string, input: string) =>
      runExplain(['--config', file, '--token-file', name, '/billing'], input);
    const answers = await Promise.all([ask('-', 'x'.repeat(70_000)), ask('-', ' \n'), ask(join(folder, 'absent'), '')]);
    expect(answers.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(answers.map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining('larger than 64 KiB'),
      expect.stringContaining('is empty'),
      expect.stringContaining('cannot be read (ENOENT)'),
    ]);
  });
});

test.for([
  ['a configuration with mistakes', ['--config', 'package.json', '/billing'], 'package.json:'],
  ['no URL', [], 'explain takes one URL'],
  ['a URL without a scheme', ['gateway.example.com/billing'], 'expected https://HOST/PATH'],
  ['a URL with user information', ['https://user:secret@gateway.example.com/'], 'user information'],
  ['a time without a zone', ['--at', '2026-01-01', '/billing'], 'expected RFC 3339'],
  ['a method in lower case', ['--method', 'get', '/billing'], 'upper case'],
] as const)('%s: exit 1, and why on standard error', async ([, args, why]) => {
  const config = args[0] === '--config' ? [] : ['--config', file];
  const { code, stdout, stderr } = await runExplain([...config, ...args]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(why);
  expect(stderr).not.toContain('secret');
});

test('control characters in claims: escaped in text and JSON', async () => {
  const evil = '\x1b[2J\x07\u202e\u009b31m\u2066\u200b\u2028';
  const claims = { aud: evil.repeat(99), iss: `https://x/${evil}`, sub: evil, scope: evil };
  for (const each of [claims, { ...claims, iss: issuer.issuer }, { sub: `alice${evil}`, aud: BILLING }]) {
    const token = await issuer.sign({ claims: each, header: { kid: 'key-1' } });
    const { stdout } = await explain(token, billing());
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    const json = await explain(token, billing(), '--json');
    expect(json.stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(stdout.split('\n').every(line => line.length < 3000)).toBe(true);
  }
});
