/** Random worlds, requests and tokens, well-formed or not, for the comparison of `explain` with a running gateway. */

import fc from 'fast-check';

const RESOURCES = ['https://a.example/', 'https://a.example', 'https://b.example/v1'];
const SCOPES = ['read', 'write'];
const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);

/** What a client sends in place of `Bearer TOKEN`; the file holds each as a field, and the gateway gets each as a field. */
export const FORMS = new Map<string, (token: string) => readonly string[]>([
  ['field', token => [`Bearer ${token}`]],
  ['lower case', token => [`bearer   ${token}  `]],
  ['another scheme', token => [`JWT ${token}`]],
  ['colon', token => [`Bearer: ${token}`]],
  ['no scheme', token => [token]],
  ['tab', token => [`Bearer\t${token}`]],
  ['scheme twice', token => [`Bearer Bearer ${token}`]],
  ['scheme alone', () => ['Bearer']],
  ['empty', () => ['']],
  ['two fields', token => [`Bearer ${token}`, `Bearer ${token}`]],
  ['two in one', token => [`Bearer ${token}, Bearer ${token}`]],
  ['Basic before it', token => [`Basic eDp5, Bearer ${token}`]],
  ['quoted', token => [`Bearer "${token}"`]],
  ['undefined', () => ['Bearer undefined']],
  ['placeholder', () => ['Bearer <token>']],
  ['something behind it', token => [`Bearer ${token} x`]],
  ['padded', token => [`Bearer ${token}=`]],
]);

export const routes = fc.uniqueArray(
  fc.record({
    key: pick('/', '/a', '/a/b', '/%40c', 'one.example/', 'one.example/a', '/d', '/e'),
    isPublic: fc.nat(9).map(number => number === 9),
    resource: pick(...RESOURCES),
    hasAlias: fc.boolean(),
    multiple: pick('any', 'known', 'only'),
    enforcement: pick('report', 'verify', 'enforce', 'enforce', 'enforce'),
    allow: pick<readonly string[]>([], ['%2F'], [';']),
    onlyFirstIssuer: fc.boolean(),
    forwardToken: fc.boolean(),
    scopes: pick<unknown>([], ['read'], { GET: ['read'], 'POST /b': SCOPES }, { '*': [], 'GET /b': ['write'] }),
  }),
  { selector: ({ key }) => key, minLength: 2, maxLength: 6 },
);
export type World = typeof routes extends fc.Arbitrary<infer Value> ? Value : never;

export const tokens = fc.record({
  kind: pick(
    ...Array<string>(10).fill('good'),
    'none',
    'opaque',
    'expired',
    'early',
    'stranger',
    'unknown key',
    'bad',
    'no exp',
    'exp in milliseconds',
    'exp as text',
    'numeric kid',
    'other alg',
    'nonce',
    'kind',
    'down',
  ),
  issuer: pick(0, 0, 1, 3),
  form: pick(...Array<string>(24).fill('alone'), 'response', ...FORMS.keys()),
  typ: pick('at+jwt', 'at+jwt', 'at+jwt', 'JWT'),
  aud: fc.oneof(
    pick<unknown>(...RESOURCES),
    pick<unknown>(RESOURCES),
    pick<unknown>(RESOURCES),
    pick<unknown>(
      undefined,
      [],
      7,
      'alias:https://a.example/',
      'HTTPS://a.example/',
      'https://a.example/ https://b.example/v1',
    ),
    fc.subarray(RESOURCES),
  ),
  scope: fc.oneof(
    fc.subarray(SCOPES).map(list => list.join(' ')),
    fc.subarray(SCOPES).map(list => list.join(' ')),
    pick<unknown>(undefined, 'read,write', ['read', 'write'], ['read write'], 'READ', 'api://a/read', { read: true }),
  ),
});
export type Token = typeof tokens extends fc.Arbitrary<infer Value> ? Value : never;

export const questions = fc.record({
  host: pick('one.example', 'ONE.example:8080', 'two.example', 'two.example', 'bad%host'),
  path: fc
    .array(pick('a', 'b', 'a', 'b', 'd', 'e', '@c', '%40c', '%61', 'b%2Fb', '..', '%2e', 'x;y', ''), { maxLength: 3 })
    .map(segments => `/${segments.join('/')}`),
  method: pick('GET', 'GET', 'POST', 'HEAD', 'DELETE'),
  metadata: fc.nat(15).map(number => number === 15),
  token: tokens,
});
export type Question = typeof questions extends fc.Arbitrary<infer Value> ? Value : never;
