/** What of a token the log holds decides; what it does not hold is unknown, never guessed. */

import { describe, expect, test } from 'vitest';
import { compare } from '../../../../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../../../../src/cli/simulate/replay/decision-replay.ts';
import type { ClaimValue, Config, ProtectedRoute } from '../../../../../src/config/config.ts';
import { protectedRoute } from '../../../route/example-route.ts';
import { type EntryFields, exampleConfig, exampleEntry, ISSUER, readText, replayOne } from '../example-entry.ts';

const required = (text: string, ...values: readonly ClaimValue[]) => ({
  path: { text, steps: text.split('.') },
  values: new Set(values),
});
const route = (fields: Partial<ProtectedRoute> = {}) => protectedRoute({ prefix: '/a', key: '/a', ...fields });
const config = (fields: Partial<ProtectedRoute> = {}, issuer: object = {}): Config => {
  const made = exampleConfig([route(fields)], ['at+jwt', 'jwt']);
  const known = made.issuers.get(ISSUER);
  if (!known) throw new Error('no issuer');
  return { ...made, issuers: new Map([[ISSUER, { ...known, ...issuer }]]) };
};

function replayFrom(now: Config, from: Config, fields: EntryFields): string {
  const entry = readText(exampleEntry(fields));
  if (entry === undefined || typeof entry === 'string') return String(entry);
  const found = compare(entry, new DecisionReplay(now, from).decide(entry));
  if (found === 'unchanged') return found;
  return 'unknown' in found ? found.unknown : `${found.kind}: ${found.becomes.reason}`;
}

describe('required claims', () => {
  const tid = { requiredClaims: [required('tid', 'one')] };
  test.each<[string, Partial<ProtectedRoute>, EntryFields, string]>([
    ['the client of the log', { requiredClaims: [required('client_id', 'shop')] }, {}, 'unchanged'],
    ['another client', { requiredClaims: [required('client_id', 'web')] }, {}, 'would_break: denied wrong_claim'],
    ['the subject', { requiredClaims: [required('sub', 'alice', 'bob')] }, {}, 'unchanged'],
    ['another subject', { requiredClaims: [required('sub', 'bob')] }, {}, 'would_break: denied wrong_claim'],
    ['the issuer', { requiredClaims: [required('iss', ISSUER)] }, {}, 'unchanged'],
    [
      'no client in the log',
      { requiredClaims: [required('client_id', 'web')] },
      { client_id: undefined },
      'claim_not_logged',
    ],
    ['a claim that is not logged', tid, {}, 'claim_not_logged'],
    ['the same, and a wrong audience', tid, { aud: ['x'] }, 'would_break: denied wrong_audience'],
    [
      'a known one wrong, another not logged',
      { requiredClaims: [required('tid', 'one'), required('sub', 'bob')] },
      {},
      'would_break: denied wrong_claim',
    ],
  ])('%s: %s', (_, fields, entry, verdict) => {
    expect(replayOne(config({ enforcement: 'enforce', ...fields }), entry)).toBe(verdict);
  });

  test.each<[string, EntryFields, string]>([
    ['forwarded', { outcome: 'forwarded', enforcement: 'report' }, 'unchanged'],
    [
      'reported for them',
      { outcome: 'reported', reason: 'wrong_claim', enforcement: 'report' },
      'would_break: wrong_claim',
    ],
    [
      'reported before them',
      { outcome: 'reported', reason: 'wrong_audience', enforcement: 'report' },
      'claim_not_logged',
    ],
    ['denied for them', { outcome: 'denied', reason: 'wrong_claim', enforcement: 'enforce' }, 'unchanged'],
  ])('the same claims in --from, and the request was %s', (_, entry, verdict) => {
    const now = config({ ...tid, enforcement: 'enforce' });
    const from = config({ ...tid, enforcement: 'report' });
    expect(replayFrom(now, from, entry)).toBe(verdict);
  });
});

describe('scopes', () => {
  const rules = [{ method: '*', path: '/', scopes: ['read'] }];
  const roles = { scopeRules: rules, scopePaths: [{ text: 'roles', steps: ['roles'] }] };

  test('scope_implies: applied to the scopes of the log', () => {
    const implied = { impliedScopes: new Map([['admin', ['read']]]) };
    const strict = { enforcement: 'enforce', scopeRules: rules } as const;
    expect(replayOne(config(strict, implied), { scope: 'admin' })).toBe('unchanged');
    expect(replayOne(config(strict), { scope: 'admin' })).toBe('would_break: denied insufficient_scope');
  });

  test('scope_claim of the route: the scopes of the log are those that were read there', () => {
    expect(replayOne(config({ ...roles, enforcement: 'enforce' }), { scope: 'read' })).toBe('unchanged');
    expect(replayOne(config({ ...roles, enforcement: 'enforce' }), { scope: 'x' })).toBe(
      'would_break: denied insufficient_scope',
    );
  });

  test('scope_claim of the route, not in --from: unknown where a scope is needed', () => {
    const from = config({ enforcement: 'report' });
    expect(replayFrom(config({ ...roles, enforcement: 'enforce' }), from, {})).toBe('scope_claim_differs');
    expect(replayFrom(config({ scopePaths: roles.scopePaths, enforcement: 'enforce' }), from, {})).toBe('unchanged');
  });
});

describe('kind, type and audience', () => {
  const enforce = { enforcement: 'enforce' } as const;
  test.each<[string, object, EntryFields, string]>([
    ['a kind', {}, { kind: 'ID', typ: 'at+jwt' }, 'would_break: denied wrong_token_type'],
    ['a typ that is accepted', {}, { typ: 'JWT' }, 'unchanged'],
    ['a typ that is not', { tokenTypes: new Set(['at+jwt']) }, { typ: 'JWT' }, 'would_break: denied wrong_token_type'],
    ['two audiences, joined', { audienceClaim: 'client_id' }, { aud: ['shop', 'x'] }, 'audiences_joined'],
    [
      'an expired token',
      {},
      { outcome: 'reported', reason: 'token_expired', exp: 1 },
      'would_break: denied token_expired',
    ],
    [
      'an expired token, with a leeway that covers it',
      { expiryLeeway: 4e12 },
      { outcome: 'reported', reason: 'token_expired', exp: 1, typ: 'JWT' },
      'no_longer_reported: forwarded',
    ],
  ])('%s: %s', (_, issuer, entry, verdict) => {
    expect(replayOne(config(enforce, issuer), entry)).toBe(verdict);
  });
});
