/**
 * A kind of credential behind `Authorization: Bearer`. One that is not verified by the keys of an issuer is one class with this
 * interface, which `TokenVerifier.judge` asks first.
 */

import type { ProtectedRoute } from '../config/config.ts';
import type { AccessToken, TokenDenial } from './access-token.ts';

/** A token as it came, not yet verified. */
export interface AskedToken {
  readonly token: string;
  /** SHA-256 of the token, by which caches know it. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The access token, in time, or the first reason against it. */
export type Judged = AccessToken | TokenDenial;

/** The route that a token came to: not every token names its issuer. */
export type AskingRoute = Pick<ProtectedRoute, 'issuers' | 'enforcement' | 'exceptions'>;

export interface CredentialKind {
  /** Whether the configuration has this kind at all. */
  readonly isConfigured: boolean;
  /** @param verify verifies the token as a JWT, by keys. */
  judge(asked: AskedToken, route: AskingRoute, verify: () => Judged | Promise<Judged>): Judged | Promise<Judged>;
  /** Ends what is under way, except what the next verifier has taken over. */
  release(): void;
}
