/**
 * On an MCP route with rules the body decides, never the fields. Servers of both SDKs were measured to execute a tool under a lying
 * `Mcp-Name`, without a version, in gzip, in UTF-16, behind a byte order mark, under `Application/JSON`, with a second `name` or
 * `params`, with an escaped name, and in a batch of a revision that has none (typescript-sdk 1.32, 2.4; toolhive#5745, tyk#8539).
 */

import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { headerValues, parseResponses, type RawResponse, sendRaw } from '../support/raw-http.ts';
import { HANDSHAKE_FIELDS } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const MCP = 'https://tools.example/mcp';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
/** By name: with the scopes of the route, of the route and a tool, without any, and for another resource. */
const tokens = { user: '', admin: '', nobody: '', implied: '', foreign: '' };

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const rules =
    'tools: { delete_user: [users:admin], "*": [] }, resources: { "docs://secret": [docs:read] }, prompts: { "*": [prompts:get] }';
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}", scope_implies: { root: [users:admin, "mcp:use"] } }
timeouts: { body: 1s }
routes:
  /mcp: { resource: "${MCP}", upstream: "${upstream.origin}", scopes: [mcp:use], mcp: { max_body: 4KiB, initial_scopes: [mcp:use, users:admin], ${rules} } }
  /cumulative: { resource: "https://tools.example/cumulative", upstream: "${upstream.origin}", scopes: [mcp:use], audiences: [tools], mcp: { challenge: cumulative, ${rules} } }
  /verify: { resource: "https://tools.example/verify", upstream: "${upstream.origin}", scopes: [mcp:use], enforcement: verify, mcp: { ${rules} } }
  /plain: { resource: "https://tools.example/plain", upstream: "${upstream.origin}", mcp: { revisions: ["2026-07-28"] } }
`);
  const sign = (
    scope: string,
    aud: string | string[] = [MCP, 'tools', 'https://tools.example/verify', 'https://tools.example/plain'],
  ) => issuer.sign({ claims: { aud, scope } });
  tokens.user = await sign('mcp:use other bad"scope');
  tokens.admin = await sign('mcp:use users:admin');
  tokens.implied = await sign('root');
  tokens.nobody = await sign('other');
  tokens.foreign = await sign('mcp:use', 'https://else.example/');
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const call = (name: string, id = 1) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}","arguments":{}}}`;
const DELETE = call('delete_user');

interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly token?: keyof typeof tokens;
  readonly body?: string | Buffer;
  readonly fields?: readonly string[];
  readonly type?: string | undefined;
}

async function ask({
  path = '/mcp',
  method = 'POST',
  token = 'user',
  body = DELETE,
  fields = [],
  ...rest
}: Ask): Promise<RawResponse> {
  const type = 'type' in rest ? rest.type : 'application/json';
  const bytes = Buffer.from(body as string);
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: tools.example',
    `Authorization: Bearer ${tokens[token]}`,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    ...fields,
    `Content-Length: ${bytes.length}`,
    'Connection: close',
  ];
  const sent = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
  const [response] = parseResponses(await sendRaw(gateway.port, sent), { methods: [method] });
  if (!response) throw new Error('no response');
  return response;
}

const reasonOf = ({ body }: RawResponse) => JSON.parse(body.toString()).reason;
const challengeOf = ({ headers }: RawResponse) => headerValues(headers, 'www-authenticate')[0];

