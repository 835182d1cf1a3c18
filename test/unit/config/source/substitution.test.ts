import { describe, expect, test } from 'vitest';
import { listDiagnostics, loadValid, type World } from '../configuration.ts';

/** @returns the `name` of the one route, which is `written`. */
function nameOf(written: string, world: World = {}): string | undefined {
  return loadValid(`routes:\n  /:\n    public: true\n    upstream: http://x\n    name: ${written}\n`, world).routes[0]
    ?.name;
}

describe('reference', () => {
  test.each([
    ['${NAME}', { NAME: 'x' }, 'x'],
    ['a ${NAME} b ${OTHER}', { NAME: 'x', OTHER: 'y' }, 'a x b y'],
    ['${NAME:-fallback}', {}, 'fallback'],
    ['${NAME:-fallback}', { NAME: '' }, 'fallback'],
    ['${NAME:-fallback}', { NAME: 'x' }, 'x'],
    ['a${NAME}', { NAME: '' }, 'a'],
    ['a${NAME:-}', {}, 'a'],
    ['${file:-x}', {}, 'x'],
    ['$NAME', { NAME: 'x' }, '$NAME'],
    ['${NAME}', { NAME: '${OTHER}', OTHER: 'y' }, '${OTHER}'],
    ['${NAME}', { NAME: '12345' }, '12345'],
    ['"${NAME}"', { NAME: 'true' }, 'true'],
    ['"${toString:-own}"', {}, 'own'],
  ])('%s with %o: %j', (written, environment, name) => {
    expect(nameOf(written, { environment })).toBe(name);
  });

  test('file: its content without one newline at the end', () => {
    expect(nameOf('${file:secret}', { files: { secret: 'x y\n\n' } })).toBe('x y\n');
    expect(nameOf('${file:./secret}', { files: { secret: 'x\r\n' } })).toBe('x');
  });

  test('true or false: a boolean in a plain scalar, a string in a quoted one', () => {
    const text = (value: string) => `routes:\n  /:\n    public: ${value}\n    upstream: http://x\n`;
    expect(loadValid(text('${X:-true}')).routes[0]?.public).toBe(true);
    expect(listDiagnostics(text('"${X:-true}"'))).toEqual([
      '3:13: routes./.public: found a string, expected true or false',
    ]);
  });
});

test('value with YAML syntax: one string, no keys or comments', () => {
  const value = 'x # no comment\n    public: false\n  /admin: { public: true }\n';
  const config = loadValid('routes:\n  /:\n    public: true\n    upstream: http://x\n    name: ${X}\n', {
    environment: { X: value },
  });
  expect(config.routes.map(({ key, name }) => [key, name])).toEqual([['/', value]]);
});

test('reference in a key: not replaced', () => {
  const text = 'routes:\n  /${X}:\n    public: true\n    upstream: http://x\n';
  expect(listDiagnostics(text, { environment: { X: 'y' } })).toEqual([
    '2:3: routes./${X}: "/${X}" has a ${…}, which is replaced in values, not in keys, expected the path itself',
  ]);
});

test('file over 64 KiB: rejected', () => {
  const text = 'routes:\n  /:\n    public: true\n    upstream: ${file:big}\n';
  expect(listDiagnostics(text, { files: { big: 'x'.repeat(64 * 1024 + 1) } })).toEqual([
    '4:15: routes./.upstream: "${file:big}" names a file that is larger than 64 KiB, expected a readable file of at most 64 KiB',
  ]);
});

test('errors about substituted values: the value is in no message', () => {
  const secret = 'S3cr3t-vAlue';
  const values = ['"${S}"', '"https://${S}/#x"', '"ws://${S}"', '"${S}s"', '"${file:secret}"'];
  const keys = [
    'listen',
    'admin',
    'upstream',
    'resource',
    'enforcement',
    'multiple_audiences',
    'public',
    'scopes',
    'timeouts',
  ];
  for (const value of values) {
    const top = `listen: ${value}\nadmin: ${value}\nissuers:\n  https://i.example:\n    jwks_uri: ${value}\n    jwks_file: ${value}\n    algorithms: [${value}, ${value}]\n    keys: { refresh: ${value} }\n`;
    const lines = keys.map(key => `    ${key}: ${value}\n`).join('');
    const lists = ['audiences', 'issuers', 'allow_encoded'].map(key => `    ${key}: [${value}, ${value}]\n`).join('');
    const text = `${top}routes:\n  /a:\n${lines}${lists}  /b:\n    resource: https://b\n    audiences: [${value}]\n  /c:\n    resource: https://c\n    audiences: [${value}]\n`;
    const diagnostics = listDiagnostics(text, { environment: { S: secret }, files: { secret } });
    expect(diagnostics.length).toBeGreaterThan(12);
    expect(diagnostics.join('\n').toLowerCase()).not.toContain(secret.toLowerCase());
  }
});
