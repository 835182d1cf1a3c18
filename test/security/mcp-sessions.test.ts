/**
 * Session hijacking (MCP Security Best Practices): servers of both SDKs take whoever sends `Mcp-Session-Id` for the one who began the session
 * (measured with 1.32 and 2.4). Through the gateway an id is its owner's: the issuer, subject and client of the token it was handed out to.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { end, initialize, listen, post, reasonOf } from '../support/mcp/session-client.ts';
import { type SessionServer, startSessionServer } from '../support/mcp/session-servers.ts';
import { headerValues, type RawResponse, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const MCP = 'https://tools.example/mcp';
/** The client of a client ID metadata document. */
const DOCUMENT = 'https://app.example/oauth/client.json';

let issuers: [TokenIssuer, TokenIssuer];
let upstream: Upstream;
let gateway: RunningGateway;
const servers = new Map<1 | 2, SessionServer>();
const tokens: Record<string, string> = {};

beforeAll(async () => {
  issuers = [await startTokenIssuer(), await startTokenIssuer()];
  upstream = await startUpstream();
  for (const version of [1, 2] as const) servers.set(version, await startSessionServer(version));
  const route = (key: string, origin: string, more = '') =>
    `  ${key}: { resource: "${MCP}", upstream: "${origin}", scopes: [mcp:use], mcp: { tools: { "*": [] } }${more} }`;
  const trusted = issuers.map(({ issuer, jwksUri }) => `  ${issuer}: { jwks_uri: "${jwksUri}" }`);
  gateway = await startGateway(`
issuers:
${trusted.join('\n')}
routes:
${[...servers].map(([version, { origin }]) => route(`/sdk${version}`, `${origin}`)).join('\n')}
  one.example/mcp: { resource: "https://one.example/mcp", audiences: [one], upstream: "${servers.get(1)?.origin}", mcp: true }
  two.example/mcp: { resource: "https://two.example/mcp", audiences: [two], upstream: "${servers.get(1)?.origin}", mcp: true }
${route('/echo', upstream.origin)}
${route('/verify', upstream.origin, ', enforcement: verify')}
${route('/report', upstream.origin, ', enforcement: report')}
  /sse: { resource: "${MCP}", upstream: "${upstream.origin}", mcp: { sse: true } }
  /unruled: { resource: "${MCP}", upstream: "${upstream.origin}", mcp: true }
  /public: { public: true, upstream: "${upstream.origin}", mcp: true }
  /api: { resource: "${MCP}", upstream: "${upstream.origin}" }
`);
  const sign = (claims: object, by = issuers[0]) =>
    by.sign({ claims: { aud: [MCP, 'one', 'two'], scope: 'mcp:use', ...claims } });
  const alice = { sub: 'alice', client_id: 'web' };
  Object.assign(tokens, {
    alice: await sign(alice),
    refreshed: await sign({ ...alice, jti: 'another', scope: 'mcp:use more' }),
    bob: await sign({ ...alice, sub: 'bob' }),
    cli: await sign({ ...alice, client_id: 'cli' }),
    document: await sign({ ...alice, client_id: DOCUMENT }),
    sibling: await sign({ ...alice, client_id: `${DOCUMENT}?` }),
    elsewhere: await sign(alice, issuers[1]),
    machine: await sign({ sub: undefined, client_id: 'web' }),
    machineAgain: await sign({ sub: undefined, client_id: 'web', jti: 'again' }),
    expired: await sign({ ...alice, exp: Math.floor(Date.now() / 1000) - 60 }),
    powerless: await sign({ ...alice, scope: 'other' }),
    foreign: await sign({ ...alice, aud: 'https://else.example/' }),
  });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([...issuers, upstream, ...servers.values()].map(peer => peer.close()));
});

const begin = (token: string | undefined, path: string) => initialize(gateway.port, { path, token: tokenOf(token) });
const tokenOf = (name: string | undefined) => (name === undefined ? '' : (tokens[name] ?? ''));

