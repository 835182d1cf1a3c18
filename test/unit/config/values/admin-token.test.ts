import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { listCodes, load, loadValid } from '../configuration.ts';

const TOKEN = 'b4ttery-h0rse-st4ple';
const ROUTES = 'routes: { /a: { public: true, upstream: "http://a.example" } }\n';
const HASH = createHash('sha256').update(TOKEN).digest('hex');

test('token in the file, a variable or a file: only its hash is kept', () => {
  const sources = [
    [TOKEN, {}],
    ['${TOKEN}', { environment: { TOKEN } }],
    ['${file:token}', { files: { token: `${TOKEN}\n` } }],
  ] as const;
  for (const [written, world] of sources) {
    const config = loadValid(`admin_token: ${written}\n${ROUTES}`, world);
    expect(config.adminTokenHash).toBe(HASH);
    expect(JSON.stringify(config)).not.toContain(TOKEN);
  }
  expect(loadValid(ROUTES).adminTokenHash).toBeUndefined();
});

test('empty default: no token; with admin off loopback the warning admin-open', () => {
  const written = `admin_token: \${TOKEN:-}\n${ROUTES}`;
  const outside = `admin: 0.0.0.0:9090\n${written}`;
  for (const environment of [{}, { TOKEN: '' }]) {
    expect(loadValid(written, { environment }).adminTokenHash).toBeUndefined();
    expect(listCodes(written, { environment })).toEqual([]);
    expect(listCodes(outside, { environment })).toEqual(['admin-open']);
  }
  expect(loadValid(outside, { environment: { TOKEN } }).adminTokenHash).toBe(HASH);
  expect(listCodes(outside, { environment: { TOKEN } })).toEqual([]);
});

test.each([
  ['${TOKEN}', { environment: { TOKEN: '' } }],
  ['${file:token}', { files: { token: '\n' } }],
  ['${TOKEN:-}${TOKEN:-}', {}],
  ['"x${TOKEN:-}"', {}],
])('%s that becomes empty or short: an error, not an open page', (written, world) => {
  expect(load(`admin_token: ${written}\n${ROUTES}`, world).ok).toBe(false);
});

test.each(['fifteen-letters', `${TOKEN} with spaces`, `${TOKEN}\u00e9\u00e9`, 'x'.repeat(1025), '""', '[a, b]'])(
  'token that is weak or cannot be sent: rejected, not quoted (%#)',
  written => {
    const result = load(`admin_token: ${written}\n${ROUTES}`);
    expect(result.ok).toBe(false);
    const diagnostics = result.ok ? [] : result.diagnostics;
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({ path: 'admin_token', line: 1, column: 14 });
    expect(diagnostics[0]?.message).toContain('expected 16 to 1024 visible ASCII characters');
    if (written.length > 6) expect(diagnostics[0]?.message).not.toContain(written.slice(0, 10));
  },
);
