/** What the log does not record is reported as unknown, and not guessed. */

import { describe, expect, test } from 'vitest';
import {
  ask,
  BILLING,
  decisionOf,
  issuers,
  PROFILE,
  record,
  simulateJson,
  simulateLog,
  upstream,
  useSimulateFixture,
  writeLog,
} from './fixture.ts';

useSimulateFixture();

describe('what the log does not record', () => {
  const configureIssuers = (rules: string, { enforcement = 'report', trusted = [0], more = '' } = {}) => `
issuers:
${trusted.map(index => `  ${issuers[index]?.issuer}: { jwks_uri: ${issuers[index]?.jwksUri}, ${rules} }`).join('\n')}
routes:
  /billing: { resource: ${BILLING}, upstream: ${upstream.origin}, enforcement: ${enforcement}, scopes: [read]${more} }
  /other: { resource: ${PROFILE}, upstream: ${upstream.origin}, scopes: [read] }
`;
  const RULES = 'token_types: [at+jwt, JWT], algorithms: [ES256]';
  const good = [`good 0 ${BILLING} read`, `id 0 ${BILLING} read`].map(token => ask(token));
  const stranger = ask(`good 1 ${BILLING} read`);

  test.each([
    ['scope_claim', `${RULES}, scope_claim: roles`],
    ['token_types', 'token_types: [at+jwt], algorithms: [ES256]'],
    ['algorithms', 'token_types: [at+jwt, JWT], algorithms: [RS256]'],
    ['keys', `${RULES}, KEYS`],
  ])(
    'an issuer whose %s changed: unknown with --from; without it, said to be assumed unchanged',
    async (_name, rules) => {
      const old = configureIssuers(RULES);
      const changed = rules.endsWith('KEYS')
        ? configureIssuers(RULES).replace(`jwks_uri: ${issuers[0]?.jwksUri}`, `jwks_uri: ${issuers[1]?.jwksUri}`)
        : configureIssuers(rules);
      const { requests } = await record(old, [...good, ask('none')]);
      const log = writeLog(requests);
      const found = await simulateJson(changed, requests, old);
      expect(found).toMatchObject({ code: 3, judged: 1, unknown: { issuer_rules: 2 }, assumed_unchanged: ['keys'] });
      const { stdout } = await simulateLog(changed, log, false, old);
      expect(stdout).toContain('No change found, but not all could be judged: 2 unknown or broken.');
      expect(stdout).not.toContain('assumed unchanged');
      const silent = await simulateLog(changed, log, false);
      expect(silent.stdout).toContain(
        'assumed unchanged: keys, algorithms, token_types, scope_claim, audience_claim\n  (--from OLD tells',
      );
    },
  );

  test('more algorithms and types: a verified token stays verified', async () => {
    const [old, wider] = [
      configureIssuers(RULES),
      configureIssuers(RULES.replaceAll(']', ', X]').replace('ES256, X', 'ES256, RS256')),
    ];
    const { requests } = await record(old, [...good, ask(`forged 0 ${BILLING} read`)]);
    const found = await simulateJson(wider, requests, old);
    expect(found).toMatchObject({ code: 3, unchanged: 2, unknown: { issuer_rules: 1 } });
  });

  test('a token of an unknown issuer: refused by enforce where no issuer was added, else unknown', async () => {
    const [old, enforced] = [configureIssuers(RULES), configureIssuers(RULES, { enforcement: 'enforce' })];
    const { requests } = await record(old, [...good, stranger]);
    expect(await simulateJson(enforced, requests)).toMatchObject({ code: 3, unknown: { issuer_not_logged: 1 } });
    expect(await simulateJson(enforced, requests, old)).toMatchObject({
      code: 3,
      unknown: {},
      changes: [{ count: 1, becomes: { outcome: 'denied', reason: 'untrusted_issuer' } }],
    });
    const { requests: then } = await record(enforced, [...good, stranger]);
    expect(decisionOf(then[2])).toEqual({ outcome: 'denied', reason: 'untrusted_issuer' });
    const renamed = configureIssuers(RULES, { enforcement: 'enforce', more: ', name: Billing' });
    expect(await simulateJson(renamed, then, enforced)).toMatchObject({ code: 0, unchanged: 3, unknown: {} });
    const elsewhere = { enforcement: 'enforce', trusted: [0, 1], more: `, issuers: ['${issuers[0]?.issuer}']` };
    expect(await simulateJson(configureIssuers(RULES, elsewhere), then, enforced)).toMatchObject({
      code: 3,
      unknown: { issuer_not_logged: 1 },
    });
    const trusting = configureIssuers(RULES, { enforcement: 'enforce', trusted: [0, 1] });
    for (const [lines, from] of [
      [requests, old],
      [then, enforced],
    ] as const) {
      expect(await simulateJson(trusting, lines, from)).toMatchObject({ code: 3, unknown: { issuer_not_logged: 1 } });
    }
  });

  test('unknown outcomes with unchanged settings: unchanged', async () => {
    const other = 'id 0 x read';
    const old = configureIssuers('token_types: [JWT]');
    const { requests } = await record(old, [ask(`id 0 ${BILLING} read`), ask(`good 0 ${BILLING} read`), ask(other)]);
    const failed = { ...requests[0], outcome: 'failed', reason: 'upstream_timeout', iss: undefined };
    expect(await simulateJson(old, [...requests, failed])).toMatchObject({ code: 3, unchanged: 3 });
    expect(await simulateJson(old, [...requests, failed], old)).toMatchObject({ code: 0, unchanged: 4, unknown: {} });
    const elsewhere = old.replace('/other: {', '/other: { name: Other,');
    expect(await simulateJson(elsewhere, [...requests, failed], old)).toMatchObject({ code: 0, unchanged: 4 });
  });

  test('a path with `;` that is no longer allowed: refused', async () => {
    const open = configureIssuers(RULES, { more: ', allow_encoded: [";"]' });
    const { requests } = await record(open, [ask(`good 0 ${BILLING} read`, '/billing/7;v=1'), ask('none', '/other')]);
    const found = await simulateJson(configureIssuers(RULES), requests, open);
    expect(found).toMatchObject({ code: 3, judged: 2, changed: { would_break: 1 }, unknown: {} });
    expect(await simulateJson(open, requests)).toMatchObject({ code: 3, judged: 1, unknown: { path_cut: 1 } });
  });
});
