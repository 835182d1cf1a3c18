import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../../src/config/load.ts';
import { EXAMPLE, load, writeConfiguration } from '../configuration.ts';
import { createIncludedJsonSchema, createJsonSchema, type JsonSchema } from './json-schema.ts';

const CONFIG = join(import.meta.dirname, '../../../../config');
const FILE = join(CONFIG, 'audgate.schema.json');
const schema = createJsonSchema();

/** Draft-07; `patternErrorMessage` is an extension of editors. */
const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true });
ajv.addKeyword({ keyword: 'patternErrorMessage', schemaType: 'string' });
const validate = ajv.compile(schema);
ajv.addSchema(schema, 'audgate.schema.json');

/** @returns `PLACE KEYWORD` of each error that an editor shows for `text`. */
function listEditorErrors(text: string): string[] {
  return validate(parse(text)) ? [] : (validate.errors ?? []).map(error => `${error.instancePath} ${error.keyword}`);
}

/** A route at `/a`, its lines indented by two. */
function route(lines: string): string {
  return `routes:\n  /a:\n    upstream: http://a\n    resource: https://a/\n    ${lines}\n`;
}

describe('config/audgate.schema.json', () => {
  test('the file: equal to the schema of the gateway (`npm run schema` writes it)', async () => {
    expect(existsSync(FILE)).toBe(true);
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(FILE);
  });

  test('the schema: valid draft-07', () => {
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(ajv.validateSchema(schema)).toBe(true);
  });

  test('every key: described, also under names that operators choose', () => {
    const keys = listKeys(schema);
    const some = ['listen', 'issuers.*', 'issuers.*.keys.max_stale', 'routes.*.timeouts.idle', 'routes.*.scopes.*'];
    expect(keys.map(([key]) => key)).toEqual(expect.arrayContaining(some));
    expect(keys.filter(([, description]) => !description)).toEqual([]);
  });

  test('every map: unknown keys not allowed', () => {
    const open = listSchemas(schema).filter(
      ({ type, additionalProperties }) => type === 'object' && !additionalProperties,
    );
    expect(open.length).toBeGreaterThan(5);
    expect(open.filter(({ additionalProperties }) => additionalProperties !== false)).toEqual([]);
  });
});

describe('config/audgate.routes.schema.json', () => {
  const INCLUDED = join(CONFIG, 'audgate.routes.schema.json');
  const included = createIncludedJsonSchema();
  const validateIncluded = ajv.compile(included);
  const ROUTES = { '/a': { public: true, upstream: 'http://a' } };

  test('the file: equal to the schema of included files (`npm run schema` writes it)', async () => {
    await expect(`${JSON.stringify(included, null, 2)}\n`).toMatchFileSnapshot(INCLUDED);
  });

  test.each(['billing', 'profile'])('config/teams/routes.d/%s.yaml: names it, and is valid by it', name => {
    const file = join(CONFIG, 'teams/routes.d', `${name}.yaml`);
    const text = readFileSync(file, 'utf8');
    const [, place = ''] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? [];
    expect(resolve(dirname(file), place)).toBe(INCLUDED);
    expect(validateIncluded(parse(text))).toBe(true);
  });

  test('config/teams: loaded without a warning', () => {
    const loaded = loadConfig(join(CONFIG, 'teams/audgate.yaml'), {});
    expect(loaded).toMatchObject({ ok: true, warnings: [] });
    expect(loaded.ok && loaded.config.routes.map(({ key }) => key)).toEqual(['/billing', '/profile']);
  });

  test.each([
    [{ routes: ROUTES }, true],
    [{}, false],
    [{ routes: ROUTES, listen: ':80' }, false],
    [{ routes: ROUTES, include: ['b.yaml'] }, false],
    [{ routes: { '/a': { upstream: 'http://a' } } }, false],
  ])('%j: valid %s', (tree, isValid) => {
    expect(validateIncluded(tree)).toBe(isValid);
  });
});

