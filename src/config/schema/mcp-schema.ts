/** `mcp` of a route: `true`, or a map. */

import { z } from 'zod';
import { MCP_REVISION, MCP_REVISIONS, parseMcpRevision } from '../values/mcp-revision.ts';
import { parseScope, SCOPE, SCOPE_FORM } from '../values/scope-rule.ts';
import { deriveSessionKey, SESSION_KEY, SESSION_KEY_FORM } from '../values/session-key.ts';
import { parseSize, SIZE, SIZE_FORM } from '../values/size.ts';
import { addRejection, filledList, key, mapWithKeys, text, uniqueList } from './building-blocks.ts';
import { flag } from './scalars.ts';

const scopes = uniqueList(text(SCOPE, parseScope, SCOPE_FORM)).describe('The scopes that it needs, all of them');

/** A rule for each name, and `*` for the others. */
function rulesBy(name: string) {
  return mapWithKeys(key(/./, name), scopes, (names, context) => {
    if (!names.includes('')) return;
    addRejection(context, { what: 'is empty', expected: name, standsAlone: true }, [''], true);
  });
}

/** Bytes that a request may hold in memory until it is judged. */
const LARGEST_BODY = 64 * 1024 * 1024;
const bodySize = text(
  SIZE,
  written => {
    const bytes = parseSize(written);
    if (!bytes.ok || bytes.value <= LARGEST_BODY) return bytes;
    return { ok: false, rejection: { what: 'is too large', expected: 'at most 64MiB' } };
  },
  SIZE_FORM,
);

const mcpMap = z.strictObject({
  tools: rulesBy('the name of a tool, or "*" for the others')
    .default({})
    .describe('By the name of a tool, "*" for the others: scopes that calling it needs beside those of the route'),
  resources: rulesBy('the URI of a resource, or "*" for the others')
    .default({})
    .describe('By URI, "*" for the others: scopes that reading a resource or subscribing to it needs'),
  prompts: rulesBy('the name of a prompt, or "*" for the others')
    .default({})
    .describe('By the name of a prompt, "*" for the others: scopes that getting it needs'),
  challenge: z
    .enum(['operation', 'cumulative'])
    .default('operation')
    .describe('The scopes that a 403 names. operation: of route and tool; cumulative: also those that the token has'),
  initial_scopes: uniqueList(text(SCOPE, parseScope, SCOPE_FORM))
    .optional()
    .describe('The scopes that the 401 to a request without a token names; default: those of the route'),
  revisions: filledList(text(MCP_REVISION, parseMcpRevision, { enum: [...MCP_REVISIONS] }))
    .prefault([...MCP_REVISIONS])
    .describe('The revisions of MCP that are served; a request of another one gets 400'),
  sse: flag
    .default(false)
    .describe('Whether the server has the older transport HTTP+SSE: its stream goes on when the token expires'),
  session_key: text(SESSION_KEY, deriveSessionKey, SESSION_KEY_FORM)
    .optional()
    .describe(
      'Secret by which session ids are bound to their owners; write ${file:…}. Default: one made at the start, so that sessions end with a restart',
    ),
  max_body: bodySize.prefault('4MiB').describe('Bytes of a body that is read for a rule; a longer one gets 413'),
});

export type McpSettings = z.output<typeof mcpMap>;

/** A boolean, not the literal `true`: what is wrong within a map is then told as that. */
const mcpAlone = z
  .boolean({ error: 'true' })
  .meta({ const: true })
  .superRefine((written, context) => {
    if (!written) addRejection(context, { what: 'is the default', expected: 'true, a map, or no such key' });
  })
  .transform((): McpSettings => mcpMap.parse({}));

/** `true` alone is a map without keys. */
export const mcp = z.union([mcpAlone, mcpMap]);
