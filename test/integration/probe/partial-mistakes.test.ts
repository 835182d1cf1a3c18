/** Mistakes of which only one form of a check shows: each API is right but for one comparison. */

import { get } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { ProbeReport } from '../../../src/probe/run.ts';
import {
  createTestIssuer,
  idsOf,
  type ProbedPlace,
  probeAll,
  probeGiven,
  resultOf,
} from '../../support/probed/probe-all.ts';
import { judgeToken } from '../../support/probed/token-rules.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const ISSUER = await createTestIssuer('https://login.example.com/realms/one');
const RESOURCE = 'https://billing.example.com/invoices';
const RULES = { issuer: ISSUER.issuer, resource: RESOURCE, keys: [ISSUER.publicJwk as Record<string, unknown>] };
let running: Upstream | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

type Members = Readonly<Record<string, unknown>>;

interface Presented {
  readonly header: Members;
  readonly claims: Members;
  readonly signature: string;
  /** 200, 401 or 403: what the token deserves. */
  readonly deserved: number;
}

interface Reply {
  readonly status: number;
  readonly challenge?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

function readPart(part: string | undefined): Members {
  try {
    return Object(JSON.parse(Buffer.from(part ?? '', 'base64url').toString()));
  } catch {
    return {};
  }
}

async function startApi(reply: (presented: Presented) => Reply, scope?: string): Promise<string> {
  running = await startUpstream({
    handle: async (req, res) => {
      const [, token] = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '') ?? [];
      if (token === undefined) return res.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
      const [head, payload, signature = ''] = token.split('.');
      const rules = { ...RULES, ...(scope !== undefined && { scope }), mistake: undefined };
      const deserved = (await judgeToken(token, rules)) ?? 200;
      const { status, challenge, fields } = reply({
        ...{ header: readPart(head), claims: readPart(payload), signature, deserved },
      });
      const error = challenge ?? 'Bearer error="invalid_token"';
      return res.writeHead(status, { ...fields, ...(status >= 400 && { 'www-authenticate': error }) }).end('{}');
    },
  });
  return `${running.origin}/invoices`;
}

async function probe(reply: (presented: Presented) => Reply, place: Partial<ProbedPlace> = {}): Promise<ProbeReport> {
  return probeAll(ISSUER, { url: await startApi(reply, place.scope), resource: RESOURCE, ...place });
}

/** @param accepts a token that a right API refuses. */
function but(accepts: (presented: Presented) => boolean) {
  return (presented: Presented): Reply => ({ status: accepts(presented) ? 200 : presented.deserved });
}

const aud = ({ claims }: Presented) => String(claims['aud']);

test.each([
  [
    'audience-case',
    'compares URIs by the normal form of their host',
    but(each => URL.canParse(aud(each)) && !aud(each).includes(',') && new URL(aud(each)).href === RESOURCE),
  ],
  [
    'alg-none',
    'has a grammar of three parts that are not empty',
    but(({ header, signature }) => header['alg'] === 'none' && signature !== ''),
  ],
  [
    'wrong-issuer',
    'compares where the issuer begins, as for all tenants of one server',
    but(
      ({ claims }) => String(claims['iss']).startsWith('https://login.example.com/') && claims['iss'] !== RULES.issuer,
    ),
  ],
  [
    'cut-signature',
    'compares as many bytes of a signature as it gets, and reads base64url to the letter',
    but(({ signature }) => {
      const bytes = Buffer.from(signature, 'base64url');
      return bytes.length > 16 && bytes.length < 64 && bytes.toString('base64url') === signature;
    }),
  ],
])('%s: fails where an API %s', async (id, _what, reply) => {
  const report = await probe(reply);
  expect(resultOf(report, id)).toMatchObject({ verdict: 'fails' });
});

test.each([
  ['max-age=60, must-revalidate', 'fails'],
  ['must-revalidate, max-age=0', 'holds'],
  ['no-cache, max-age=60, must-revalidate', 'holds'],
  ['private, max-age=60, must-revalidate', 'holds'],
  ['max-age=60', 'holds'],
])('caching, Cache-Control: %s: %s', async (value, verdict) => {
  const report = await probe(({ deserved }) => ({ status: deserved, fields: { 'cache-control': value } }));
  expect(resultOf(report, 'caching')).toMatchObject({ verdict });
});

test('jku that is fetched behind the answer: fails', async () => {
  const report = await probe(({ header, deserved }) => {
    if (typeof header['jku'] === 'string') get(header['jku'], response => response.resume());
    return { status: deserved };
  });
  expect(idsOf(report, 'fails')).toEqual(['jku-url']);
});

const SCOPE_CHALLENGE = 'Bearer error="insufficient_scope", scope="items:read"';

/** Whoever is known and has no scope gets 403, whatever the kind, the audience or the time of his token. */
function askOnlyForScope({ claims, header, deserved }: Presented): Reply {
  const isKnown = deserved !== 401 || header['alg'] === 'ES256';
  if (!isKnown || claims['iss'] !== ISSUER.issuer) return { status: 401 };
  return claims['scope'] === 'items:read' ? { status: 200 } : { status: 403, challenge: SCOPE_CHALLENGE };
}

test('an ID token that is refused for its scope alone: unclear', async () => {
  const report = await probe(askOnlyForScope, { scope: 'items:read' });
  expect(resultOf(report, 'id-token')).toMatchObject({ verdict: 'unclear', why: expect.stringContaining('scope') });
});

test('an expired token that is refused for its scope alone: unclear', async () => {
  const url = await startApi(askOnlyForScope);
  const report = await probeGiven(ISSUER, { url, resource: RESOURCE, scope: 'items:read' }, mint => ({
    expired: mint({ claims: { exp: 1_700_000_000, scope: 'items:write' } }),
  }));
  expect(resultOf(report, 'expired')).toMatchObject({ verdict: 'unclear', why: expect.stringContaining('scope') });
});
