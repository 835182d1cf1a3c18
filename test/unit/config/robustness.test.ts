import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDiagnostic } from '../../../src/config/diagnostics/diagnostic.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { EXAMPLE, writeConfiguration } from './configuration.ts';

const file = writeConfiguration('');
const FORM = new RegExp(`^${file.replaceAll('.', '\\.')}:[1-9]\\d*:[1-9]\\d*: \\S.*$`, 'u');

/** Any content gives a configuration, or well-formed diagnostics with at least one error. */
function expectResult(content: string | Uint8Array): void {
  writeFileSync(file, content);
  const result = loadConfig(file, { SECRET: 'x' });
  const diagnostics = result.ok ? result.warnings : result.diagnostics;
  if (!result.ok) expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
  for (const diagnostic of diagnostics) expect(formatDiagnostic(diagnostic)).toMatch(FORM);
}

const fragments = [
  ...': |- |? |&a |*a|!x |[|]|{|}|,|\n|\n  |\n    |"|\'|#|%|${|}|SECRET|:-|file:/|<<|---\n|\t|__proto__|constructor'.split(
    '|',
  ),
  ...[
    'listen',
    'issuers',
    'routes',
    'resource',
    'upstream',
    'scopes',
    'https://x',
    '/a',
    'null',
    'true',
    '1e999',
    '.nan',
    '> ',
    '| ',
  ],
];

test('random YAML-like text: loaded or rejected, never thrown', () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...fragments), fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(text, pieces => expectResult(pieces.join(''))),
    { numRuns: 1_000 },
  );
});

test('random edits of the example: loaded or rejected, never thrown', () => {
  const edit = fc.record({
    at: fc.nat(EXAMPLE.length),
    removed: fc.nat(30),
    added: fc.oneof(fc.constantFrom(...fragments), fc.string({ unit: 'binary', maxLength: 3 })),
  });
  const mutate = (text: string, { at, removed, added }: { at: number; removed: number; added: string }) =>
    text.slice(0, at) + added + text.slice(at + removed);
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), edits => expectResult(edits.reduce(mutate, EXAMPLE))),
    { numRuns: 1_000 },
  );
});

test('random values for random keys: loaded or rejected, never thrown', () => {
  const keys = [
    'listen',
    'admin',
    'issuers',
    'routes',
    'https://x',
    '/a',
    'resource',
    'upstream',
    'scopes',
    'keys',
    'audiences',
    'public',
  ];
  const value = fc.jsonValue({ maxDepth: 2 });
  const entries = fc.dictionary(
    fc.constantFrom(...keys),
    fc.oneof(value, fc.dictionary(fc.constantFrom(...keys), value)),
  );
  const content = fc.dictionary(fc.constantFrom(...keys), fc.oneof(value, entries));
  fc.assert(
    fc.property(content, object => expectResult(JSON.stringify(object))),
    { numRuns: 500 },
  );
});

test('random bytes: loaded or rejected, never thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), bytes => expectResult(bytes)),
    { numRuns: 200 },
  );
});
