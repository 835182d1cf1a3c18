/** How an issuer is asked about tokens (RFC 7662), checked and with every default. */

import type { ClientCertificate, SigningKey } from './values/client-key.ts';

export interface Introspection {
  readonly endpoint: string;
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
  /** Milliseconds for which an answer counts; 0 for no cache. */
  readonly cache: number;
  /** Whether JWTs of the issuer are asked about, too. */
  readonly includesJwts: boolean;
}

/** How the gateway shows an authorization server which client it is. Keys and secrets are kept here, and shown nowhere. */
export type ClientAuthentication =
  /** RFC 6749 section 2.3.1: in the Authorization field, or in the body. */
  | { readonly method: 'basic' | 'post'; readonly secret: string }
  /** RFC 7523 section 2.2. */
  | ({ readonly method: 'private_key_jwt' } & SigningKey)
  /** RFC 8705 section 2. */
  | ({ readonly method: 'tls' } & ClientCertificate);
