/** What counts of a question, and what does not: its connection, its body, its peer. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, type HeaderPair, parseResponses, request, sendRaw } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { ask, FORMS, type Form, fieldsOf, formatHead, formatQuestion, type Original } from './fixture.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;
const MCP = 'https://tools.example/mcp';

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const to = (more: string) => `{ upstream: "${upstream.origin}", ${more} }`;
  gateway = await startGateway(
    `
authorizer: { listen: 127.0.0.1:0, peers: [192.0.2.0/24] }
limits: { headers: 2KiB }
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: ${to('resource: "https://api.example/", scopes: { GET: [api:read] }, limits: { body: 10B }')}
  /open: ${to('public: true')}
  /mcp: ${to(`resource: "${MCP}", mcp: { tools: { delete_user: [users:admin] } }`)}
  /listen: ${to('resource: "https://listen.example/mcp", mcp: true')}
`,
  );
  token = await issuer.sign({ claims: { aud: MCP } });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const askAbout = (form: Form, original: Original) => ask(gateway.authorizerPort, formatQuestion(form, original));
/** The status that the client gets. */
async function statusOf(form: Form, original: Original): Promise<number> {
  const answer = await askAbout(form, original);
  return Number(fieldsOf(answer)['audgate-status'] ?? answer.status);
}

const call = (name: string, more = '') =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}"${more}}}`;
const JSON_BODY = ['Content-Type', 'application/json'] as const;

describe.each(FORMS)('/%s', form => {
  test.each<{ headers: readonly HeaderPair[] }>([
    { headers: [['Expect', '100-continue']] },
    { headers: [['Expect', 'something-else']] },
    {
      headers: [
        ...([
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Version', '7'],
        ] as const),
        ['Sec-WebSocket-Key', 'x'],
      ],
    },
    {
      headers: [
        ['Upgrade', 'h2c'],
        ['Connection', 'Upgrade, HTTP2-Settings'],
        ['HTTP2-Settings', ''],
      ],
    },
    { headers: [['Connection', 'X-User, Authorization, Host']] },
  ])('$headers: does not count', async ({ headers }) => {
    const received = await sendRaw(gateway.authorizerPort, formatQuestion(form, { target: '/open', headers }), {
      responses: 1,
    });
    expect(parseResponses(received, { open: true }).map(({ status }) => status)).toEqual([200]);
  });

  test('Connection names Authorization: the token is judged all the same', async () => {
    const claims = { aud: 'https://api.example/', scope: 'api:read' };
    const headers = [bearer(await issuer.sign({ claims })), ['Connection', 'Authorization, close']] as const;
    expect(await statusOf(form, { target: '/api', headers })).toBe(200);
  });

  test('a body that no rule needs: answered without waiting for it', async () => {
    const head = formatQuestion(form, {
      target: '/open',
      headers: [
        ['Content-Length', '5'],
        ['Expect', '100-continue'],
      ],
    });
    const answer = await ask(gateway.authorizerPort, head);
    expect(answer.status).toBe(200);
    expect(fieldsOf(answer)['connection']).toBe('close');
  });

  test('two questions on one connection, the first with a whole body that no rule needs: both answered', async () => {
    const one = formatQuestion(form, { target: '/open', body: 'hello' });
    const two = formatQuestion(form, { target: '/api' });
    const received = await sendRaw(gateway.authorizerPort, one + two, { responses: 2 });
    expect(parseResponses(received).map(({ status }) => status)).toEqual([200, 401]);
  });

  test('a method that the route does not have: 405 with Allow', async () => {
    const answer = await askAbout(form, { method: 'PUT', target: '/api' });
    expect(fieldsOf(answer)).toMatchObject({ allow: 'GET, HEAD' });
    expect(await statusOf(form, { method: 'PUT', target: '/api' })).toBe(405);
  });

  test.each([
    ['/none', 404],
    ['/api/../open', 400],
    ['/api/%6f', 401],
  ])('%s: %i', async (target, status) => {
    expect(await statusOf(form, { target })).toBe(status);
  });

  test('an Origin that the MCP server does not have: 403', async () => {
    const headers = [bearer(token), ['Origin', 'https://evil.example']] as const;
    const answer = await askAbout(form, { method: 'POST', target: '/mcp', headers });
    expect(answer.status).toBe(403);
    expect(fieldsOf(answer)).not.toHaveProperty('audgate-status');
    expect(JSON.parse(answer.body.toString())).toMatchObject({ reason: 'origin_not_allowed' });
  });

  test('a bad token for an MCP server: 401, whatever the body', async () => {
    expect(await statusOf(form, { method: 'POST', target: '/mcp', body: 'nonsense', headers: [JSON_BODY] })).toBe(401);
  });
});

