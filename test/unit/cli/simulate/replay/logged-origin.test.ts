/** Lines of requests to MCP servers, whose Origin is not in the log. */

import { describe, expect, test } from 'vitest';
import { compare } from '../../../../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../../../../src/cli/simulate/replay/decision-replay.ts';
import { exampleMcp } from '../../../route/example-mcp.ts';
import { protectedRoute } from '../../../route/example-route.ts';
import { type EntryFields, exampleConfig, exampleEntry, readText, unverified } from '../example-entry.ts';

const configOf = (...corsOrigins: string[]) => {
  const mcp = exampleMcp({}, { resource: 'https://api.example/', corsOrigins });
  return exampleConfig([
    protectedRoute({ prefix: '/a', mcp, claimsToHeaders: new Map([[corsOrigins.join(), 'sub']]) }),
  ]);
};
const withoutMcp = exampleConfig([protectedRoute({ prefix: '/a' })]);
const refused = unverified({ outcome: 'denied', reason: 'origin_not_allowed', status: 403, enforcement: 'enforce' });

function replay(now = configOf(), from: typeof now | undefined, fields: EntryFields) {
  const entry = readText(exampleEntry(fields));
  if (entry === undefined || typeof entry === 'string') throw new Error(String(entry));
  const found = compare(entry, new DecisionReplay(now, from).decide(entry));
  return found === 'unchanged' ? found : 'unknown' in found ? found.unknown : found.kind;
}

describe('a line that was refused for its Origin', () => {
  test.each([
    ['the same configuration', configOf('https://a'), configOf('https://a'), 'unchanged'],
    ['fewer origins now', configOf(), configOf('https://a'), 'unchanged'],
    ['more origins now', configOf('https://a', 'https://b'), configOf('https://a'), 'origin_not_logged'],
    ['every origin now', configOf('*'), configOf('https://a'), 'origin_not_logged'],
    ['what was then is not known', configOf('https://a'), undefined, 'origin_not_logged'],
    ['no MCP server now: the token was not looked at', withoutMcp, configOf(), 'token_not_read'],
  ])('%s', (_, now, from, expected) => {
    expect(replay(now, from, refused)).toBe(expected);
  });
});

describe('a line that was forwarded', () => {
  test.each([
    ['fewer origins now', configOf(), configOf('https://a'), 'origin_not_logged'],
    ['other origins now', configOf('https://b'), configOf('https://a'), 'origin_not_logged'],
    ['more origins now', configOf('https://a', 'https://b'), configOf('https://a'), 'unchanged'],
    ['every origin now', configOf('*'), configOf('https://a'), 'unchanged'],
    ['what was then is not known', configOf('https://a'), undefined, 'unchanged'],
    ['no MCP server then', configOf(), withoutMcp, 'unchanged'],
  ])('%s', (_, now, from, expected) => {
    expect(replay(now, from, { enforcement: 'enforce' })).toBe(expected);
  });
});
