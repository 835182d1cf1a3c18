/** Lists that are read without the YAML parser: the same entries as by the parser, and errors at the same places. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { formatDiagnostic } from '../../../../src/config/diagnostics/diagnostic.ts';
import { DiagnosticCollector } from '../../../../src/config/diagnostics/diagnostic-collector.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import { readJsonEntries } from '../../../../src/config/revoked/json-entries.ts';
import { readLineEntries } from '../../../../src/config/revoked/line-entries.ts';
import { readContent } from '../../../../src/config/source/content.ts';
import { YamlDocument } from '../../../../src/config/source/document.ts';

const folder = mkdtempSync(join(tmpdir(), 'audgate-revoked-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the YAML parser makes of `text`; `undefined` where it has an error. */
function parse(text: string): unknown {
  const { document, syntaxErrors } = YamlDocument.parse(text);
  const diagnostics = new DiagnosticCollector('list', document);
  const content = syntaxErrors.length > 0 ? undefined : readContent(document, undefined, diagnostics);
  return diagnostics.hasErrors ? undefined : content;
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

const word = fc.constantFrom(
  'a',
  '7c1e-0a',
  'true',
  '12',
  '0x1F',
  '1e3',
  '1.5',
  'null',
  'a:b',
  'a: b',
  '~',
  '#x',
  'https://i/',
  "'q'",
  '"d"',
  '"d\\n"',
  '- x',
  '2026-11-26T08:00:00Z',
  '',
  '.5',
  '{a}',
  'x # y',
  '*a',
  '&a b',
  '!t',
  '|',
  '__proto__',
);
const name = fc.constantFrom('jti', 'sub', 'iss', 'client_id', '__proto__', 'constructor', '"jti"', 'a b');
const pair = fc.tuple(name, fc.constantFrom(': ', ':', ' : ', ':  '), word).map(parts => parts.join(''));
const line = fc.oneof(
  { weight: 4, arbitrary: pair.map(text => `- ${text}`) },
  { weight: 3, arbitrary: fc.array(pair, { maxLength: 3 }).map(pairs => `- { ${pairs.join(', ')} }`) },
  { weight: 2, arbitrary: pair.map(text => `  ${text}`) },
  fc.constantFrom('', '# a comment', '---', '...', '- ', '    more', '\tx', 'jti: a', '-', '  # c', '- {}', '- [a]'),
);

test('lines of YAML: where they are read without the parser, the same entries as with it', () => {
  const seen = { read: 0, left: 0 };
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), fc.constantFrom('\n', '\r\n'), (lines, end) => {
      const text = lines.join(end);
      const found = readLineEntries(text);
      seen[found ? 'read' : 'left'] += 1;
      if (!found || found.entries.some((_, index) => found.isUnclear(index))) return;
      expect(plain(found.entries)).toEqual(plain(parse(text)));
    }),
    { numRuns: 20_000 },
  );
  expect(Math.min(seen.read, seen.left)).toBeGreaterThan(100);
});

test('JSON: the start of each entry, and entries with a member twice', () => {
  const text = ' [ {"jti":"a,[{\\"}"},\n\t{"jti":"b",  "jti":"c"}, 7, {"x":{"y":1}} ] ';
  const found = readJsonEntries(text);
  expect(found?.entries).toHaveLength(4);
  expect([0, 1, 2, 3].map(index => found?.isUnclear(index))).toEqual([false, true, false, true]);
  expect([0, 1, 2, 3].map(index => found?.textOf(index)?.text)).toEqual([
    '{"jti":"a,[{\\"}"}',
    '{"jti":"b",  "jti":"c"}',
    '7',
    '{"x":{"y":1}}',
  ]);
  expect(found?.textOf(1)).toMatchObject({ line: 2, column: 2 });
  expect(readJsonEntries('[{ jti: a }]')).toBeUndefined();
  expect(readJsonEntries('{"jti":"a"}')).toBeUndefined();
});

describe('errors, at their places in the file', () => {
  const problems = (list: string, file = 'list') => {
    writeFileSync(join(folder, file), list);
    const yaml = join(folder, 'a.yaml');
    const rest =
      'issuers: { https://i: { jwks_uri: https://i/k } }\nroutes: { /: { public: true, upstream: "http://127.0.0.1:9" } }\n';
    writeFileSync(yaml, `revoked: "\${file:${file}}"\n${rest}`);
    const loaded = loadConfig(yaml, {});
    const found = loaded.ok ? loaded.warnings : loaded.diagnostics;
    return found
      .map(each => formatDiagnostic(each).replaceAll(`${folder}/`, ''))
      .filter(each => !each.includes('issuers.'));
  };

  test.each<readonly [string, string, string]>([
    ['nothing is named', '- jti: a\n- {}\n', 'list:2:3: revoked[1]: the entry names nothing'],
    ['sub without iss', '[{"jti":"a"},\n  {"sub":"b"}]', 'list:2:3: revoked[1].iss: missing key "iss"'],
    ['an unknown key', '- jti: a\n- jit: b\n', 'list:2:3: revoked[1].jit: unknown key "jit"'],
    ['a number', '- jti: a\n  iss: https://i\n- jti: 12\n', 'list:3:8: revoked[1].jti: found a number'],
    [
      'a date that is none',
      '- { client_id: a, issued_before: 2026-02-30T00:00:00Z }\n',
      'list:1:34: revoked[0].issued_before:',
    ],
    ['a key twice', '[{"jti":"a","jti":"b"}]', 'list:1:13: revoked[0].jti: duplicate key "jti"'],
    ['an entry that is text', '["a"]', 'list:1:2: revoked[0]: found a string'],
    ['a map', '{"jti":"a"}', 'list:1:1: the file holds no list'],
    ['nothing at all', '', 'list:1:1: the file is empty'],
    ['no YAML', '- jti: [a\n', 'list:'],
    [
      'an issuer that is none',
      '- { sub: a, iss: https://other }\n',
      'list:1:18: warning: revoked[0].iss: is no key under issuers',
    ],
  ])('%s', (_name, list, problem) => {
    expect(problems(list)).toEqual([expect.stringContaining(problem)]);
  });

  test('a file that is not there: at the reference', () => {
    writeFileSync(
      join(folder, 'a.yaml'),
      'revoked: "${file:absent}"\nroutes: { /: { public: true, upstream: "http://127.0.0.1:9" } }\n',
    );
    const loaded = loadConfig(join(folder, 'a.yaml'), {});
    expect(!loaded.ok && loaded.diagnostics.map(formatDiagnostic).join()).toContain(
      'a.yaml:1:10: revoked: "${file:absent}" names a file that does not exist',
    );
  });

  test('a hundred thousand wrong entries: a thousand errors, in a moment', () => {
    const list = Array.from({ length: 100_000 }, () => '- jit: a\n').join('');
    expect(problems(list).length).toBeLessThanOrEqual(1001);
  });
});