describe.each([1, 2] as const)('a server of SDK %s.x', version => {
  const path = `/sdk${version}`;
  const server = () => servers.get(version) as SessionServer;

  test('direct: whoever knows the id has the session, with POST, GET and DELETE', async () => {
    const port = Number(new URL(server().origin).port);
    const session = await initialize(port, {});
    expect((await post(port, { session })).status).toBe(200);
    expect(await listen(port, { session })).toBe(200);
    expect((await end(port, { session })).status).toBe(200);
    expect(server().sessions.has(session)).toBe(false);
  });

  test('its owner, also with a refreshed token: the same session, with POST, GET and DELETE', async () => {
    const before = server().sessions.size;
    const session = await begin('alice', path);
    expect(session).toMatch(/^[\x21-\x7e]+$/);
    expect(server().sessions.has(session)).toBe(false);
    expect(server().sessions.size).toBe(before + 1);
    for (const [call, name] of ['alice', 'refreshed', 'alice'].entries()) {
      const answer = await post(gateway.port, { path, session, token: tokenOf(name) });
      expect(answer.body.toString()).toContain(`call ${call + 1} of this session`);
      expect(headerValues(answer.headers, 'mcp-session-id')).toEqual([session]);
    }
    expect(await listen(gateway.port, { path, session, token: tokenOf('refreshed') })).toBe(200);
    expect((await end(gateway.port, { path, session, token: tokenOf('refreshed') })).status).toBe(200);
    expect(server().sessions.size).toBe(before);
  });

  test.each([
    ['another subject', 'bob'],
    ['another client of the same subject', 'cli'],
    ['the same names at another issuer', 'elsewhere'],
    ['a client without a subject', 'machine'],
  ])('%s: 404 with POST, GET and DELETE, and nothing of it arrives', async (_, name) => {
    const session = await begin('alice', path);
    const { length } = server().received;
    const asked = { path, session, token: tokenOf(name) };
    const answers = [await post(gateway.port, asked), await end(gateway.port, asked)];
    expect(answers.map(answer => [answer.status, reasonOf(answer)])).toEqual([
      [404, 'session_not_found'],
      [404, 'session_not_found'],
    ]);
    expect(await listen(gateway.port, asked)).toBe(404);
    expect(server().received.length).toBe(length);
    const own = await post(gateway.port, { path, session, token: tokenOf('alice') });
    expect(own.body.toString()).toContain('call 1 of this session');
  });

  test("the server's own id, made-up ids, and every id with one character changed: 404", async () => {
    const session = await begin('alice', path);
    const [own = ''] = [...server().sessions.keys()].slice(-1);
    const changed = [...session].map((character, at) => {
      const other = character === 'A' ? 'B' : 'A';
      return session.slice(0, at) + other + session.slice(at + 1);
    });
    const { length } = server().received;
    for (const made of [
      own,
      'a',
      '0',
      'null',
      '*',
      '..',
      session.slice(1),
      `${session}A`,
      `${session}=`,
      `${session}, ${session}`,
      ...changed,
    ]) {
      const answer = await post(gateway.port, { path, session: made, token: tokenOf('alice') });
      expect([answer.status, reasonOf(answer)], made).toEqual([404, 'session_not_found']);
    }
    expect(server().received.length).toBe(length);
  });

  test('client ID metadata documents: the URL is the client', async () => {
    const session = await begin('document', path);
    expect((await post(gateway.port, { path, session, token: tokenOf('document') })).status).toBe(200);
    for (const name of ['sibling', 'alice']) {
      expect((await post(gateway.port, { path, session, token: tokenOf(name) })).status, name).toBe(404);
    }
  });

  test('a token without sub: its session is that very token’s', async () => {
    const session = await begin('machine', path);
    expect((await post(gateway.port, { path, session, token: tokenOf('machine') })).status).toBe(200);
    expect((await post(gateway.port, { path, session, token: tokenOf('machineAgain') })).status).toBe(404);
  });
});

describe('two servers', () => {
  test('on one host: an id of one is unknown at the other', async () => {
    const session = await begin('alice', '/sdk1');
    expect((await post(gateway.port, { path: '/sdk1', session, token: tokenOf('alice') })).status).toBe(200);
    const elsewhere = await post(gateway.port, { path: '/sdk2', session, token: tokenOf('alice') });
    expect([elsewhere.status, reasonOf(elsewhere)]).toEqual([404, 'session_not_found']);
  });

  test('on two hosts, even with one upstream: an id of one is unknown at the other', async () => {
    const at = (host: string, session?: string) => ({
      ...(session === undefined ? {} : { session }),
      token: tokenOf('alice'),
      headers: [['Host', host] as const],
    });
    const session = await initialize(gateway.port, at('one.example'));
    expect((await post(gateway.port, at('one.example', session))).status).toBe(200);
    expect((await post(gateway.port, at('two.example', session))).status).toBe(404);
    const other = await initialize(gateway.port, at('two.example'));
    expect((await post(gateway.port, at('two.example', other))).status).toBe(200);
  });
});

