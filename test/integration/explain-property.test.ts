/** What `explain` says a gateway would answer is what a running gateway answers: random worlds, requests and tokens. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain } from '../../src/cli/explain.ts';
import { SEED } from '../support/fixed-seed.ts';
import { startGateway } from '../support/gateway.ts';
import { headerValues, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const WORLDS = 12;
const QUESTIONS = 40;
const RESOURCES = ['https://a.example/', 'https://a.example', 'https://b.example/v1'];
const SCOPES = ['read', 'write'];
const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);

const routes = fc.uniqueArray(
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
type World = typeof routes extends fc.Arbitrary<infer Value> ? Value : never;

const tokens = fc.record({
  kind: pick(
    'good',
    'good',
    'good',
    'good',
    'none',
    'opaque',
    'expired',
    'early',
    'stranger',
    'unknown key',
    'bad',
    'no exp',
    'down',
  ),
  issuer: pick(0, 0, 1),
  typ: pick('at+jwt', 'at+jwt', 'at+jwt', 'JWT'),
  aud: fc.oneof(
    pick<unknown>(...RESOURCES),
    pick<unknown>(undefined, [], 7, 'alias:https://a.example/'),
    fc.subarray(RESOURCES),
  ),
  scope: fc.subarray(SCOPES).map(list => list.join(' ')),
});
type Token = typeof tokens extends fc.Arbitrary<infer Value> ? Value : never;

const questions = fc.record({
  host: pick('one.example', 'ONE.example:8080', 'two.example', 'two.example', 'bad%host'),
  path: fc
    .array(pick('a', 'b', 'a', 'b', 'd', 'e', '@c', '%40c', '%61', 'b%2Fb', '..', '%2e', 'x;y', ''), { maxLength: 3 })
    .map(segments => `/${segments.join('/')}`),
  method: pick('GET', 'GET', 'POST', 'HEAD', 'DELETE'),
  metadata: fc.nat(15).map(number => number === 15),
  token: tokens,
});
type Question = typeof questions extends fc.Arbitrary<infer Value> ? Value : never;

test(`${WORLDS * QUESTIONS} random requests: status, reason and challenge are what explain says`, async () => {
  const issuers = await Promise.all([startTokenIssuer(), startTokenIssuer('RS256'), startTokenIssuer()]);
  if (issuers[2]) issuers[2].jwks = undefined;
  const upstream = await startUpstream();
  const folder = mkdtempSync(join(tmpdir(), 'audgate-explain-property-'));
  const reasons = new Map<string, number>();
  try {
    for (const [index, world] of fc.sample(routes, { numRuns: WORLDS, seed: SEED }).entries()) {
      const asked = fc.sample(questions, { numRuns: QUESTIONS, seed: SEED + index });
      for (const reason of await compareWorld(world, asked, {
        issuers,
        upstream,
        file: join(folder, 'audgate.yaml'),
      })) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
    await Promise.all([...issuers, upstream].map(each => each.close()));
  }
  // A property that never meets its cases holds of nothing.
  const met = ['forwarded', 'no_route', 'ambiguous_path', 'missing_token', 'wrong_audience', 'malformed_request'];
  expect(met.filter(reason => (reasons.get(reason) ?? 0) < 5)).toEqual([]);
  expect(reasons.size).toBeGreaterThan(10);
}, 120_000);

interface Peers {
  readonly issuers: readonly TokenIssuer[];
  readonly upstream: Upstream;
  readonly file: string;
}

async function compareWorld(world: World, asked: readonly Question[], peers: Peers): Promise<readonly string[]> {
  const yaml = describeWorld(world, peers);
  writeFileSync(peers.file, yaml);
  const gateway = await startGateway(yaml);
  const reasons: string[] = [];
  try {
    for (const question of asked) {
      const token = await makeToken(question.token, peers.issuers);
      const path = question.metadata ? '/.well-known/oauth-protected-resource' : question.path;
      const fields = [
        ['Host', question.host] as const,
        ...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]),
      ];
      const before = peers.upstream.received.length;
      const answer = await request(gateway.port, { method: question.method, path, headers: fields });
      const foreseen = await foresee(question, path, token, peers.file);
      const isForwarded = peers.upstream.received.length > before;
      if (isForwarded) {
        expect({ question, decision: foreseen.decision }).toEqual({ question, decision: 'forwarded' });
        const [, received] = [foreseen, peers.upstream.received.at(-1)];
        expect(foreseen.forwarding.url).toBe(`${peers.upstream.origin}${received?.url}`);
        const hasToken = received?.rawHeaders.some(([name]) => name.toLowerCase() === 'authorization');
        expect(hasToken).toBe(foreseen.forwarding.forward_token && token !== undefined);
      } else {
        expect({ question, decision: foreseen.decision }).not.toEqual({ question, decision: 'forwarded' });
        compareAnswers(question, answer, foreseen);
      }
      reasons.push(isForwarded ? 'forwarded' : (foreseen.reason ?? 'answered'), foreseen.reason ?? 'granted');
    }
  } finally {
    await gateway.close();
  }
  return reasons;
}

type Answer = Awaited<ReturnType<typeof request>>;

function compareAnswers(question: Question, answer: Answer, foreseen: Foreseen): void {
  const { status, headers, body } = foreseen.response;
  const names = ['WWW-Authenticate', 'Allow', 'Retry-After', 'Content-Type', 'Content-Length', 'Cache-Control'];
  const given = Object.fromEntries(
    names.flatMap(name => headerValues(answer.headers, name).map(value => [name, value])),
  );
  const wanted = Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
  expect({ question, status: answer.status, headers: given }).toEqual({ question, status, headers: wanted });
  if (question.method === 'HEAD') return;
  const text = answer.body.toString().replace(/(?<="request_id":")[^"]*/, '<request_id>');
  expect(text).toBe(body);
}

