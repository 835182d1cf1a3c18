/** Every reason that a token can have × mode × exception, over sockets, at the gateway and at the authorizer. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LogLine, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, type HeaderPair, headerValues, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { ask, formatQuestion } from '../authorizer/fixture.ts';

const MODES = ['report', 'verify', 'enforce'] as const;
type Mode = (typeof MODES)[number];
const EXCUSABLE = ['wrong_token_type', 'wrong_audience', 'wrong_claim', 'insufficient_scope'] as const;

const RESOURCE = 'https://api.example.com/';
const SIBLING = 'https://sibling.example.com/';
const CLIENT = 'batch';
const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);

interface Variant {
  /** Of the route's exceptions: each with these reasons. */
  readonly reasons: readonly string[];
  readonly client?: string;
  readonly until?: string;
  readonly more?: string;
  /** What it excuses to `CLIENT`; of `wrong_audience` only with these values of `presented`. */
  readonly excuses: readonly string[];
  readonly presented?: readonly string[];
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  none: { reasons: [], excuses: [] },
  all: { reasons: EXCUSABLE, excuses: EXCUSABLE },
  lapsed: { reasons: EXCUSABLE, until: inDays(-1), excuses: [] },
  'last-day': { reasons: EXCUSABLE, until: inDays(0), excuses: EXCUSABLE },
  'other-client': { reasons: EXCUSABLE, client: 'Batch', excuses: [] },
  'other-issuer': { reasons: EXCUSABLE, more: ', iss: https://other.example.com', excuses: [] },
  audience: { reasons: ['wrong_audience'], excuses: ['wrong_audience'] },
  sibling: {
    ...{ reasons: ['wrong_audience'], more: `, presented: "${SIBLING}"` },
    ...{ excuses: ['wrong_audience'], presented: [SIBLING] },
  },
  scope: { reasons: ['insufficient_scope'], excuses: ['insufficient_scope'] },
};

let issuer: TokenIssuer;
let silent: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, silent, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startUpstream()]);
  silent.jwks = undefined;
  const routes = Object.entries(VARIANTS).flatMap(([name, variant]) =>
    MODES.map(
      mode => `
  /${mode}-${name}:
    resource: ${RESOURCE}
    upstream: ${upstream.origin}
    enforcement: ${mode}
    would_deny_header: true
    scopes: { GET: [read] }
    claims: { tid: one }
    claims_to_headers: { X-User: sub }
    exceptions: [${formatException(variant)}]`,
    ),
  );
  gateway = await startGateway(`
authorizer: 127.0.0.1:0
revoked: [{ jti: stolen }]
issuers:
  ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} }
  ${silent.issuer}: { jwks_uri: ${silent.jwksUri} }
  https://other.example.com: { jwks_uri: ${issuer.jwksUri} }
routes:${routes.join('')}
  /sibling: { resource: ${SIBLING}, upstream: ${upstream.origin} }
`);
});

function formatException({ reasons, client = CLIENT, until = inDays(30), more }: Variant): string {
  if (reasons.length === 0) return '';
  const own = more?.includes('iss:') ? more : `${more ?? ''}, iss: ${issuer.issuer}`;
  return `{ client_id: ${client}, reasons: [${reasons.join(', ')}], until: ${until}, owner: team-batch${own} }`;
}

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer?.close(), silent?.close(), upstream?.close()]);
});

const seconds = () => Math.floor(Date.now() / 1000);
const good = { aud: RESOURCE, scope: 'read', tid: 'one', client_id: CLIENT };
type Credentials = () => Promise<readonly HeaderPair[]>;
const signed =
  (claims: object, header: object = {}): Credentials =>
  async () => [bearer(await issuer.sign({ claims: { ...good, ...claims }, header: { ...header } }))];

interface Row {
  /** All that is wrong with the request, in the order of the checks. */
  readonly wrong: readonly string[];
  readonly credentials: Credentials;
  readonly presented?: string;
  readonly method?: string;
  /** Whether the token verified, so that identity fields are set where it is forwarded. Default: yes. */
  readonly isVerified?: boolean;
  /** Default: `CLIENT`. */
  readonly client?: 'another';
}