describe('what the upstream and the client get', () => {
  beforeEach(() => {
    upstream.received.length = 0;
    upstream.handle = (_req, res) => res.end('{}');
  });

  const hand = (...ids: string[]) => {
    upstream.handle = (_req, res) => {
      res
        .writeHead(
          200,
          ids.flatMap(id => ['Mcp-Session-Id', id]),
        )
        .end('{}');
    };
  };
  const ask = (path: string, name: string | undefined, headers: readonly (readonly [string, string])[] = []) =>
    request(gateway.port, {
      path,
      method: 'POST',
      headers: [
        ...(name === undefined ? [] : [['Authorization', `Bearer ${tokenOf(name)}`] as const]),
        ['Content-Type', 'application/json'],
        ...headers,
      ],
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    });
  const idsOf = ({ headers }: RawResponse) => headerValues(headers, 'mcp-session-id');
  const arrived = () => upstream.received.map(({ rawHeaders }) => headerValues(rawHeaders, 'mcp-session-id'));

  test.each([
    ['a blank', 'one two'],
    ['a comma and quotes', '"a", b; c=d'],
    ['a tab', 'a\tb'],
    ['bytes above ASCII', 'sess\u00efon-\u00ff\u0080'],
    ['base64url of another length', 'AAAA'],
    ['4096 bytes', 'x'.repeat(4_096)],
  ])('an id with %s: visible ASCII for the client, the same bytes for the upstream', async (_, id) => {
    hand(id);
    const [session = '', ...others] = idsOf(await ask('/echo', 'alice'));
    expect(others).toEqual([]);
    expect(session).toMatch(/^[\x21-\x7e]+$/);
    await ask('/echo', 'alice', [['Mcp-Session-Id', session]]);
    expect(arrived()).toEqual([[], [id]]);
  });

  test.each([
    ['empty', ['']],
    ['4097 bytes', ['x'.repeat(4_097)]],
    ['two', ['a', 'b']],
    ['the same twice', ['a', 'a']],
  ])('an id of the upstream that cannot be bound (%s): the client gets none', async (_, ids) => {
    hand(...ids);
    const answer = await ask('/echo', 'alice');
    expect([answer.status, idsOf(answer)]).toEqual([200, []]);
  });

  test.each(['/echo', '/unruled', '/sse'])('%s: under a name that CGI reads as the same: bound as well', async path => {
    hand('s1');
    const [session = ''] = idsOf(await ask(path, 'alice'));
    expect((await ask(path, 'bob', [['Mcp_Session_Id', session]])).status).toBe(404);
    expect((await ask(path, 'alice', [['Mcp.Session.Id', 's1']])).status).toBe(404);
    upstream.received.length = 0;
    expect((await ask(path, 'alice', [['mcp_session_id', session]])).status).toBe(200);
    expect(upstream.received[0]?.rawHeaders).toContainEqual(['mcp_session_id', 's1']);
    for (const twin of ['Mcp-Session-Id', 'Mcp_Session_Id']) {
      const doubled = await ask(path, 'alice', [
        ['Mcp-Session-Id', session],
        [twin, session],
      ]);
      expect([doubled.status, reasonOf(doubled)]).toEqual([400, 'malformed_request']);
    }
  });

  test('on an error of the upstream too: bound', async () => {
    upstream.handle = (_req, res) => res.writeHead(500, { 'Mcp-Session-Id': 's1' }).end();
    const [session = ''] = idsOf(await ask('/echo', 'alice'));
    expect(session).not.toBe('s1');
    upstream.received.length = 0;
    await ask('/echo', 'alice', [['Mcp-Session-Id', session]]);
    expect(arrived()).toEqual([['s1']]);
  });

  test.each(['2024-11-05', '2025-03-26', '2025-11-25', '2026-07-28'])(
    'in %s: an id of another is refused',
    async revision => {
      hand('s1');
      const [session = ''] = idsOf(await ask('/echo', 'alice'));
      const fields = [
        ['MCP-Protocol-Version', revision],
        ['Mcp-Method', 'tools/list'],
        ['Mcp-Session-Id', session],
      ] as const;
      expect((await ask('/echo', 'bob', fields)).status).toBe(404);
      expect((await ask('/echo', 'alice', fields)).status).toBe(200);
    },
  );

  test('without an id on either side: none is made up', async () => {
    const answer = await ask('/echo', 'alice', [
      ['MCP-Protocol-Version', '2026-07-28'],
      ['Mcp-Method', 'tools/list'],
    ]);
    expect([answer.status, idsOf(answer), arrived()]).toEqual([200, [], [[]]]);
  });

  test('its place among the reasons: behind the token and its scopes, before the body', async () => {
    const wrong = [['Mcp-Session-Id', 'made-up']] as const;
    expect(reasonOf(await ask('/echo', undefined, wrong))).toBe('missing_token');
    expect(reasonOf(await ask('/echo', 'foreign', wrong))).toBe('wrong_audience');
    const lacking = await ask('/echo', 'powerless', wrong);
    expect([lacking.status, reasonOf(lacking)]).toEqual([403, 'insufficient_scope']);
    expect(reasonOf(await ask('/echo', 'alice', [...wrong, ['MCP-Protocol-Version', '1999-01-01']]))).toBe(
      'malformed_request',
    );
    const coded = [...wrong, ['Content-Encoding', 'gzip']] as const;
    expect(reasonOf(await ask('/echo', 'alice', coded))).toBe('session_not_found');
    expect(upstream.received).toEqual([]);
  });

  test('verify: refused, also behind a scope that is only reported', async () => {
    const answer = await ask('/verify', 'powerless', [['Mcp-Session-Id', 'made-up']]);
    expect([answer.status, reasonOf(answer)]).toEqual([404, 'session_not_found']);
    hand('s1');
    const [session = ''] = idsOf(await ask('/verify', 'powerless'));
    upstream.received.length = 0;
    expect((await ask('/verify', 'alice', [['Mcp-Session-Id', session]])).status).toBe(200);
    expect(arrived()).toEqual([['s1']]);
  });

  test('report: reported, and forwarded as it came, so that the upstream does not know it', async () => {
    hand('s1');
    const [session = ''] = idsOf(await ask('/report', 'alice'));
    upstream.received.length = 0;
    const lines = (await gateway.requestLines(0)).length;
    expect((await ask('/report', 'bob', [['Mcp-Session-Id', session]])).status).toBe(200);
    expect((await ask('/report', undefined, [['Mcp-Session-Id', session]])).status).toBe(200);
    expect((await ask('/report', 'alice', [['Mcp-Session-Id', session]])).status).toBe(200);
    expect(arrived()).toEqual([[session], [session], ['s1']]);
    const reported = (await gateway.requestLines(lines + 3))
      .slice(lines)
      .map(({ outcome, reason }) => [outcome, reason]);
    expect(reported).toEqual([
      ['reported', 'session_not_found'],
      ['reported', 'missing_token'],
      ['forwarded', undefined],
    ]);
  });

  test('report, without a token that verified: sessions of nobody, which no one with a token has', async () => {
    hand('s1');
    const [session = ''] = idsOf(await ask('/report', undefined));
    upstream.received.length = 0;
    await ask('/report', undefined, [['Mcp-Session-Id', session]]);
    await ask('/report', 'alice', [['Mcp-Session-Id', session]]);
    expect(arrived()).toEqual([['s1'], [session]]);
  });

  test('report, with the token of its owner that has expired since: the same session', async () => {
    hand('s1');
    const [session = ''] = idsOf(await ask('/report', 'alice'));
    upstream.received.length = 0;
    await ask('/report', 'expired', [['Mcp-Session-Id', session]]);
    expect(arrived()).toEqual([['s1']]);
  });

  test.each(['/public', '/api'])('%s: the id passes unchanged', async path => {
    hand('s1');
    expect(idsOf(await ask(path, 'alice'))).toEqual(['s1']);
    await ask(path, 'bob', [['Mcp-Session-Id', 's1']]);
    expect(arrived()).toEqual([[], ['s1']]);
  });

  test('counted and logged by its reason, without the id', async () => {
    const series = 'audgate_denials_total{route="/echo",reason="session_not_found",action="refused"}';
    const [before, lines] = [await gateway.sample(series), (await gateway.requestLines(0)).length];
    await ask('/echo', 'alice', [['Mcp-Session-Id', 'made-up-id']]);
    expect(await gateway.sample(series)).toBe(before + 1);
    const line = (await gateway.requestLines(lines + 1))[lines];
    expect(line).toMatchObject({ status: 404, outcome: 'denied', reason: 'session_not_found', sub: 'alice' });
    expect(JSON.stringify(line)).not.toContain('made-up-id');
  });
});
