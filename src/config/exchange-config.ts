/** How the token of a client is exchanged for one of the upstream (RFC 8693, RFC 7523), checked and with every default. */

import type { ForwardProxy } from './forward-proxy.ts';
import type { ClientAuthentication } from './introspection-config.ts';

export interface Exchange {
  readonly tokenEndpoint: string;
  /** `token-exchange`: RFC 8693. `jwt-bearer`: RFC 7523 section 2.1, with `requested_token_use=on_behalf_of`. */
  readonly grant: 'token-exchange' | 'jwt-bearer';
  readonly clientId: string;
  readonly authentication: ClientAuthentication;
  /** For whom the issued token is: an issued JWT must have one of the two in its `aud`. */
  readonly resource: string | undefined;
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
  /** Whether a token that is no JWT is accepted: its audience cannot be checked. */
  readonly opaque: boolean;
  /** Milliseconds from the call to the last byte of the answer. */
  readonly timeout: number;
  /** PEM file with the authorities that are trusted instead of those of Node.js. */
  readonly caFile: string | undefined;
  /** The proxy that the environment names. */
  readonly proxy: ForwardProxy | undefined;
}