describe('the tool’s scope', () => {
  test('a token without it: 403, one challenge for route and tool, and nothing reached the upstream', async () => {
    const response = await ask({});
    expect([response.status, reasonOf(response)]).toEqual([403, 'insufficient_scope']);
    expect(challengeOf(response)).toContain('scope="mcp:use users:admin"');
    expect(upstream.received).toEqual([]);
  });

  test('a token with neither scope: the same challenge, so one login is enough', async () => {
    const response = await ask({ token: 'nobody' });
    expect(response.status).toBe(403);
    expect(challengeOf(response)).toContain('scope="mcp:use users:admin"');
    expect(upstream.received).toEqual([]);
  });

  test('a token with both, or with one that implies both: forwarded, byte for byte', async () => {
    const spaced = ` \n${DELETE}\t`;
    for (const token of ['admin', 'implied'] as const) {
      expect((await ask({ token, body: spaced })).status).toBe(200);
      expect(upstream.received.at(-1)?.body?.text).toBe(spaced);
    }
    const sent = upstream.received[0]?.rawHeaders ?? [];
    expect(headerValues(sent, 'content-length')).toEqual([String(Buffer.byteLength(spaced))]);
    expect(headerValues(sent, 'authorization')).toEqual([]);
  });

  test('another tool, a list, a notification, a response: no further scope', async () => {
    for (const body of [
      call('add'),
      '{"method":"tools/list"}',
      '{"method":"notifications/initialized"}',
      '{"id":1,"result":{}}',
    ]) {
      expect((await ask({ body })).status, body).toBe(200);
    }
  });

  test.each([
    ['a resource', '{"method":"resources/read","params":{"uri":"docs://secret"}}', 'docs:read'],
    ['a subscription', '{"method":"resources/subscribe","params":{"uri":"docs://secret"}}', 'docs:read'],
    ['a subscription to nothing', '{"method":"resources/subscribe","params":{}}', 'docs:read'],
    ['any prompt', '{"method":"prompts/get","params":{"name":"x"}}', 'prompts:get'],
  ])('%s with a rule: 403', async (_, body, scope) => {
    const response = await ask({ body });
    expect(response.status).toBe(403);
    expect(challengeOf(response)).toContain(`scope="mcp:use ${scope}"`);
  });

  test('a resource without a rule: forwarded', async () => {
    expect((await ask({ body: '{"method":"resources/read","params":{"uri":"docs://open"}}' })).status).toBe(200);
  });

  test('challenge: cumulative: also the scopes that the token has, but none that would end the quotes', async () => {
    const response = await ask({ path: '/cumulative' });
    expect(challengeOf(response)).toContain('scope="mcp:use users:admin other"');
  });

  test('no token: 401 whatever the body, with initial_scopes', async () => {
    const bytes = `POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{`;
    const [response] = parseResponses(await sendRaw(gateway.port, bytes));
    expect(response?.status).toBe(401);
    expect(response && challengeOf(response)).toContain('scope="mcp:use users:admin"');
    expect((await ask({ token: 'foreign', body: '{' })).status).toBe(401);
  });

  test('on verify: reported, and forwarded; what cannot be read is refused all the same', async () => {
    const response = await ask({ path: '/verify', token: 'nobody' });
    expect(response.status).toBe(200);
    expect((await ask({ path: '/verify', token: 'nobody', body: '{' })).status).toBe(400);
    expect((await ask({ path: '/verify', fields: ['Mcp-Name: add'] })).status).toBe(400);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a token without the tool’s scope: the call reaches nobody', () => {
  const utf16 = Buffer.from(DELETE, 'utf16le');
  const NEW = ['MCP-Protocol-Version: 2026-07-28', 'Mcp-Method: tools/call'];
  const rows: readonly (readonly [string, Ask, number])[] = [
    ['a lying Mcp-Name', { fields: [...NEW, 'Mcp-Name: add'] }, 400],
    ['a lying Mcp-Name without a revision', { fields: ['Mcp-Name: add'] }, 400],
    ['a lying Mcp-Method', { fields: ['Mcp-Method: tools/list'] }, 400],
    ['fields that agree', { fields: [...NEW, 'Mcp-Name: delete_user'] }, 403],
    ['no Mcp fields in 2026-07-28', { fields: ['MCP-Protocol-Version: 2026-07-28'] }, 400],
    ['gzip', { body: gzipSync(DELETE), fields: ['Content-Encoding: gzip'] }, 400],
    ['gzip that is none', { fields: ['Content-Encoding: gzip'] }, 400],
    ['UTF-16', { body: utf16, type: 'application/json; charset=utf-16le' }, 400],
    ['UTF-16 that nobody names', { body: utf16 }, 400],
    ['UTF-16 with its mark', { body: Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]) }, 400],
    ['a byte order mark', { body: `\ufeff${DELETE}` }, 400],
    ['Application/JSON', { type: 'Application/JSON' }, 403],
    ['text/plain', { type: 'text/plain' }, 415],
    ['no media type', { type: undefined }, 415],
    ['a second name', { body: DELETE.replace('"name"', '"name":"add","name"') }, 400],
    ['a second name behind', { body: DELETE.replace('"delete_user"', '"delete_user","name":"add"') }, 400],
    ['second params', { body: DELETE.replace('"params"', '"params":{"name":"add"},"params"') }, 400],
    ['an escaped name', { body: DELETE.replace('_', '\\u005f') }, 403],
    ['an escaped member', { body: DELETE.replace('"name"', '"n\\u0061me"') }, 403],
    ['Name beside name', { body: DELETE.replace('"name"', '"Name":"add","name"') }, 400],
    ['a batch', { body: `[${call('add')},${DELETE}]` }, 403],
    ['a batch in 2025-11-25', { body: `[${DELETE}]`, fields: ['MCP-Protocol-Version: 2025-11-25'] }, 400],
    ['a batch in a batch', { body: `[[${DELETE}]]` }, 400],
    ['an unknown revision', { fields: ['MCP-Protocol-Version: 2031-01-01'] }, 400],
    ['two revisions', { fields: ['MCP-Protocol-Version: 2025-11-25', 'Mcp-Protocol-Version: 2025-03-26'] }, 400],
    ['a message and a response in one', { body: DELETE.replace('"id"', '"result":{},"id"') }, 400],
    ['a second text behind', { body: `${call('add')}\n${DELETE}` }, 400],
    ['by PUT', { method: 'PUT' }, 400],
    ['by PATCH', { method: 'PATCH' }, 400],
    ['by GET', { method: 'GET' }, 400],
    ['by DELETE', { method: 'DELETE' }, 400],
    ['on a path below', { path: '/mcp/messages?sessionId=1' }, 403],
  ];
  test.each(rows)('%s', async (_, row, status) => {
    const response = await ask(row);
    expect(response.status, response.body.toString()).toBe(status);
    expect(upstream.received).toEqual([]);
  });

  test('in a WebSocket: 400', async () => {
    const head = `GET /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens.user}\r\n${HANDSHAKE_FIELDS}\r\n`;
    const [response] = parseResponses(await sendRaw(gateway.port, head));
    expect(response?.status).toBe(400);
    expect(upstream.received).toEqual([]);
  });

  test('chunked, a byte at a time: 403', async () => {
    const chunks = [...DELETE].map(byte => `1\r\n${byte}\r\n`).join('');
    const head = `POST /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens.user}\r\nContent-Type: application/json\r\n`;
    const raw = `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunks}0\r\n\r\n`;
    const [response] = parseResponses(await sendRaw(gateway.port, raw));
    expect(response?.status).toBe(403);
    const allowed = raw.replace(tokens.user, tokens.admin);
    const [forwarded] = parseResponses(await sendRaw(gateway.port, allowed));
    expect(forwarded?.status).toBe(200);
    expect(upstream.received[0]?.body?.text).toBe(DELETE);
    const sent = upstream.received[0]?.rawHeaders ?? [];
    expect(headerValues(sent, 'content-length')).toEqual([String(DELETE.length)]);
    expect(headerValues(sent, 'transfer-encoding')).toEqual([]);
  });
});