describe('/original: what nginx cannot pass on', () => {
  test('a status that it does not know: 403 with status, reason and body beside it', async () => {
    const answer = await askAbout('original', { target: '/none' });
    const fields = fieldsOf(answer);
    expect(answer.status).toBe(403);
    expect(fields).toMatchObject({ 'audgate-status': '404', 'audgate-reason': 'no_route' });
    expect(fields['audgate-body']).toBe(answer.body.toString());
    expect(JSON.parse(fields['audgate-body'] ?? '')).toMatchObject({ status: 404, reason: 'no_route' });
    expect(gateway.log.at(-1)).toMatchObject({ status: 404, reason: 'no_route', via: 'authorizer' });
  });

  test('401 and 403: as they are, with their body', async () => {
    const missing = await askAbout('original', { target: '/api' });
    const lacking = await askAbout('original', {
      target: '/api',
      headers: [bearer(await issuer.sign({ claims: { aud: 'https://api.example/' } }))],
    });
    for (const [answer, status] of [
      [missing, 401],
      [lacking, 403],
    ] as const) {
      expect(answer.status).toBe(status);
      expect(fieldsOf(answer)).not.toHaveProperty('audgate-status');
      expect(fieldsOf(answer)).not.toHaveProperty('audgate-reason');
      expect(fieldsOf(answer)['audgate-body']).toBe(answer.body.toString());
      expect(fieldsOf(answer)['www-authenticate']).toMatch(/^Bearer /);
    }
  });

  test('a malformed question: 403 for 400', async () => {
    const answer = await ask(gateway.authorizerPort, formatHead('GET /original', [['Host', 'audgate']]));
    expect(fieldsOf(answer)).toMatchObject({ 'audgate-status': '400', 'audgate-reason': 'malformed_request' });
  });

  test('the challenge of malformed credentials: kept', async () => {
    const answer = await askAbout('original', { target: '/api', headers: [['Authorization', 'Bearer ']] });
    expect(fieldsOf(answer)).toMatchObject({ 'audgate-status': '400', 'audgate-reason': 'malformed_credentials' });
    expect(fieldsOf(answer)['www-authenticate']).toMatch(/error="invalid_request"/);
  });
});

