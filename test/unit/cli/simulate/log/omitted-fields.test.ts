/** `access_log.omit` and `simulate` together: an entry that lacks a field is decided as the whole one would be, or not at all. */

import { expect, test } from 'vitest';
import { UNKNOWN } from '../../../../../src/cli/simulate/replay/unknown.ts';
import type { Config } from '../../../../../src/config/config.ts';
import { OMITTABLE_FIELDS, REPLAYED_FIELDS } from '../../../../../src/config/values/access-log.ts';
import { exampleMcp } from '../../../route/example-mcp.ts';
import { protectedRoute, publicRoute } from '../../../route/example-route.ts';
import { type EntryFields, exampleConfig, replayOne, unverified } from '../example-entry.ts';

const route = protectedRoute({ prefix: '/a', scopeRules: [{ method: '*', path: '/', scopes: ['read'] }] });
const other = protectedRoute({ prefix: '/b', resource: 'https://b.example/' });
const claims = [{ path: { text: 'sub', steps: ['sub'] }, values: new Set(['alice']) }];
const moved = protectedRoute({ prefix: '/a', resource: 'https://b.example/' });

const MCP = exampleMcp({ tools: { add: ['admin'] } });

/** Those under which lines are judged. */
const CONFIGS: Readonly<Record<string, Config>> = {
  enforce: exampleConfig([route, other]),
  report: exampleConfig([{ ...route, enforcement: 'report' }, other]),
  verify: exampleConfig([{ ...route, enforcement: 'verify' }, other], ['at+jwt', 'jwt']),
  'another scope': exampleConfig([{ ...route, scopeRules: [{ method: 'GET', path: '/', scopes: ['write'] }] }]),
  'required claims': exampleConfig([{ ...route, requiredClaims: claims }]),
  public: exampleConfig([publicRoute({ prefix: '/a' })]),
  'a rule for a tool': exampleConfig([{ ...route, mcp: MCP }]),
  'another resource': exampleConfig([moved]),
  'no such route': exampleConfig([other]),
};

const ENTRIES: Readonly<Record<string, EntryFields>> = {
  'a valid token': { typ: 'at+jwt' },
  'a valid token on enforce': { typ: 'at+jwt', enforcement: 'enforce' },
  'a call of a tool': { method: 'POST', typ: 'at+jwt', mcp_method: 'tools/call', tool: 'add' },
  'a sibling’s token': { outcome: 'reported', reason: 'wrong_audience', aud: ['https://b.example/'], typ: 'at+jwt' },
  'an ID token': { outcome: 'reported', reason: 'wrong_token_type', typ: 'JWT', kind: 'ID' },
  'an ID token of type at+jwt': { outcome: 'reported', reason: 'wrong_token_type', typ: 'at+jwt', kind: 'ID' },
  'an ID token, and the upstream failed': { outcome: 'failed', reason: 'upstream_timeout', typ: 'at+jwt', kind: 'ID' },
  'another typ': { outcome: 'reported', reason: 'wrong_token_type', typ: 'JWT' },
  'no token': unverified({ reason: 'missing_token' }),
  'a forged token': unverified({ reason: 'bad_signature', outcome: 'denied', enforcement: 'enforce' }),
  'an expired token': { outcome: 'denied', reason: 'token_expired', enforcement: 'enforce', exp: 1, typ: 'at+jwt' },
  'a token that expired while it was served': { duration_ms: 120_000, exp: 1795168790, typ: 'at+jwt' },
  'a public route': unverified({ outcome: 'forwarded', resource: undefined, enforcement: undefined }),
  'no route': unverified({
    outcome: 'denied',
    reason: 'no_route',
    route: '(none)',
    resource: undefined,
    enforcement: undefined,
  }),
};

const cases = Object.keys(CONFIGS).flatMap(config => Object.keys(ENTRIES).map(entry => [entry, config] as const));

test.each(cases)('%s, under %s, without any one field: the same, or unknown', (entry, name) => {
  const fields = ENTRIES[entry] ?? {};
  const config = CONFIGS[name] ?? exampleConfig([]);
  const whole = replayOne(config, fields);
  expect(whole).not.toMatch(/^(?:broken|skipped|incomplete|unfamiliar)$/);
  for (const omitted of OMITTABLE_FIELDS) {
    const found = replayOne(
      { ...config, accessLog: { omit: new Set([omitted]) } },
      { ...fields, [omitted]: undefined },
    );
    const isUnknown = found === 'incomplete' || Object.hasOwn(UNKNOWN, found);
    expect({ omitted, found: isUnknown ? whole : found }).toEqual({ omitted, found: whole });
    if (isUnknown && found !== whole) expect([...REPLAYED_FIELDS, 'sub']).toContain(omitted);
  }
});

test('each field that decides: some entry becomes unknown without it', () => {
  const decides = (omitted: string) =>
    cases.some(([entry, name]) => {
      const config = { ...(CONFIGS[name] ?? exampleConfig([])), accessLog: { omit: new Set([omitted]) } } as Config;
      const fields = ENTRIES[entry] ?? {};
      return replayOne(config, fields) !== replayOne(config, { ...fields, [omitted]: undefined });
    });
  // Whom changes are summed up by.
  expect(REPLAYED_FIELDS.filter(field => !decides(field))).toEqual(['client_id']);
});