describe('mcp_header_mismatch', () => {
  test('JSON-RPC error -32020, before the scope is judged', async () => {
    for (const token of ['user', 'admin'] as const) {
      const { status, body } = await ask({ token, fields: ['Mcp-Name: add'] });
      expect(status).toBe(400);
      expect(JSON.parse(body.toString())).toMatchObject({ jsonrpc: '2.0', id: 1, error: { code: -32020 } });
    }
    expect(upstream.received).toEqual([]);
  });
});

describe('a revision that is not served', () => {
  const reject = async (named: string, body: string | Buffer, path = '/mcp') => {
    const response = await ask({ path, fields: [`MCP-Protocol-Version: ${named}`], body, type: 'text/plain' });
    expect(response.status).toBe(400);
    return JSON.parse(response.body.toString());
  };

  test('a problem document that is a JSON-RPC error as well, with the id of the message', async () => {
    const problem = {
      title: expect.any(String),
      status: 400,
      reason: 'malformed_request',
      request_id: expect.any(String),
    };
    const data = { supported: ['2026-07-28'], requested: '2031-01-01' };
    for (const path of ['/mcp', '/plain']) {
      expect(await reject('2031-01-01', '{"jsonrpc":"2.0","id":301,"method":"server/discover"}', path)).toEqual({
        ...problem,
        ...{ jsonrpc: '2.0', id: 301, error: { code: -32022, message: expect.any(String), data } },
      });
    }
    expect(upstream.received).toEqual([]);
  });

  test.each([
    ['an id that is a word', '{"id":"listen:1"}', 'listen:1'],
    ['an id that is text', '{"id":"<script>"}', null],
    ['an id that is no integer', '{"id":1.5}', null],
    ['an id of more digits than a number keeps', '{"id":12345678901234567890}', null],
    ['two ids', '{"id":1,"id":2}', null],
    ['a batch', '[{"id":1}]', null],
    ['no JSON', 'id', null],
    ['no body', '', null],
    ['a body of more than 64 KiB', `{"id":1${' '.repeat(70_000)}}`, null],
  ])('%s', async (_, body, id) => {
    expect(await reject('2031-01-01', body)).toMatchObject({ reason: 'malformed_request', id });
  });

  test('a name that looks like none of a revision: not repeated', async () => {
    const { error } = await reject('<script>', '{"id":1}');
    expect(error.data).toEqual({ supported: ['2026-07-28'] });
  });

  test('a token that is refused: 401, whatever the revision', async () => {
    const response = await ask({ token: 'foreign', fields: ['MCP-Protocol-Version: 2031-01-01'] });
    expect(response.status).toBe(401);
  });
});