describe('a rule that needs the body', () => {
  const headers = () => [bearer(token), JSON_BODY] as const;

  test.each(['envoy', 'forwarded'] as const)('/%s: judged by the body of the question', async form => {
    const about = (name: string): Original => ({
      method: 'POST',
      target: '/mcp',
      body: call(name),
      headers: headers(),
    });
    expect(await statusOf(form, about('list'))).toBe(200);
    expect(await statusOf(form, about('delete_user'))).toBe(403);
    expect(gateway.log.at(-1)).toMatchObject({ mcp_method: 'tools/call', tool: 'delete_user' });
  });

  test.each(['envoy', 'forwarded'] as const)('/%s, Expect: 100-continue: no 100', async form => {
    const original = {
      method: 'POST',
      target: '/mcp',
      body: call('list'),
      headers: [...headers(), ['Expect', '100-continue']] as const,
    };
    const received = await sendRaw(gateway.authorizerPort, formatQuestion(form, original), { responses: 1 });
    expect(parseResponses(received).map(({ status }) => status)).toEqual([200]);
  });

  test.each(FORMS)('/%s without a body: 413', async form => {
    expect(await statusOf(form, { method: 'POST', target: '/mcp', headers: headers() })).toBe(413);
  });

  test('/original with a body: 413', async () => {
    expect(await statusOf('original', { method: 'POST', target: '/mcp', body: call('list'), headers: headers() })).toBe(
      413,
    );
  });

  test('/envoy with a part of the body: 413', async () => {
    const partial = [...headers(), ['x-envoy-auth-partial-body', 'true']] as const;
    expect(await statusOf('envoy', { method: 'POST', target: '/mcp', body: call('list'), headers: partial })).toBe(413);
  });

  test.each(FORMS)('/%s, a WebSocket, whose messages nobody would judge: refused as by the gateway', async form => {
    const handshake = [
      ...([
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
        ['Sec-WebSocket-Version', '13'],
      ] as const),
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ] as const;
    const sent = [bearer(token), ...handshake];
    const answer = await request(gateway.port, { path: '/mcp', headers: sent });
    expect(answer).toMatchObject({ status: 400 });
    expect(await statusOf(form, { target: '/mcp', headers: sent })).toBe(400);
    // As the recipes ask: without Upgrade. And of an older version, which some servers speak.
    for (const [version, key] of [
      ['13', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['8', 'x'],
    ] as const) {
      const headers: HeaderPair[] = [bearer(token), ['Sec-WebSocket-Version', version], ['Sec-WebSocket-Key', key]];
      expect(await statusOf(form, { target: '/mcp', headers })).toBe(400);
    }
    expect(await statusOf(form, { target: '/mcp', headers: [bearer(token), ['Upgrade', 'WebSocket']] })).toBe(400);
    expect(await statusOf(form, { target: '/mcp', headers: [bearer(token)] })).toBe(200);
  });

  test('an MCP server without rules: no body is needed', async () => {
    const own = bearer(await issuer.sign({ claims: { aud: 'https://listen.example/mcp' } }));
    for (const form of FORMS)
      expect(await statusOf(form, { method: 'POST', target: '/listen', headers: [own] })).toBe(200);
  });
});

test('limits.body: compared with the Content-Length of the question', async () => {
  const headers = [bearer(await issuer.sign({ claims: { aud: 'https://api.example/', scope: 'api:read' } }))];
  const about = (body: string): Original => ({ target: '/api', headers, body });
  expect(await statusOf('envoy', about('0123456789'))).toBe(200);
  expect(await statusOf('envoy', about('0123456789a'))).toBe(413);
  expect(await statusOf('original', about('0123456789a'))).toBe(200);
});

test('what is no question and no document: no_route', async () => {
  for (const path of ['/', '/api', '/envoyage', '/original/x', '/.well-known/oauth-protected-resource/none']) {
    expect(await request(gateway.authorizerPort, { path })).toMatchObject({ status: 404 });
  }
});

test('a head that is too large: 431', async () => {
  expect(
    await request(gateway.authorizerPort, { path: '/forwarded', headers: [['X', 'x'.repeat(3_000)]] }),
  ).toMatchObject({ status: 431 });
});

describe('the log', () => {
  const lineOf = async (form: Form, headers: Original['headers']) => {
    const answer = await askAbout(form, {
      target: '/open?secret',
      host: 'front.example:8443',
      ...(headers && { headers }),
    });
    expect(answer.status).toBe(200);
    return { line: gateway.log.at(-1), answer };
  };

  test.each(FORMS)('/%s: the original request, via authorizer', async form => {
    const { line } = await lineOf(form, [['X-Forwarded-For', '198.51.100.1, 192.0.2.7']]);
    expect(line).toMatchObject({ via: 'authorizer', client: '192.0.2.7', method: 'GET', host: 'front.example:8443' });
    expect(line).toMatchObject({ path: '/open', status: 200, outcome: 'forwarded', route: '/open' });
    expect(line).not.toHaveProperty('upstream');
  });

  test.each([
    ['192.0.2.7:4711', '192.0.2.7'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['192.0.2.1, unknown', '127.0.0.1'],
    ['192.0.2.1,', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['"192.0.2.1"', '127.0.0.1'],
  ])('X-Forwarded-For %j: client %s', async (value, client) => {
    expect((await lineOf('forwarded', [['X-Forwarded-For', value]])).line).toMatchObject({ client });
  });

  test('two X-Forwarded-For: the last entry of the last', async () => {
    const headers = [
      ['X-Forwarded-For', '192.0.2.1'],
      ['X-Forwarded-For', '192.0.2.2'],
    ] as const;
    expect((await lineOf('envoy', headers)).line).toMatchObject({ client: '192.0.2.2' });
  });

  test('a valid X-Request-Id: continued; another: a new one', async () => {
    const { line, answer } = await lineOf('envoy', [['X-Request-Id', 'from-envoy.1']]);
    expect(line).toMatchObject({ request_id: 'from-envoy.1' });
    expect(fieldsOf(answer)['x-request-id']).toBe('from-envoy.1');
    for (const id of ['a b', 'x'.repeat(129)]) {
      const { line: other } = await lineOf('envoy', [['X-Request-Id', id]]);
      expect(other?.['request_id']).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

test('metrics: counted as on the data listener, by the status that the client gets', async () => {
  const series = 'audgate_requests_total{route="/api",method="PUT",status="405"}';
  const before = await gateway.sample(series);
  await askAbout('original', { method: 'PUT', target: '/api' });
  await request(gateway.port, { method: 'PUT', path: '/api' });
  expect(await gateway.sample(series)).toBe(before + 2);
});

test('a client that leaves: recorded once, and the next one is answered', async () => {
  const socket = connect(gateway.authorizerPort, '127.0.0.1');
  const seen = gateway.log.filter(line => line['msg'] === 'request').length;
  const question = formatQuestion('envoy', {
    method: 'POST',
    target: '/mcp',
    headers: [bearer(token), JSON_BODY, ['Content-Length', '99']],
  });
  socket.write(question, () => setImmediate(() => socket.destroy()));
  const lines = await gateway.requestLines(seen + 1);
  expect(lines.at(-1)).toMatchObject({ status: 499, via: 'authorizer' });
  expect(await statusOf('envoy', { target: '/open' })).toBe(200);
});
