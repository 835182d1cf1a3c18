/** Tokens from files: what `audgate probe` says where one of them is not what its option says, so that the answer to it shows nothing. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GivenTokens } from '../../../src/cli/probe/tokens.ts';
import type { Minter } from '../../../src/probe/tokens/minter.ts';
import { createTestIssuer, probeGiven, resultOf } from '../../support/probed/probe-all.ts';
import { type ProbedApi, startProbedApi } from '../../support/probed/probed-api.ts';
import { startUpstream } from '../../support/upstream.ts';

const ISSUER = await createTestIssuer('https://login.example.com');
const SCOPE = 'items:read';
const OTHER = { aud: 'https://profile.example.com/' };
const PAST = Math.floor(Date.now() / 1000) - 60;
let api: ProbedApi;

type Write = (mint: Minter['mint']) => Partial<GivenTokens>;

async function start(mistake: string | undefined): Promise<void> {
  const keys = [ISSUER.publicJwk as Record<string, unknown>];
  api = await startProbedApi({ issuer: ISSUER.issuer, keys, scope: SCOPE, mistake });
}

async function judge(id: string, write: Write, isAll = false) {
  const report = await probeGiven(ISSUER, { ...api, scope: SCOPE }, write, isAll);
  return { verdict: report.verdict, result: resultOf(report, id) };
}

afterEach(() => api.close());

describe('an API that accepts tokens of any audience', () => {
  beforeEach(() => start('other-audience'));

  const refused: readonly (readonly [string, Write, string])[] = [
    ['expired', mint => ({ others: [mint({ claims: { ...OTHER, exp: PAST } })] }), 'it has expired'],
    ['without the scope', mint => ({ others: [mint({ claims: { ...OTHER, scope: 'profile:read' } })] }), 'its scope'],
    ['of another issuer', mint => ({ others: [mint({ claims: { ...OTHER, iss: 'https://a.example' } })] }), 'issuer'],
  ];

  test.each(refused)("another API's token, refused as it is %s: its audience is not judged", async (_, write, why) => {
    const { verdict, result } = await judge('other-audience', write);
    expect(result).toMatchObject({ verdict: 'unclear', why: expect.stringContaining(why) });
    expect(verdict).toBe('unclear');
  });

  test("another API's token, and an expired one of another API: fails by the first", async () => {
    const write: Write = mint => ({ others: [mint({ claims: { ...OTHER, exp: PAST } }), mint({ claims: OTHER })] });
    expect((await judge('other-audience', write)).result).toMatchObject({ verdict: 'fails' });
  });

  test('an ID token that has expired: not judged', async () => {
    const { result } = await judge('id-token', mint => ({ idToken: mint({ claims: { aud: 'client', exp: PAST } }) }));
    expect(result).toMatchObject({ verdict: 'unclear', why: expect.stringContaining('it has expired') });
  });
});

describe('an API without a mistake', () => {
  beforeEach(() => start(undefined));

  test("another API's token, which is for this one, too: accepting it is no failure", async () => {
    const others: Write = mint => ({ others: [mint({ claims: { aud: [api.resource, OTHER.aud] } })] });
    const { verdict, result } = await judge('other-audience', others);
    expect([verdict, result?.verdict]).toEqual(['unclear', 'unclear']);
    expect(result?.why).toContain('its aud has that of the right token, too');
  });

  test("another API's token, and an expired one: holds by the first", async () => {
    const write: Write = mint => ({ others: [mint({ claims: OTHER }), mint({ claims: { ...OTHER, exp: PAST } })] });
    expect((await judge('other-audience', write)).result).toMatchObject({ verdict: 'holds' });
  });

  test('an expired token whose exp is still to come: accepting it is no failure', async () => {
    const { result } = await judge('expired', mint => ({ expired: mint() }));
    expect(result).toMatchObject({ verdict: 'unclear', why: expect.stringContaining('its exp is still to come') });
  });

  test('an expired token: holds', async () => {
    const { result } = await judge('expired', mint => ({ expired: mint({ claims: { exp: PAST } }) }));
    expect(result).toMatchObject({ verdict: 'holds' });
  });

  test('a token without the scope: holds by 403, and not by a refusal of an expired one', async () => {
    const lacking = { scope: 'openid' };
    const fresh = await judge('missing-scope', mint => ({ insufficient: mint({ claims: lacking }) }), true);
    expect(fresh.result).toMatchObject({ verdict: 'holds' });
    const old = await judge(
      'missing-scope',
      mint => ({ insufficient: mint({ claims: { ...lacking, exp: PAST } }) }),
      true,
    );
    expect(old.result).toMatchObject({ verdict: 'unclear', why: expect.stringContaining('it has expired') });
  });

  test('jku and x5u, where the API cannot reach a listener of the probe: not run', async () => {
    const { result } = await judge('jku-url', mint => ({ others: [mint({ claims: OTHER })] }), true);
    expect(result).toMatchObject({ verdict: 'not_run', why: expect.stringContaining('needs an API on this machine') });
  });
});

test('an API that ignores exp: an expired token of another API does not show it', async () => {
  await start('expired');
  const { result } = await judge('expired', mint => ({ expired: mint({ claims: { ...OTHER, exp: PAST } }) }));
  expect(result).toMatchObject({ verdict: 'unclear', why: expect.stringContaining('its aud is not') });
});

test('403 to a token of another API and to an altered one: it refuses every token so, and the check holds', async () => {
  const resource = 'https://billing.example.com/';
  let right = '';
  const upstream = await startUpstream({
    handle: (req, res) => {
      const { authorization } = req.headers;
      res.writeHead(authorization === undefined ? 401 : authorization === `Bearer ${right}` ? 200 : 403).end();
    },
  });
  api = { url: `${upstream.origin}/items`, siblingUrl: '', resource, close: () => upstream.close() };
  const { result } = await judge('other-audience', mint => {
    right = mint();
    return { right, others: [mint({ claims: OTHER })] };
  });
  expect(result).toMatchObject({ verdict: 'holds', got: '403' });
});
