/** An issuer that signs any header and claims, and publishes its keys over HTTP. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';
import { listenOnLoopback } from './listener.ts';

export interface SignOptions {
  readonly header?: Readonly<Record<string, unknown>>;
  /** Added to the defaults: `iss`, `sub`, `client_id`, `iat`, `exp` in five minutes, `jti`. `undefined` removes a claim. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface TokenIssuer {
  /** `http://127.0.0.1:PORT` */
  readonly issuer: string;
  readonly jwksUri: string;
  /** The published key set; may be replaced at any time. `undefined`: 500. */
  jwks: { readonly keys: readonly JWK[] } | undefined;
  /** Fetches of the key set so far. */
  readonly fetches: number;
  /** @returns an access token (RFC 9068) signed by the current key. */
  sign(options?: SignOptions): Promise<string>;
  /** Makes a new current key, published beside the old ones unless `alone`. */
  rotate(options?: { readonly alone?: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Starts an issuer on 127.0.0.1. */
export async function startTokenIssuer(algorithm: 'ES256' | 'RS256' = 'ES256'): Promise<TokenIssuer> {
  let fetches = 0;
  const server = createServer((request, response) => {
    if (request.url === '/jwks') fetches += 1;
    response.writeHead(request.url === '/jwks' && issuer.jwks ? 200 : 500, { 'content-type': 'application/json' });
    response.end(JSON.stringify(issuer.jwks ?? {}));
  });
  const origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  let current = await createKey(algorithm, 'key-1');
  const issuer: TokenIssuer = {
    issuer: origin,
    jwksUri: `${origin}/jwks`,
    jwks: { keys: [current.jwk] },
    get fetches() {
      return fetches;
    },
    sign: options => signToken(current, algorithm, origin, options),
    rotate: async ({ alone = false } = {}) => {
      current = await createKey(algorithm, `key-${Math.random().toString(36).slice(2)}`);
      issuer.jwks = { keys: alone ? [current.jwk] : [...(issuer.jwks?.keys ?? []), current.jwk] };
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return issuer;
}

interface SigningKey {
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
}

async function createKey(algorithm: string, kid: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } };
}

function signToken(
  { jwk, privateKey }: SigningKey,
  algorithm: string,
  issuer: string,
  { header, claims }: SignOptions = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const defaults = { iss: issuer, sub: 'alice', client_id: 'shop', iat: now, exp: now + 300, jti: crypto.randomUUID() };
  const payload = new TextEncoder().encode(JSON.stringify({ ...defaults, ...claims }));
  return new CompactSign(payload)
    .setProtectedHeader({ alg: algorithm, kid: jwk.kid ?? '', typ: 'at+jwt', ...header })
    .sign(privateKey);
}
