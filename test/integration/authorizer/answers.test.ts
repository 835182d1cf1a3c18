/** What the authorizer answers to each form of question: permission with its fields, or the refusal that the gateway would give. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { ask, FORMS, type Form, fieldsOf, formatHead, formatQuestion } from './fixture.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
const API = 'https://api.example/';

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const to = (more: string) => `{ upstream: "${upstream.origin}", ${more} }`;
  gateway = await startGateway(`
authorizer: 127.0.0.1:0
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: ${to(`resource: "${API}", scopes: { GET: [api:read], "GET /admin": [api:admin] }, claims_to_headers: { X-User: sub }`)}
  /keyed: ${to('resource: "https://keyed.example/", request_headers: { set: { X-Api-Key: secret }, remove: [X-Debug] }')}
  /basic: ${to('public: true, request_headers: { set: { Authorization: "Basic YTpi" } }')}
  /forward: ${to('resource: "https://forward.example/", upstream_token: forward')}
  /report: ${to('resource: "https://report.example/", enforcement: report, would_deny_header: true')}
  /cors: ${to('resource: "https://cors.example/", cors: { origins: ["https://app.example"] }')}
  /only: { resource: "https://only.example/" }
  /open: { public: true }
`);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const tokenFor = (aud: string, claims = {}) =>
  issuer.sign({ claims: { aud, sub: 'alice', client_id: 'web', ...claims } });
const removal = (form: Form) => (form === 'envoy' ? 'x-envoy-auth-headers-to-remove' : 'audgate-remove');
const askAbout = (form: Form, original: Parameters<typeof formatQuestion>[1]) =>
  ask(gateway.authorizerPort, formatQuestion(form, original));

describe.each(FORMS)('/%s', form => {
  test('the right token: 200 without a body, identity set, Authorization and all other fields of ours removed', async () => {
    const answer = await askAbout(form, {
      target: '/api/x?q=1',
      headers: [bearer(await tokenFor(API, { scope: 'api:read' })), ['X-User', 'mallory']],
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toHaveLength(0);
    const fields = fieldsOf(answer);
    expect(fields).toMatchObject({ 'x-user': 'alice', 'content-length': '0' });
    expect(fields[removal(form)]?.split(',').sort()).toEqual(['authorization', 'x-api-key']);
    expect(fields).not.toHaveProperty('authorization');
  });

  test("a sibling's token: the very refusal of the gateway", async () => {
    const headers = [bearer(await tokenFor('https://keyed.example/'))];
    const direct = await request(gateway.port, { path: '/api/x', headers });
    const answer = await askAbout(form, { target: '/api/x', headers });
    expect(answer.status).toBe(401);
    expect(fieldsOf(answer)['www-authenticate']).toBe(fieldsOf(direct)['www-authenticate']);
    expect(withoutId(answer.body)).toEqual(withoutId(direct.body));
  });

  test('request_headers: set ones are in the answer, removed ones are named', async () => {
    const answer = await askAbout(form, {
      target: '/keyed',
      headers: [bearer(await tokenFor('https://keyed.example/'))],
    });
    const fields = fieldsOf(answer);
    expect(fields).toMatchObject({ 'x-api-key': 'secret' });
    expect(fields[removal(form)]?.split(',').sort()).toEqual(['authorization', 'x-debug', 'x-user']);
  });

  test('Authorization of the configuration: set, and not removed', async () => {
    const fields = fieldsOf(await askAbout(form, { target: '/basic', headers: [['Authorization', 'Bearer x']] }));
    expect(fields['authorization']).toBe('Basic YTpi');
    expect(fields[removal(form)]?.split(',').sort()).toEqual(['x-api-key', 'x-user']);
  });

  test('upstream_token forward: what the client sent', async () => {
    const token = await tokenFor('https://forward.example/');
    const fields = fieldsOf(await askAbout(form, { target: '/forward', headers: [bearer(token)] }));
    expect(fields['authorization']).toBe(`Bearer ${token}`);
  });

  test('report: two Authorization fields go on, joined by a comma, and the reason is told', async () => {
    const headers = [
      ['Authorization', 'Basic a'],
      ['Authorization', 'Basic b'],
    ] as const;
    const fields = fieldsOf(await askAbout(form, { target: '/report', headers }));
    expect(fields).toMatchObject({ authorization: 'Basic a,Basic b', 'audgate-would-deny': 'malformed_credentials' });
  });

  test('names that servers take for ours: named for removal as the client wrote them', async () => {
    const fields = fieldsOf(
      await askAbout(form, {
        target: '/open',
        headers: [
          ['X_User', 'mallory'],
          ['x.api_key', 'a'],
        ],
      }),
    );
    expect(fields[removal(form)]?.split(',').sort()).toEqual([
      'authorization',
      'x-api-key',
      'x-user',
      'x.api_key',
      'x_user',
    ]);
  });

  test('a route without upstream: served here, no_route on the data listener', async () => {
    const headers = [bearer(await tokenFor('https://only.example/'))];
    expect(await askAbout(form, { target: '/only', headers })).toMatchObject({ status: 200 });
    expect(await request(gateway.port, { path: '/only', headers })).toMatchObject({ status: 404 });
    expect(await askAbout(form, { target: '/open' })).toMatchObject({ status: 200 });
  });

  test('a preflight on a route with cors: 200 whatever its origin, and everything removed', async () => {
    const headers = [
      ['Origin', 'https://evil.example'],
      ['Access-Control-Request-Method', 'GET'],
    ] as const;
    const answer = await askAbout(form, { method: 'OPTIONS', target: '/cors/x', headers });
    expect(answer.status).toBe(200);
    const fields = fieldsOf(answer);
    expect(fields[removal(form)]?.split(',').sort()).toEqual(['authorization', 'x-api-key', 'x-user']);
    expect(Object.keys(fields).filter(name => name.startsWith('access-control-'))).toEqual([]);
  });

  test('HTTP/1.0: understood', async () => {
    const bytes = formatQuestion(form, { target: '/open' }).replace('HTTP/1.1', 'HTTP/1.0');
    expect(await ask(gateway.authorizerPort, bytes)).toMatchObject({ status: 200 });
  });

  test('through a form a metadata document is a path like any other', async () => {
    const answer = await askAbout(form, { target: '/.well-known/oauth-protected-resource' });
    expect(fieldsOf(answer)['audgate-status'] ?? String(answer.status)).toBe('404');
  });
});

test('a metadata document: published at its own place', async () => {
  const head = formatHead('GET /.well-known/oauth-protected-resource', [['Host', 'api.example']]);
  const answer = await ask(gateway.authorizerPort, head);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body.toString())).toMatchObject({ resource: API });
});

function withoutId(body: Buffer): unknown {
  return { ...JSON.parse(body.toString()), request_id: '' };
}
