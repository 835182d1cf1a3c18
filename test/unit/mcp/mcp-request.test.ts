/** Fields, revision and body of an MCP request: read together, or refused with which reason. */

import { describe, expect, test } from 'vitest';
import type { Mcp } from '../../../src/config/mcp-config.ts';
import { MCP_REVISIONS, type McpRevision } from '../../../src/config/values/mcp-revision.ts';
import { readMcpBody, readMcpHead, withoutBody } from '../../../src/mcp/mcp-request.ts';
import { exampleMcp } from '../route/example-mcp.ts';

function settings(fields: Partial<Mcp> = {}): Mcp {
  return { ...exampleMcp({ tools: { delete_user: ['users:admin'] }, max_body: 1024 }), ...fields };
}

const JSON_TYPE = ['Content-Type', 'application/json'];
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_user"}}';

interface Ask {
  readonly method?: string;
  readonly fields?: readonly string[];
  readonly body?: string;
  readonly isHandshake?: boolean;
  readonly mcp?: Mcp;
}

/** @returns `read`, or the reason. */
function readOutcome({
  method = 'POST',
  fields = [],
  body = CALL,
  isHandshake = false,
  mcp = settings(),
}: Ask): string {
  const asking = {
    method,
    hasBody: body !== '',
    isHandshake,
    fields: fields.includes('Content-Type') ? fields : [...JSON_TYPE, ...fields],
  };
  const head = readMcpHead(mcp, asking);
  if (!head.ok) return head.reason;
  if (!head.needsBody) return withoutBody(head).ok ? 'unread' : '';
  const read = readMcpBody(mcp, head, Buffer.from(body));
  return read.ok ? 'read' : read.reason;
}

const revision = (name: string) => ['MCP-Protocol-Version', name];
const inNew = (...fields: string[]) => [...revision('2026-07-28'), ...fields];

