/** Rules under `mcp`, replayed: by the method and the tool that the log has. */

import { describe, expect, test } from 'vitest';
import { exampleMcp } from '../../../route/example-mcp.ts';
import { protectedRoute } from '../../../route/example-route.ts';
import { exampleConfig, replayOne } from '../example-entry.ts';

const mcp = exampleMcp({ tools: { delete_user: ['admin'] } });
const config = exampleConfig([protectedRoute({ prefix: '/a', mcp })]);
const POST = { method: 'POST', enforcement: 'enforce' };
const refused = { outcome: 'denied', reason: 'insufficient_scope', status: 403 };

describe('a request to an MCP server', () => {
  test.each([
    ['a call that was refused', { mcp_method: 'tools/call', tool: 'delete_user', ...refused }, 'unchanged'],
    [
      'a call that was forwarded',
      { mcp_method: 'tools/call', tool: 'delete_user' },
      'would_break: denied insufficient_scope',
    ],
    ['the same with the scope', { mcp_method: 'tools/call', tool: 'delete_user', scope: 'admin' }, 'unchanged'],
    ['a call without a rule', { mcp_method: 'tools/call', tool: 'add' }, 'unchanged'],
    [
      'a call that was refused, without a rule now',
      { mcp_method: 'tools/call', tool: 'add', ...refused },
      'would_open: forwarded',
    ],
    ['a list', { mcp_method: 'tools/list' }, 'unchanged'],
    ['a batch', { mcp_method: 'batch', tool: 'batch' }, 'tool_not_logged'],
    ['a name that was cut', { mcp_method: 'tools/call', tool: 'x'.repeat(1_024) }, 'tool_not_logged'],
    ['a body that was not read', {}, 'tool_not_logged'],
    ['a body that was refused', { outcome: 'denied', reason: 'mcp_header_mismatch', status: 400 }, 'unchanged'],
    ['a body of another type', { outcome: 'denied', reason: 'unsupported_media_type', status: 415 }, 'unchanged'],
  ])('%s', (_, fields, expected) => {
    expect(replayOne(config, { ...POST, ...fields })).toBe(expected);
  });

  const session = { outcome: 'denied', reason: 'session_not_found', status: 404 };
  test.each([
    ['enforce', session, 'unchanged'],
    ['verify', session, 'unchanged'],
    // The body was not read, and is now.
    ['report', session, 'tool_not_logged'],
    ['enforce', { outcome: 'reported', reason: 'session_not_found' }, 'would_break: denied session_not_found'],
  ] as const)('an id that was not its sender’s, on %s now: %j: %s', (enforcement, fields, expected) => {
    const route = protectedRoute({ prefix: '/a', mcp, enforcement });
    expect(replayOne(exampleConfig([route]), { ...POST, ...fields })).toBe(expected);
  });

  test('an id that was not its sender’s, on report without rules now: opens', () => {
    const route = protectedRoute({ prefix: '/a', mcp: exampleMcp(), enforcement: 'report' });
    expect(replayOne(exampleConfig([route]), { ...POST, ...session })).toBe('would_open: reported session_not_found');
  });

  test('an id that was not its sender’s, and no MCP server now: opens', () => {
    const route = protectedRoute({ prefix: '/a', mcp: undefined });
    expect(replayOne(exampleConfig([route]), { ...POST, ...session })).toBe('would_open: forwarded');
  });

  test('a GET, whose body no rule needs: decided', () => {
    expect(replayOne(config, { enforcement: 'enforce' })).toBe('unchanged');
  });
});