describe('the size of a body', () => {
  const padded = (size: number) => call('add').padEnd(size, ' ');
  test('of max_body: forwarded; a byte more: 413, by its length or as it comes', async () => {
    expect((await ask({ body: padded(4096) })).status).toBe(200);
    expect((await ask({ body: padded(4097) })).status).toBe(413);
    const head = `POST /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens.user}\r\nContent-Type: application/json\r\n`;
    const chunk = `1000\r\n${padded(4096)}\r\n`;
    const raw = `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}1\r\n \r\n0\r\n\r\n`;
    const [response] = parseResponses(await sendRaw(gateway.port, raw, { responses: 1 }));
    expect(response?.status).toBe(413);
    expect(upstream.received).toHaveLength(1);
  });

  test('Expect: 100-continue: 100 before the body is judged, 413 without it', async () => {
    const head = (length: number) =>
      `POST /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens.admin}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    const [tooLarge] = parseResponses(await sendRaw(gateway.port, head(4097), { responses: 1 }));
    expect(tooLarge?.status).toBe(413);
    const [interim] = parseResponses(await sendRaw(gateway.port, head(DELETE.length), { responses: 1 }));
    expect(interim?.status).toBe(100);
    const [, final] = parseResponses(await sendRaw(gateway.port, head(DELETE.length) + DELETE, { responses: 2 }));
    expect(final?.status).toBe(200);
  });

  test('a body that stops: 408', async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens.admin}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`;
    const [response] = parseResponses(await sendRaw(gateway.port, `${head}{`, { responses: 1, timeout: 10_000 }));
    expect(response?.status).toBe(408);
    expect(upstream.received).toEqual([]);
  });
});

describe('log and metric', () => {
  const calls = (tool: string, outcome: string) =>
    gateway.sample(`audgate_mcp_calls_total{route="/mcp",mcp_method="tools/call",tool="${tool}",outcome="${outcome}"}`);

  test('a batch: each message is counted, and the log names the first that was refused', async () => {
    const before = [await calls('delete_user', 'denied'), await calls('other', 'denied')];
    const lines = (await gateway.requestLines(0)).length;
    expect((await ask({ body: `[${call('invented')},${DELETE}]` })).status).toBe(403);
    const line = (await gateway.requestLines(lines + 1)).at(-1);
    expect(line).toMatchObject({ mcp_method: 'tools/call', tool: 'delete_user', reason: 'insufficient_scope' });
    const after = [await calls('delete_user', 'denied'), await calls('other', 'denied')];
    expect(after).toEqual(before.map(count => count + 1));
  });

  test('a body that was refused: neither, since nothing is known of it', async () => {
    const lines = (await gateway.requestLines(0)).length;
    expect((await ask({ fields: ['Mcp-Name: add'] })).status).toBe(400);
    const line = (await gateway.requestLines(lines + 1)).at(-1);
    expect(line).toMatchObject({ reason: 'mcp_header_mismatch' });
    expect(line).not.toHaveProperty('tool');
  });
});

describe('without a rule', () => {
  test('revisions: GET and DELETE are 405 where none of them has them, another revision is 400', async () => {
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const response = await ask({ path: '/plain', method, body: '' });
      expect(response.status).toBe(405);
      expect(headerValues(response.headers, 'allow')).toEqual(['POST']);
    }
    expect((await ask({ path: '/plain' })).status).toBe(400);
    const told = { code: -32022, data: { supported: ['2026-07-28'], requested: '2025-11-25' } };
    const other = await ask({ path: '/plain', fields: ['MCP-Protocol-Version: 2025-11-25'] });
    expect(JSON.parse(other.body.toString())).toMatchObject({ reason: 'malformed_request', id: 1, error: told });
    expect((await ask({ path: '/plain', fields: ['MCP-Protocol-Version: 2025-11-25'] })).status).toBe(400);
    const fields = ['MCP-Protocol-Version: 2026-07-28'];
    expect((await ask({ path: '/plain', fields, body: 'anything', type: 'text/plain' })).status).toBe(200);
  });
});