const ROWS: Readonly<Record<string, Row>> = {
  'nothing wrong': { wrong: [], credentials: signed({}) },
  'another method': { wrong: ['method_not_allowed'], method: 'PUT', credentials: signed({}) },
  'no token': { wrong: ['missing_token'], isVerified: false, credentials: async () => [] },
  'an empty Bearer': {
    ...{ wrong: ['malformed_credentials'], isVerified: false },
    credentials: async () => [['Authorization', 'Bearer']],
  },
  'an ID token, of another type, too': {
    wrong: ['wrong_token_type'],
    credentials: signed({ token_use: 'id' }, { typ: 'JWT' }),
  },
  'no JWT': { wrong: ['malformed_token'], isVerified: false, credentials: async () => [bearer('x')] },
  'no exp': { wrong: ['malformed_token'], isVerified: false, credentials: signed({ exp: undefined }) },
  'an issuer nobody knows': {
    ...{ wrong: ['untrusted_issuer'], isVerified: false },
    credentials: signed({ iss: 'https://stranger.example.com' }),
  },
  'no keys': {
    ...{ wrong: ['keys_unavailable'], isVerified: false },
    credentials: async () => [bearer(await silent.sign({ claims: good }))],
  },
  'another key': { wrong: ['unknown_key'], isVerified: false, credentials: signed({}, { kid: 'x' }) },
  'another signature': {
    ...{ wrong: ['bad_signature'], isVerified: false },
    credentials: async () => [['Authorization', `${(await signed({})())[0]?.[1].slice(0, -8)}AAAAAAAA`]],
  },
  expired: { wrong: ['token_expired'], isVerified: false, credentials: signed({ exp: seconds() - 60 }) },
  'not yet valid': {
    ...{ wrong: ['token_not_yet_valid'], isVerified: false },
    credentials: signed({ nbf: seconds() + 600 }),
  },
  revoked: { wrong: ['revoked_token'], isVerified: false, credentials: signed({ jti: 'stolen' }) },
  'revoked, for a sibling': {
    ...{ wrong: ['revoked_token'], isVerified: false },
    credentials: signed({ jti: 'stolen', aud: SIBLING }),
  },
  'a revoked ID token': {
    ...{ wrong: ['wrong_token_type', 'revoked_token'], isVerified: false },
    credentials: signed({ jti: 'stolen', token_use: 'id' }),
  },
  'another type': { wrong: ['wrong_token_type'], credentials: signed({}, { typ: 'JWT' }) },
  'an ID token': { wrong: ['wrong_token_type'], credentials: signed({ token_use: 'id' }) },
  'an expired ID token': {
    ...{ wrong: ['wrong_token_type', 'token_expired'], isVerified: false },
    credentials: signed({ token_use: 'id', exp: seconds() - 60 }),
  },
  'for a sibling': { wrong: ['wrong_audience'], presented: SIBLING, credentials: signed({ aud: SIBLING }) },
  'for a stranger': { wrong: ['wrong_audience'], presented: 'foreign', credentials: signed({ aud: 'x' }) },
  'for nobody': { wrong: ['wrong_audience'], presented: 'missing', credentials: signed({ aud: undefined }) },
  'another claim': { wrong: ['wrong_claim'], credentials: signed({ tid: 'two' }) },
  'no scope': { wrong: ['insufficient_scope'], credentials: signed({ scope: '' }) },
  'for a sibling, without scope': {
    ...{ wrong: ['wrong_audience', 'insufficient_scope'], presented: SIBLING },
    credentials: signed({ aud: SIBLING, scope: '' }),
  },
  'another type, for a sibling, another claim, without scope': {
    ...{ wrong: [...EXCUSABLE], presented: SIBLING },
    credentials: signed({ aud: SIBLING, scope: '', tid: 'two' }, { typ: 'JWT' }),
  },
  'for a sibling, of azp': {
    ...{ wrong: ['wrong_audience'], presented: SIBLING },
    credentials: signed({ aud: SIBLING, client_id: undefined, azp: CLIENT }),
  },
  'for a sibling, of another client': {
    ...{ wrong: ['wrong_audience'], presented: SIBLING, client: 'another' },
    credentials: signed({ aud: SIBLING, client_id: 'web', azp: CLIENT }),
  },
  'for a sibling, of no client': {
    ...{ wrong: ['wrong_audience'], presented: SIBLING, client: 'another' },
    credentials: signed({ aud: SIBLING, client_id: [CLIENT] }),
  },
};

const isExcusable = (reason: string) => EXCUSABLE.some(each => each === reason);

/** By the rules of the reference. */
function foresee({ wrong, presented, isVerified = true, client }: Row, mode: Mode, variant: Variant): string {
  const isExcused = (reason: string) =>
    mode !== 'report' &&
    client === undefined &&
    variant.excuses.includes(reason) &&
    (reason !== 'wrong_audience' || (variant.presented ?? [presented]).includes(presented ?? ''));
  const isRefused = (reason: string) =>
    mode === 'enforce' || reason === 'revoked_token' || (mode === 'verify' && !isExcusable(reason));
  const refused = wrong.find(reason => isRefused(reason) && !isExcused(reason));
  if (refused !== undefined) return `denied ${refused}`;
  const [first] = wrong;
  const user = isVerified ? ' with X-User' : '';
  if (first === undefined) return `forwarded${user}`;
  return `reported ${first}${user}${wrong.some(isExcused) ? ` exception ${CLIENT}` : ''}`;
}

