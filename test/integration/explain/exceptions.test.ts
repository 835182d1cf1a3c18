/** `explain` and exceptions: which check fails, by whose exception it passes, and until when. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { folder, issuer, PROFILE, sign, useExplainFixture } from './fixture.ts';

useExplainFixture();

const DAY = 86_400_000;
const UNTIL = new Date(Date.now() + 30 * DAY).toISOString().slice(0, 10);
const AFTER = `${new Date(Date.parse(UNTIL) + DAY).toISOString().slice(0, 19)}Z`;
const LAST = `${UNTIL}T23:59:59Z`;

let file: string;

beforeAll(() => {
  file = join(folder, 'exceptions.yaml');
  const route = (enforcement: string, reasons = 'wrong_audience, insufficient_scope') => `
    resource: https://billing.example.com/
    upstream: http://127.0.0.1:3002
    enforcement: ${enforcement}
    scopes: [billing:read]
    exceptions:
      - { client_id: shop, reasons: [${reasons}], until: ${UNTIL}, owner: team-billing }`;
  writeFileSync(
    file,
    `issuers: { ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} } }
routes:
  /billing:${route('enforce')}
  /verify:${route('verify')}
  /verify-scope:${route('verify', 'insufficient_scope')}
  /report:${route('report')}
  /profile: { resource: ${PROFILE}, upstream: http://127.0.0.1:3001 }
`,
  );
});

const YEAR = Math.floor((Date.now() + 300 * DAY) / 1000);

async function explain(claims: object, path = '/billing', ...more: readonly string[]) {
  const token = await sign({ exp: YEAR, ...claims });
  const run = (...options: readonly string[]) =>
    runExplain(['--config', file, '--token-file', '-', ...more, ...options, `http://localhost${path}`], token);
  const { code, stdout } = await run();
  const json = JSON.parse((await run('--json')).stdout);
  const verdicts = Object.fromEntries(
    json.checks.map(({ name, verdict }: { readonly name: string; readonly verdict: string }) => [name, verdict]),
  );
  return { code, stdout, json, verdicts };
}

const PASSES = `passes by the exception of team-billing until ${UNTIL}`;

test('a wrong audience that is excused: the check, the exception, its owner and its day', async () => {
  const { code, stdout, json, verdicts } = await explain({ aud: PROFILE });
  expect(code).toBe(0);
  expect(stdout).toContain(`! audience     ${PASSES}\n`);
  expect(stdout).toContain(
    `forwarded, and reported: wrong_audience, presented: ${PROFILE}\n  It ${PASSES}.\n  Without that it would be refused with 401.\n`,
  );
  expect(stdout).toContain('what enforce would answer without the exception:\n  HTTP/1.1 401 Unauthorized\n');
  expect(verdicts).toMatchObject({ audience: 'excused', scope: 'pass', 'required claims': 'pass' });
  expect(json).toMatchObject({
    ...{ decision: 'forwarded', reason: 'wrong_audience' },
    exceptions: [{ reason: 'wrong_audience', client_id: 'shop', owner: 'team-billing', until: UNTIL }],
  });
});

test('two reasons that are excused: both checks', async () => {
  const { verdicts, json } = await explain({ aud: PROFILE, scope: '' });
  expect(verdicts).toMatchObject({ audience: 'excused', scope: 'excused' });
  expect(json.exceptions).toHaveLength(2);
});

test('on verify: excused as well; on report not', async () => {
  const { stdout, verdicts } = await explain({ aud: PROFILE }, '/verify');
  expect(stdout).toContain(
    `  It ${PASSES}.\n  On verify it would only be reported without that, too; on enforce it would be refused with 401.\n`,
  );
  expect(verdicts['audience']).toBe('excused');
  const reported = await explain({ aud: PROFILE }, '/report');
  expect(reported.stdout).toContain(
    'The enforcement of this route is report; on enforce it would be refused with 401.',
  );
  expect(reported.json.exceptions).toEqual([]);
});

test('on verify, an excused reason behind one that is only reported: enforce would refuse it in spite of the exception', async () => {
  const { stdout } = await explain({ aud: PROFILE, scope: '' }, '/verify-scope');
  expect(stdout).toContain(
    `forwarded, and reported: wrong_audience, presented: ${PROFILE}\n  It ${PASSES}.\n  The enforcement of this route is verify; on enforce it would be refused with 401.\n`,
  );
  expect(stdout).toContain('what enforce would answer:\n');
});

test('another client: refused, with no word of an exception', async () => {
  const { code, stdout } = await explain({ aud: PROFILE, client_id: 'web' });
  expect(code).toBe(2);
  expect(stdout).not.toContain('exception of');
});

test('something else beside it: the reason that is left; the excused check is no pass', async () => {
  const { code, json, verdicts } = await explain({ aud: PROFILE, exp: Math.floor(Date.now() / 1000) - 600 });
  expect({ code, reason: json.reason }).toEqual({ code: 2, reason: 'token_expired' });
  expect(verdicts['audience']).toBe('skipped');
});

test('--at the last second: excused; a second later: refused, and it says what has lapsed', async () => {
  const last = await explain({ aud: PROFILE }, '/billing', '--at', LAST);
  expect(last.code).toBe(0);
  const after = await explain({ aud: PROFILE }, '/billing', '--at', AFTER);
  expect(after.code).toBe(2);
  expect(after.stdout).toContain(
    `refused: 401 wrong_audience, presented: ${PROFILE}\n  The exception of team-billing lapsed at the end of ${UNTIL} (UTC).\n`,
  );
});