interface Foreseen {
  readonly decision: string;
  readonly reason: string | null;
  readonly response: { readonly status: number; readonly headers: Record<string, string>; readonly body: string };
  readonly forwarding: { readonly url: string; readonly forward_token: boolean };
}

async function foresee(question: Question, path: string, token: string | undefined, config: string): Promise<Foreseen> {
  const lines: string[] = [];
  const options = { config, urls: [`http://${question.host}${path}`], method: question.method, json: true };
  const around = {
    ...{ environment: {}, isColoured: false, now: Date.now(), write: (line: string) => lines.push(line) },
    complain: (line: string) => expect(line).toBe(''),
    standardInput: Readable.from(token === undefined ? [] : [Buffer.from(token)]),
  };
  const code = await explain({ ...options, ...(token !== undefined && { 'token-file': '-' }) }, around);
  const foreseen = JSON.parse(lines.join('\n')) as Foreseen;
  expect(code).toBe(foreseen.decision === 'refused' ? 2 : 0);
  return foreseen;
}

/** JSON is YAML. */
function describeWorld(world: World, { issuers, upstream }: Peers): string {
  const entries = world.map(route => {
    const common = { upstream: upstream.origin, allow_encoded: route.allow, forward_token: route.forwardToken };
    const guarded = {
      resource: route.resource,
      audiences: route.hasAlias ? [`alias:${route.resource}`] : [],
      multiple_audiences: route.multiple,
      enforcement: route.enforcement,
      scopes: route.scopes,
      ...(route.onlyFirstIssuer && { issuers: [issuers[0]?.issuer] }),
    };
    return [route.key, { ...common, ...(route.isPublic ? { public: true } : guarded) }];
  });
  const trusted = issuers.map(({ issuer, jwksUri }) => [issuer, { jwks_uri: jwksUri }]);
  return `issuers: ${JSON.stringify(Object.fromEntries(trusted))}\nroutes: ${JSON.stringify(Object.fromEntries(entries))}\n`;
}

async function makeToken(
  { kind, issuer, typ, aud, scope }: Token,
  issuers: readonly TokenIssuer[],
): Promise<string | undefined> {
  if (kind === 'none') return undefined;
  if (kind === 'opaque') return 'c29tZXRoaW5n';
  const changes: Readonly<Record<string, Record<string, unknown>>> = {
    expired: { exp: 1 },
    early: { nbf: 3_900_000_000, exp: 4_000_000_000 },
    stranger: { iss: 'https://stranger.example' },
    'no exp': { exp: undefined },
  };
  const signer = issuers[kind === 'down' ? 2 : issuer];
  const header = { typ, ...(kind === 'unknown key' && { kid: 'unknown' }) };
  const token = await signer?.sign({ header, claims: { aud, scope, ...changes[kind] } });
  return kind === 'bad' ? token?.replace(/[^.]+$/, 'A'.repeat(86)) : token;
}