const describeLine = ({ outcome, reason, exception }: LogLine, user: string) =>
  [outcome, reason, user, exception && `exception ${exception}`].filter(Boolean).join(' ');

/** Sends it, and describes what became of it. */
async function send(via: 'proxy' | 'authorizer', route: string, { credentials, method = 'GET' }: Row) {
  const { length } = gateway.log.filter(({ msg }) => msg === 'request');
  const headers = [...(await credentials()), ['X-User', 'mallory'] as const];
  const response =
    via === 'proxy'
      ? await request(gateway.port, { path: route, method, headers })
      : await ask(gateway.authorizerPort, formatQuestion('forwarded', { target: route, method, headers }));
  const line = (await gateway.requestLines(length + 1)).at(-1) ?? {};
  const arrived = via === 'proxy' ? upstream.received.splice(0)[0]?.rawHeaders : response.headers;
  const isForwarded = line['outcome'] !== 'denied';
  expect([line['via'], response.status === 200]).toEqual([via, isForwarded]);
  expect(headerValues(response.headers, 'audgate-would-deny')).toEqual(
    line['outcome'] === 'reported' ? [line['reason']] : [],
  );
  const users = headerValues(arrived ?? [], 'x-user');
  expect(users.filter(user => user !== 'alice')).toEqual([]);
  return describeLine(line, isForwarded && users.length === 1 ? 'with X-User' : '');
}

const cells = (['proxy', 'authorizer'] as const).flatMap(via =>
  MODES.flatMap(mode => Object.entries(VARIANTS).map(([name, variant]) => ({ via, mode, name, variant }))),
);

const excused = new Map<string, number>();
const denials = new Map<string, number>();

/** As the metrics are to have it. */
function countOutcome(route: string, outcome: string, wrong: readonly string[], variant: Variant): void {
  const [is = '', reason = ''] = outcome.split(' ');
  const action = is === 'denied' ? 'refused' : 'forwarded';
  if (is !== 'forwarded') count(denials, `{route="${route}",reason="${reason}",action="${action}"}`);
  if (!outcome.includes('exception')) return;
  for (const each of wrong.filter(one => variant.excuses.includes(one))) {
    count(excused, `{route="${route}",exception="${CLIENT}",reason="${each}"}`);
    if (each !== reason) count(denials, `{route="${route}",reason="${each}",action="forwarded"}`);
  }
}

describe('each reason, by via, mode and exception', () => {
  test.each(cells)('$via, $mode, $name', async ({ via, mode, name, variant }) => {
    const route = `/${mode}-${name}`;
    const outcomes: Record<string, string> = {};
    for (const [row, request] of Object.entries(ROWS)) outcomes[row] = await send(via, route, request);
    const expected = Object.fromEntries(Object.entries(ROWS).map(([row, each]) => [row, foresee(each, mode, variant)]));
    expect(outcomes).toEqual(expected);
    for (const [row, outcome] of Object.entries(outcomes))
      countOutcome(route, outcome, ROWS[row]?.wrong ?? [], variant);
  });

  test('all of it: counted once each, also where several reasons of one request are excused', async () => {
    const page = await gateway.scrape();
    const read = (metric: string) =>
      new Map(
        [...page.matchAll(new RegExp(`^${metric}(\\{.*\\}) ([1-9]\\d*)$`, 'gm'))].map(
          ([, labels = '', value]) => [labels, Number(value)] as const,
        ),
      );
    expect(excused.size).toBeGreaterThan(10);
    expect(sorted(read('audgate_exceptions_used_total'))).toEqual(sorted(excused));
    expect(sorted(read('audgate_denials_total'))).toEqual(sorted(denials));
  });

  test('outcomes: each occurs', () => {
    const all = cells.flatMap(({ mode, variant }) => Object.values(ROWS).map(row => foresee(row, mode, variant)));
    const kinds = new Set(all.map(each => each.replace(/ with X-User/, '')));
    for (const reason of EXCUSABLE) {
      expect(kinds).toContain(`denied ${reason}`);
      expect(kinds).toContain(`reported ${reason}`);
      expect(kinds).toContain(`reported ${reason} exception ${CLIENT}`);
    }
  });
});

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const sorted = (counts: ReadonlyMap<string, number>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