describe('Content-Type (RFC 9110 section 8.3)', () => {
  test.each([
    ['application/json', 'read'],
    ['Application/JSON', 'read'],
    ['application/json; charset=utf-8', 'read'],
    ['application/json;charset="UTF-8"', 'read'],
    ['application/json ; charset=utf8 ;', 'read'],
    ['application/json; profile="a;b"', 'read'],
    ['text/plain', 'unsupported_media_type'],
    ['application/jsonp', 'unsupported_media_type'],
    ['application/json-rpc', 'unsupported_media_type'],
    ['application/vnd.api+json', 'unsupported_media_type'],
    ['application/json, text/plain', 'unsupported_media_type'],
    ['application/json\u00a0', 'unsupported_media_type'],
    ['', 'unsupported_media_type'],
    ['application/json; charset=utf-16', 'malformed_request'],
    ['application/json; charset=utf-8; charset=utf-16', 'malformed_request'],
    ['application/json; CHARSET=iso-8859-1', 'malformed_request'],
    ['application/json; charset', 'malformed_request'],
    ['application/json; charset = utf-8', 'malformed_request'],
    ['application/json; charset=utf-7', 'malformed_request'],
  ])('%s: %s', (type, outcome) => {
    expect(readOutcome({ fields: ['Content-Type', type] })).toBe(outcome);
  });

  test.each([
    ['none', ['Content-Type'], 'unsupported_media_type'],
    ['two', [...JSON_TYPE, 'content-type', 'application/json'], 'malformed_request'],
    ['a twin that CGI takes for it', [...JSON_TYPE, 'Content_Type', 'text/plain'], 'malformed_request'],
  ])('%s: %s', (_, fields, outcome) => {
    expect(readOutcome({ fields })).toBe(outcome);
  });

  test('16 KiB of blanks and semicolons: decided at once', () => {
    const startedAt = performance.now();
    expect(readOutcome({ fields: ['Content-Type', `application/json${' ;'.repeat(8_000)} x`] })).toBe(
      'malformed_request',
    );
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

test.each(['gzip', 'GZIP', 'br', 'deflate', 'identity, gzip', 'x-gzip'])(
  'Content-Encoding: %s: malformed_request',
  coding => {
    expect(readOutcome({ fields: ['Content-Encoding', coding] })).toBe('malformed_request');
    expect(readOutcome({ fields: ['Content_Encoding', coding] })).toBe('malformed_request');
  },
);

test('Content-Encoding: identity: read', () => {
  expect(readOutcome({ fields: ['Content-Encoding', 'identity'] })).toBe('read');
});

describe('the revision', () => {
  test.each([...MCP_REVISIONS.slice(0, 4), undefined])('%s: read', name => {
    expect(readOutcome({ fields: name ? revision(name) : [] })).toBe('read');
  });

  test.each(['2099-01-01', '', '2025-06-18 ', 'draft', '2025-06-18, 2025-06-18', '2024-10-07'])(
    '%j: malformed_request',
    name => {
      expect(readOutcome({ fields: revision(name) })).toBe('malformed_request');
      expect(readOutcome({ fields: revision(name), mcp: settings({ hasRules: false }) })).toBe('malformed_request');
    },
  );

  const only = (...served: McpRevision[]) => settings({ revisions: new Set(served) });

  test('not in `revisions`: malformed_request', () => {
    expect(readOutcome({ fields: revision('2025-06-18'), mcp: only('2025-11-25') })).toBe('malformed_request');
    expect(readOutcome({ fields: revision('2025-11-25'), mcp: only('2025-11-25') })).toBe('read');
  });

  test('none named, and 2025-03-26 not served: nothing but `initialize`, which agrees on one', () => {
    const initialize = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}';
    const mcp = only('2025-11-25');
    expect(readOutcome({ body: initialize, mcp })).toBe('read');
    expect(readOutcome({ mcp })).toBe('malformed_request');
    expect(readOutcome({ body: `[${initialize}]`, mcp })).toBe('malformed_request');
    expect(readOutcome({ body: initialize, mcp: only('2026-07-28') })).toBe('malformed_request');
  });

  test.each([
    [undefined, 'read'],
    ['2024-11-05', 'malformed_request'],
    ['2025-03-26', 'read'],
    ['2025-06-18', 'malformed_request'],
    ['2025-11-25', 'malformed_request'],
    ['2026-07-28', 'malformed_request'],
  ])('a batch in %s: %s', (name, outcome) => {
    const fields = name ? revision(name) : [];
    expect(readOutcome({ fields: [...fields, 'Mcp-Method', 'tools/call'], body: `[${CALL}]` })).toBe(outcome);
  });
});

describe('a doubled Mcp field: malformed_request, with a rule or without', () => {
  test.each([
    ['Mcp-Name', 'mcp-name'],
    ['Mcp-Method', 'MCP_METHOD'],
    ['MCP-Protocol-Version', 'Mcp-Protocol-Version'],
    ['Mcp-Session-Id', 'mcp-session-id'],
    ['Mcp-Param-Region', 'Mcp-Param-region'],
  ])('%s and %s', (one, other) => {
    const value = one === 'MCP-Protocol-Version' ? '2025-06-18' : 'a';
    const fields = [one, value, other, value];
    expect(readOutcome({ fields })).toBe('malformed_request');
    expect(readOutcome({ fields, mcp: settings({ hasRules: false }) })).toBe('malformed_request');
  });
});

describe('Mcp-Method and Mcp-Name (2026-07-28, Server Validation)', () => {
  const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
  const AGREED = ['Mcp-Method', 'tools/call', 'Mcp-Name', 'delete_user'];
  test.each([
    ['both agree', inNew(...AGREED), 'read'],
    ['the name encoded', inNew('Mcp-Method', 'tools/call', 'Mcp-Name', encoded('delete_user')), 'read'],
    ['neither', inNew(), 'mcp_header_mismatch'],
    ['no name', inNew('Mcp-Method', 'tools/call'), 'mcp_header_mismatch'],
    ['no method', inNew('Mcp-Name', 'delete_user'), 'mcp_header_mismatch'],
    ['another name', inNew('Mcp-Method', 'tools/call', 'Mcp-Name', 'add'), 'mcp_header_mismatch'],
    ['another case', inNew('Mcp-Method', 'tools/call', 'Mcp-Name', 'Delete_user'), 'mcp_header_mismatch'],
    ['another method', inNew('Mcp-Method', 'tools/list', 'Mcp-Name', 'delete_user'), 'mcp_header_mismatch'],
    ['an empty name', inNew('Mcp-Method', 'tools/call', 'Mcp-Name', ''), 'mcp_header_mismatch'],
    [
      'markers in upper case',
      inNew('Mcp-Method', 'tools/call', 'Mcp-Name', '=?BASE64?ZGVsZXRlX3VzZXI=?='),
      'mcp_header_mismatch',
    ],
    ['no base64', inNew('Mcp-Method', 'tools/call', 'Mcp-Name', '=?base64?%%?='), 'mcp_header_mismatch'],
    [
      'base64 without its padding',
      inNew('Mcp-Method', 'tools/call', 'Mcp-Name', '=?base64?ZGVsZXRlX3VzZXI?='),
      'mcp_header_mismatch',
    ],
    ['a twin of the name that CGI reads', ['Mcp-Method', 'tools/call', 'Mcp_Name', 'add'], 'mcp_header_mismatch'],
    ['older, and none', revision('2025-11-25'), 'read'],
    ['older, and agreed', [...revision('2025-06-18'), ...AGREED], 'read'],
    ['older, and another name', [...revision('2025-06-18'), 'Mcp-Name', 'add'], 'mcp_header_mismatch'],
    ['no revision, and another method', ['Mcp-Method', 'tools/list'], 'mcp_header_mismatch'],
  ])('%s: %s', (_, fields, outcome) => {
    expect(readOutcome({ fields })).toBe(outcome);
  });

  test('a name that is not ASCII: encoded', () => {
    const body = CALL.replace('delete_user', 'lösche');
    expect(readOutcome({ body, fields: inNew('Mcp-Method', 'tools/call', 'Mcp-Name', encoded('lösche')) })).toBe(
      'read',
    );
    const raw = Buffer.from('lösche').toString('latin1');
    expect(readOutcome({ body, fields: inNew('Mcp-Method', 'tools/call', 'Mcp-Name', raw) })).toBe(
      'mcp_header_mismatch',
    );
  });

  test('a name that looks encoded: encoded once more', () => {
    const name = '=?base64?literal?=';
    const body = CALL.replace('delete_user', name);
    expect(readOutcome({ body, fields: inNew('Mcp-Method', 'tools/call', 'Mcp-Name', encoded(name)) })).toBe('read');
    expect(readOutcome({ body, fields: inNew('Mcp-Method', 'tools/call', 'Mcp-Name', name) })).toBe(
      'mcp_header_mismatch',
    );
  });

  test('a resource: by its URI', () => {
    const body = '{"method":"resources/read","params":{"uri":"docs://a"}}';
    expect(readOutcome({ body, fields: inNew('Mcp-Method', 'resources/read', 'Mcp-Name', 'docs://a') })).toBe('read');
    expect(readOutcome({ body, fields: inNew('Mcp-Method', 'resources/read') })).toBe('mcp_header_mismatch');
  });

  test('a method that names nothing: Mcp-Name is the upstream’s', () => {
    const body = '{"method":"tasks/get","params":{"taskId":"7"}}';
    expect(readOutcome({ body, fields: inNew('Mcp-Method', 'tasks/get', 'Mcp-Name', '7') })).toBe('read');
  });

  test('a response in 2026-07-28, which has none: mcp_header_mismatch', () => {
    expect(readOutcome({ body: '{"id":1,"result":{}}', fields: inNew() })).toBe('mcp_header_mismatch');
    expect(readOutcome({ body: '{"id":1,"result":{}}', fields: revision('2025-11-25') })).toBe('read');
  });

  test('a body that is malformed, under fields that disagree: malformed_request', () => {
    expect(readOutcome({ body: '{', fields: inNew() })).toBe('malformed_request');
  });
});

describe('where a rule depends on the body', () => {
  test.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'])('%s with a body: malformed_request', method => {
    expect(readOutcome({ method })).toBe('malformed_request');
    expect(readOutcome({ method, body: '' })).toBe('unread');
  });

  test('a WebSocket, whose messages nobody judges: malformed_request', () => {
    expect(readOutcome({ method: 'GET', body: '', isHandshake: true })).toBe('malformed_request');
  });

  test('a POST without a body: malformed_request', () => {
    expect(readOutcome({ body: '' })).toBe('malformed_request');
  });
});

test('without a rule: any body, of any type, is forwarded as it comes', () => {
  const mcp = settings({ hasRules: false });
  expect(readOutcome({ mcp, body: '{', fields: ['Content-Type', 'text/plain', 'Content-Encoding', 'gzip'] })).toBe(
    'unread',
  );
  expect(readOutcome({ mcp, fields: inNew() })).toBe('unread');
});
