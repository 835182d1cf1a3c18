/** Random configurations, requests and tokens: `explain` predicts the reply of a running gateway. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { SEED } from '../../support/fixed-seed.ts';
import { startGateway } from '../../support/gateway.ts';
import { headerValues, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { FORMS, type Question, questions, routes, type Token, type World } from './questions.ts';

const WORLDS = 12;
const QUESTIONS = 40;
test(`${WORLDS * QUESTIONS} random requests: explain predicts status, reason and challenge`, async () => {
  const issuers = await Promise.all([
    startTokenIssuer(),
    startTokenIssuer('RS256'),
    startTokenIssuer(),
    startTokenIssuer('RS256'),
  ]);
  issuers[2].jwks = undefined;
  // Its key is published for another algorithm than the one that it signs with.
  issuers[3].jwks = { keys: (issuers[3].jwks?.keys ?? []).map(key => ({ ...key, alg: 'PS256' })) };
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
  // A property test that never reaches a case proves nothing about it.
  const met = [
    ...['forwarded', 'no_route', 'ambiguous_path', 'missing_token', 'wrong_audience', 'malformed_request'],
    ...['malformed_credentials', 'malformed_token', 'bad_signature', 'insufficient_scope'],
  ];
  expect(met.filter(reason => (reasons.get(reason) ?? 0) < 2)).toEqual([]);
  expect(reasons.size).toBeGreaterThan(12);
}, 600_000);

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
      const { fields: sent, input } = await present(question.token, peers.issuers);
      const path = question.metadata ? '/.well-known/oauth-protected-resource' : question.path;
      const fields = [['Host', question.host] as const, ...sent.map(value => ['Authorization', value] as const)];
      const before = peers.upstream.received.length;
      const answer = await request(gateway.port, { method: question.method, path, headers: fields });
      const foreseen = await foresee(question, path, input, peers.file);
      const isForwarded = peers.upstream.received.length > before;
      if (isForwarded) {
        expect({ question, decision: foreseen.decision }).toEqual({ question, decision: 'forwarded' });
        const [, received] = [foreseen, peers.upstream.received.at(-1)];
        expect(foreseen.forwarding.url).toBe(`${peers.upstream.origin}${received?.url}`);
        const hasToken = received?.rawHeaders.some(([name]) => name.toLowerCase() === 'authorization');
        expect(hasToken).toBe(foreseen.forwarding.forward_token && sent.length > 0);
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
  readonly cause: string | null;
  readonly response: { readonly status: number; readonly headers: Record<string, string>; readonly body: string };
  readonly forwarding: { readonly url: string; readonly forward_token: boolean };
}

async function foresee(question: Question, path: string, input: string | undefined, config: string): Promise<Foreseen> {
  const source = input === undefined ? [] : ['--token-file', '-'];
  const args = ['--config', config, '--method', question.method, ...source, '--json', `http://${question.host}${path}`];
  const { code, stdout, stderr } = await runExplain(args, input);
  expect({ question, stderr }).toEqual({ question, stderr: '' });
  for (const part of input?.match(/[\w-]{25,}/g) ?? []) expect(stdout).not.toContain(part);
  const foreseen = JSON.parse(stdout) as Foreseen;
  expect(code).toBe(foreseen.decision === 'refused' ? 2 : 0);
  if (foreseen.decision === 'refused') expect(foreseen.cause).toBeTruthy();
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

interface Presented {
  /** As the client sends them. */
  readonly fields: readonly string[];
  /** As the file holds them; `undefined`: no file. */
  readonly input: string | undefined;
}

async function present(token: Token, issuers: readonly TokenIssuer[]): Promise<Presented> {
  const text = await makeToken(token, issuers);
  if (text === undefined) return { fields: [], input: undefined };
  const fields = FORMS.get(token.form)?.(text);
  if (fields) return { fields, input: fields.map(value => `Authorization: ${value}`).join('\n') };
  const input = token.form === 'response' ? JSON.stringify({ access_token: text }) : `${text}\n`;
  return { fields: [`Bearer ${text}`], input };
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
    'exp in milliseconds': { exp: 4_000_000_000_000 },
    'exp as text': { exp: '4000000000' },
    nonce: { nonce: 'n' },
    kind: { typ: 'Refresh' },
  };
  const signer = issuers[kind === 'down' ? 2 : issuer];
  const header = { typ, ...(kind === 'unknown key' && { kid: 'unknown' }) };
  const token = await signer?.sign({ header, claims: { aud, scope, ...changes[kind] } });
  if (kind === 'numeric kid') return token && changeHeader(token, { kid: 1 });
  if (kind === 'other alg') return token && changeHeader(token, { alg: 'PS384' });
  return kind === 'bad' ? token?.replace(/[^.]+$/, 'A'.repeat(86)) : token;
}

function changeHeader(token: string, changes: Readonly<Record<string, unknown>>): string {
  const [header = '', ...rest] = token.split('.');
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...changes };
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.');
}
