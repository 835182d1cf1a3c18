/** Two issuers, a gateway, and the keys of an attacker. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { JWK } from 'jose';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { bearer, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

export const RESOURCE = 'https://api.example/';

export let issuer: TokenIssuer;
export let rsa: TokenIssuer;
export let upstream: Upstream;
export let gateway: RunningGateway;
export let publicJwk: JWK;
export const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** Where the keys of an attacker would be fetched from. No request may arrive. */
let lure: Server;
export let lurePort: number;
export let visitors = 0;

/** Registers the hooks of a test file. */
export function useAttackedGateway(): void {
  beforeAll(async () => {
    [issuer, rsa, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer('RS256'), startUpstream()]);
    publicJwk = rsa.jwks?.keys[0] ?? {};
    await issuer.rotate();
    // One kid for four keys, of which the first three never signed.
    const last = issuer.jwks?.keys.at(-1) ?? {};
    const twins = [ecKey('P-256'), ecKey('P-384'), publicJwk].map(jwk => ({ ...jwk, kid: last.kid ?? '' }));
    issuer.jwks = { keys: [...twins, last] };
    lure = createServer(socket => {
      visitors += 1;
      socket.destroy();
    });
    lurePort = await listenOnLoopback(lure);
    gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}", token_types: [at+jwt, JWT] }
  ${rsa.issuer}: { jwks_uri: "${rsa.jwksUri}" }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
`);
  });

  beforeEach(() => {
    upstream.received.length = 0;
  });

  afterAll(async () => {
    await gateway.close();
    lure.close();
    await Promise.all([issuer.close(), rsa.close(), upstream.close()]);
  });
}

export const now = () => Math.floor(Date.now() / 1000);
/** @returns `value` as a segment of a JWS. */
export const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export type Outcome =
  | 'malformed_token'
  | 'bad_signature'
  | 'unknown_key'
  | 'untrusted_issuer'
  | 'wrong_token_type'
  | 'wrong_audience'
  | 'token_expired';

/** @returns the reason of the refusal, or that it was forwarded. */
export async function outcomeOf(token: string, { port } = gateway): Promise<string> {
  const response = await request(port, { path: '/api/x', headers: [bearer(token)] });
  if (upstream.received.length > 0) return 'forwarded';
  expect([400, 401]).toContain(response.status);
  return JSON.parse(response.body.toString()).reason;
}

/** @param payload JSON text, or text that is encoded already. */
export function signWith(key: KeyObject, header: Record<string, unknown>, payload: string): string {
  const input = `${encode(header)}.${payload.startsWith('{') ? encode(payload) : payload}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** @returns a valid token of `from` whose header was changed afterwards, also in ways that jose does not sign. */
export async function resigned(header: Record<string, unknown>, from = issuer): Promise<string> {
  const [old = '', payload, signature] = (await from.sign({ claims: { aud: RESOURCE } })).split('.');
  const merged = { ...JSON.parse(Buffer.from(old, 'base64url').toString()), ...header };
  return `${encode(merged)}.${payload}.${signature}`;
}

export function jwkOf(key: KeyObject): JWK {
  return key.export({ format: 'jwk' }) as JWK;
}

function ecKey(namedCurve: string): JWK {
  return jwkOf(generateKeyPairSync('ec', { namedCurve }).publicKey);
}
