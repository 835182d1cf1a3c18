/**
 * Generated disguises of a call, decided on as the gateway does. What is forwarded is then read as servers read: no reader finds a call
 * in it whose scope the token lacks.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAudienceIndex } from '../../../src/authorization/audience.ts';
import { authorize } from '../../../src/authorization/authorize.ts';
import { MCP_REVISIONS } from '../../../src/config/values/mcp-revision.ts';
import { readMcpBody, readMcpHead } from '../../../src/mcp/mcp-request.ts';
import { exampleMcp } from '../route/example-mcp.ts';
import { protectedRoute } from '../route/example-route.ts';
import { exampleToken } from '../token/example-token.ts';

const settings = exampleMcp({ tools: { delete_user: ['admin'] }, max_body: 4096 });
const route = protectedRoute({ prefix: '/mcp', mcp: settings });
const match = { ok: true, route, path: '/mcp', rest: '', otherRests: [] } as const;
const index = createAudienceIndex([route]);
const token = exampleToken({ audience: [route.resource], scopes: new Set(['use']), allScopes: new Set(['use']) });

const escaped = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map(flags =>
      [...text]
        .map((char, at) => (flags[at] ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char))
        .join(''),
    );
const spelled = (text: string) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(text) },
    { weight: 3, arbitrary: escaped(text) },
    fc.constantFrom(
      text.toUpperCase(),
      `${text[0]?.toUpperCase()}${text.slice(1)}`,
      text.replace('s', '\u017f'),
      `${text}\\u0000`,
      `${text}\\\\`,
    ),
  );
const quoted = (text: string) => spelled(text).map(each => `"${each}"`);
const tool = fc.oneof(
  quoted('delete_user'),
  quoted('add'),
  fc.constantFrom('1', 'null', '["delete_user"]', '{"name":"delete_user"}'),
);
const object = (members: fc.Arbitrary<string>, most: number) =>
  fc.array(members, { minLength: 1, maxLength: most }).map(list => `{${list.join(',')}}`);
const member = (name: string, value: fc.Arbitrary<string>) => fc.tuple(quoted(name), value).map(pair => pair.join(':'));
const paramMember = fc.oneof(
  { weight: 4, arbitrary: member('name', tool) },
  member('arguments', fc.constantFrom('{}', '{"a":1,"a":2}', '{"Name":"delete_user"}')),
  member('__proto__', fc.constant('{"name":"delete_user"}')),
);
const params = fc.oneof(
  { weight: 6, arbitrary: object(paramMember, 3) },
  fc.constantFrom('null', '["delete_user"]', '"delete_user"'),
);
const method = fc.oneof(
  { weight: 6, arbitrary: quoted('tools/call') },
  quoted('tools/list'),
  fc.constantFrom('null', '["tools/call"]'),
);
const message = object(
  fc.oneof(
    { weight: 4, arbitrary: member('method', method) },
    { weight: 4, arbitrary: member('params', params) },
    member('id', fc.constantFrom('1', '"a"')),
    member('result', fc.constant('{}')),
  ),
  4,
);
const plain = fc.constantFrom(
  '{"method":"tools/call","params":{"name":"delete_user"}}',
  '{"method":"tools/call","params":{"name":"add"}}',
  '{"method":"ping"}',
);
const single = fc.oneof({ weight: 3, arbitrary: message }, plain);
const body = fc.oneof(
  { weight: 6, arbitrary: single },
  { weight: 2, arbitrary: fc.array(single, { maxLength: 3 }).map(list => `[${list.join(',')}]`) },
  fc.tuple(single, fc.constantFrom(' ', '\n', ',', '\0', ' ', '//'), single).map(parts => parts.join('')),
  single.map(text => `\ufeff${text}`),
  single.map(text => `[[${text}]]`),
);
const fields = fc.record({
  revision: fc.option(fc.constantFrom(...MCP_REVISIONS, '2031-01-01'), { freq: 3 }),
  method: fc.option(fc.constantFrom('tools/call', 'tools/list', ''), { freq: 2 }),
  name: fc.option(fc.constantFrom('add', 'delete_user', '=?base64?YWRk?='), { freq: 2 }),
  type: fc.constantFrom(
    'application/json',
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-16',
    'text/plain',
  ),
});
const encoding = fc.constantFrom<BufferEncoding>('utf8', 'utf8', 'utf8', 'utf8', 'utf16le', 'latin1');

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What servers make of a text: with a byte order mark or without, names with their case or without, up to a line end or U+0000. */
const READERS: readonly ((text: string) => Json | undefined)[] = [
  text => parse(text),
  text => parse(text.replace(/^\ufeff/, '')),
  text => parse(text, (name, value) => [fold(name), value]),
  text => parse(text.split('\n')[0] ?? ''),
  text => parse(text.split('\0')[0] ?? ''),
];

function parse(text: string, rename?: (name: string, value: Json) => [string, Json]): Json | undefined {
  try {
    return JSON.parse(text, (_, value: Json) =>
      rename && typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).map(([name, each]) => rename(name, each)))
        : value,
    );
  } catch {
    return undefined;
  }
}

const fold = (name: string) => name.normalize('NFKC').toLowerCase().replaceAll('\0', '');

/** Whether a server would run `delete_user` for it. */
function callsDelete(json: Json | undefined): boolean {
  if (Array.isArray(json)) return json.some(callsDelete);
  if (typeof json !== 'object' || json === null || json['method'] !== 'tools/call') return false;
  const given = json['params'];
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  const name = given['name'];
  return typeof name === 'string' && name.split('\0')[0] === 'delete_user';
}

interface Fields {
  readonly revision: string | null;
  readonly method: string | null;
  readonly name: string | null;
  readonly type: string;
}

/** @returns the reason, or `forwarded` with what is forwarded. */
function decide(
  text: string,
  given: Fields,
  coding: BufferEncoding,
): { readonly outcome: string; readonly sent?: string } {
  const fields = ['Content-Type', given.type];
  if (given.revision !== null) fields.push('MCP-Protocol-Version', given.revision);
  if (given.method !== null) fields.push('Mcp-Method', given.method);
  if (given.name !== null) fields.push('Mcp-Name', given.name);
  const head = readMcpHead(settings, { method: 'POST', fields, hasBody: true, isHandshake: false });
  if (!head.ok) return { outcome: head.reason };
  const asked = readMcpBody(settings, head, Buffer.from(text, coding));
  if (!asked.ok) return { outcome: asked.reason };
  const { grant, denial } = authorize(index, match, 'POST', token, 0, asked);
  return grant
    ? { outcome: 'forwarded', sent: grant.body?.take().toString() ?? '' }
    : { outcome: denial?.reason ?? '' };
}

test('20,000 generated requests: no reader finds a call in what is forwarded whose scope the token lacks', () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(body, fields, encoding, (text, given, coding) => {
      const { outcome, sent = '' } = decide(text, given, coding);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      for (const reader of READERS) expect(callsDelete(reader(sent)), sent).toBe(false);
    }),
    { numRuns: 20_000 },
  );
  // A property that hardly ever forwards proves nothing.
  for (const name of [
    'forwarded',
    'insufficient_scope',
    'malformed_request',
    'mcp_header_mismatch',
    'unsupported_media_type',
  ]) {
    expect(outcomes.get(name) ?? 0, JSON.stringify([...outcomes])).toBeGreaterThan(50);
  }
}, 120_000);