describe('editor shows no error', () => {
  const files = ['audgate.yaml', 'demo.yaml', 'teams/audgate.yaml'].map(
    name => [name, readFileSync(join(CONFIG, name), 'utf8')] as const,
  );

  test.each([...files, ['the example of the reference', EXAMPLE] as const])('%s', (_name, text) => {
    expect(listEditorErrors(text)).toEqual([]);
  });

  test.each(files)('%s: its first line names the schema file', (name, text) => {
    const [, place = ''] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? [];
    expect(resolve(dirname(join(CONFIG, name)), place)).toBe(FILE);
  });

  test.each([
    'public: ${P}',
    'enforcement: ${MODE:-report}',
    'timeouts: { connect: "${T}", idle: "${N:-5}m" }',
    'limits: { in_flight: "${N}", body: none }',
    'limits: { in_flight: 5 }',
    'limits: { in_flight: "5", body: 10MiB }',
    'name: ${file:/run/secrets/name}',
    'audiences: [urn:x, "*", "${A}"]',
    'scopes: ["${S}", "a:b"]',
    'scopes: { "*": [], GET: [x], M-SEARCH /a/b: [y] }',
    'allow_encoded: [";", "%2f"]',
    'claims_to_headers: { X-User: sub }',
  ])('%s', line => expect(listEditorErrors(route(line))).toEqual([]));

  test('references, an issuer without settings, every form of an address', () => {
    const text = `listen: \${L}\nadmin: "[::1]:9090"\ntrusted_proxies: [10.0.0.0/8, "::1", "\${P}"]
issuers: { https://i.example: , "HTTPS://j.example/x": { algorithms: [RS256, ML-DSA-44, "\${A}"], jwks_uri: "\${J}" } }
routes: { /: { public: true, upstream: "\${U}" }, "[::1]/a": { resource: "http://\${H}/", upstream: http://x }, A.b/c: { resource: "HTTP://A:1?x=/@", upstream: http://x/ } }`;
    expect(listEditorErrors(text)).toEqual([]);
  });

  test('random edits of the example that the gateway accepts', () => {
    const edit = fc.record({
      at: fc.nat(EXAMPLE.length),
      removed: fc.nat(2),
      added: fc.oneof(fc.string({ unit: 'grapheme-ascii', maxLength: 2 }), fc.constantFrom('${X:-a}', '/', '@', 'A')),
    });
    const file = writeConfiguration('');
    let accepted = 0;
    const check = ({ at, removed, added }: { at: number; removed: number; added: string }) => {
      const text = EXAMPLE.slice(0, at) + added + EXAMPLE.slice(at + removed);
      writeFileSync(file, text);
      if (!loadConfig(file, {}).ok) return;
      accepted += 1;
      expect(listEditorErrors(text)).toEqual([]);
    };
    fc.assert(fc.property(edit, check), { numRuns: 500 });
    expect(accepted).toBeGreaterThan(50);
  });
});

const WRONG: [string, string][] = [
  [route('upsteam: http://a'), '/routes/~1a additionalProperties'],
  [`lisen: :80\n${route('')}`, ' additionalProperties'],
  ['listen: :80', ' required'],
  ['routes: { /a: { upstream: http://a } }', '/routes/~1a anyOf'],
  [route('public: yes'), '/routes/~1a/public pattern'],
  [route('timeouts: { connect: 5 }'), '/routes/~1a/timeouts/connect type'],
  [route('timeouts: { connect: 5 sec }'), '/routes/~1a/timeouts/connect pattern'],
  [route('limits: { body: 10MB }'), '/routes/~1a/limits/body pattern'],
  [route('limits: { in_flight: 0 }'), '/routes/~1a/limits/in_flight minimum'],
  [route('limits: { in_flight: many }'), '/routes/~1a/limits/in_flight pattern'],
  [route('enforcement: strict'), '/routes/~1a/enforcement anyOf'],
  [route('upstream_token: swap'), '/routes/~1a/upstream_token anyOf'],
  [route('scopes: read'), '/routes/~1a/scopes anyOf'],
  [route('scopes: { get: [a] }'), '/routes/~1a/scopes propertyNames'],
  [route('scopes: [a, a]'), '/routes/~1a/scopes uniqueItems'],
  [route('scopes: ["a b"]'), '/routes/~1a/scopes/0 pattern'],
  [route('name: ""'), '/routes/~1a/name minLength'],
  [route('claims_to_headers: { "X User": sub }'), '/routes/~1a/claims_to_headers propertyNames'],
  ['routes: { a/: { public: true, upstream: a:80 } }', '/routes/a~1/upstream pattern'],
  ['routes: { a: { public: true, upstream: http://a } }', '/routes propertyNames'],
  [`listen: "8080"\n${route('')}`, '/listen pattern'],
  [`trusted_proxies: [10.0.0.0/8/8]\n${route('')}`, '/trusted_proxies/0 pattern'],
  [`revoked: [{ sub: mallory }]\n${route('')}`, '/revoked/0 dependencies'],
  [`revoked: [{}]\n${route('')}`, '/revoked/0 minProperties'],
  [`issuers: { "": { jwks_file: k } }\n${route('')}`, '/issuers propertyNames'],
  [`issuers: { https://i: { algorithms: [HS256] } }\n${route('')}`, '/issuers/https:~1~1i/algorithms/0 anyOf'],
];

describe('editor shows an error, and the gateway rejects', () => {
  test.each(WRONG)('%j', (text, error) => {
    expect(listEditorErrors(text)).toContain(error);
    expect(load(text).ok).toBe(false);
  });
});

/** Every key with its description; `*` is one that operators choose. */
function listKeys(node: JsonSchema, path = ''): [string, string | undefined][] {
  const entries = Object.entries(listChildren(node));
  const inner = entries.flatMap(([key, child]): [string, string | undefined][] => [
    [`${path}${key}`, child.description],
    ...listKeys(child, `${path}${key}.`),
  ]);
  return [...inner, ...listBranches(node).flatMap(branch => listKeys(branch, path))];
}

function listSchemas(node: JsonSchema): JsonSchema[] {
  return [node, ...[...Object.values(listChildren(node)), ...listBranches(node)].flatMap(listSchemas)];
}

function listChildren({ properties, additionalProperties }: JsonSchema): Record<string, JsonSchema> {
  const rest = typeof additionalProperties === 'object' ? { '*': additionalProperties } : {};
  return { ...(properties as Record<string, JsonSchema> | undefined), ...rest };
}

function listBranches({ anyOf, items }: JsonSchema): JsonSchema[] {
  return [...(anyOf ?? []), ...(items === undefined ? [] : [items])].filter(isSchema);
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
