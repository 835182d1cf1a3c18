/** What is sent to each gateway that is scraped: every kind of event for which there is a panel or an alert. */

import { bearer, request } from '../support/raw-http.ts';
import type { TokenIssuer } from '../support/token-issuer.ts';

export const PROFILE = 'https://profile.example.com/';
export const BILLING = 'https://billing.example.com/';
/** An MCP server with a rule for one tool. */
export const TOOLS = 'https://tools.example.com/';
/** Requests in one round that send the token for profile to billing. */
export const REPLAYS = 2;
/** Requests in one round that send a token for an unknown API to profile. */
export const FOREIGN = 25;
export const ROUNDS = 2;
/** Milliseconds for one request, on a machine with other work. */
const PATIENCE = 30_000;
/** Requests of `BATCH` with a wrong audience to the route that only reports, in one round: more than of any other client. */
export const BATCHES = 4;
export const BATCH = 'nightly-batch';
/** Fewer requests of a client whose name would look like the count of another client, if it were printed unescaped. */
export const FORGER = 'x"\n 9999 "shop"\u009b2J\u202e';

/** A token for two APIs, which the route accepts, and calls of tools. */
export async function sendForSeveral(port: number, issuer: TokenIssuer, prefix: string): Promise<void> {
  const token = await issuer.sign({ claims: { aud: [PROFILE, BILLING], scope: 'billing:read' } });
  const headers = [bearer(token)] as const;
  await request(port, { path: `${prefix}/billing`, headers }, { timeout: PATIENCE });
  await callTools(port, issuer, prefix);
}

/** A tool that may be called, and one for which the token lacks the scope. */
async function callTools(port: number, issuer: TokenIssuer, prefix: string): Promise<void> {
  const token = await issuer.sign({ claims: { aud: TOOLS } });
  const headers = [bearer(token), ['Content-Type', 'application/json']] as const;
  for (const name of ['add', 'delete_user']) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } });
    await request(port, { method: 'POST', path: `${prefix}/tools`, headers, body }, { timeout: PATIENCE });
  }
}

/** Denials of all kinds, refused and only reported; a failing upstream; a slow body. */
export async function sendRound(port: number, issuer: TokenIssuer, prefix: string): Promise<void> {
  const tokenFor = (aud: unknown, claims = {}) => issuer.sign({ claims: { aud, ...claims } });
  const [profile, billing, foreign, missing, both, expired, batch, forger] = await Promise.all([
    tokenFor(PROFILE),
    tokenFor(BILLING, { scope: 'billing:read' }),
    tokenFor('https://elsewhere.example.com/'),
    tokenFor(undefined),
    tokenFor([PROFILE, BILLING], { scope: 'billing:read' }),
    tokenFor(PROFILE, { exp: 1 }),
    tokenFor(PROFILE, { client_id: BATCH }),
    tokenFor(PROFILE, { client_id: FORGER }),
  ]);
  const send = (path: string, token?: string) => {
    const headers = token === undefined ? [] : ([bearer(token)] as const);
    return request(port, { path: `${prefix}${path}`, headers }, { timeout: PATIENCE });
  };
  await Promise.all([
    ...Array.from({ length: REPLAYS }, () => send('/billing', profile)),
    ...Array.from({ length: FOREIGN }, () => send('/profile', foreign)),
    ...[profile, missing, both, expired, undefined, 'nonsense'].map(token => send('/profile', token)),
    ...[profile, foreign, missing, expired, undefined].map(token => send('/legacy', token)),
    ...Array.from({ length: BATCHES }, () => send('/legacy', batch)),
    send('/legacy', forger),
    ...[profile, foreign, undefined].map(token => send('/verified', token)),
    send("/o'neill", batch),
    send('/excused', batch),
    send('/billing', both),
    send('/billing/slow', billing),
    send('/billing', await tokenFor(BILLING)),
    send('/down'),
    send('/down'),
    send('/nowhere'),
    callTools(port, issuer, prefix),
  ]);
}
