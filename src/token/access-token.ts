/** A verified access token (RFC 9068): who issued it, whom it is for, what it allows, and until when. */

import type { ScopeSource } from '../config/config.ts';
import type { RevokedTokens } from '../config/revoked/revoked-tokens.ts';
import type { Claims } from '../config/values/claim-path.ts';
import type { Denial, ReasonAt } from '../denial.ts';

export interface AccessToken {
  readonly ok: true;
  /** `iss`, the exact key of an issuer in the YAML. */
  readonly issuer: string;
  /** The kind of a token that says of itself that it is no access token; `undefined` for all others (token-kind.ts). */
  readonly kind: string | undefined;
  /** `typ` of the JWS header as written. */
  readonly type: string | undefined;
  /** Whether that is one of the issuer's `token_types` (RFC 9068 section 2.1). */
  readonly typeAccepted: boolean;
  /** `aud`, or what stands in the issuer's `audience_claim`; empty where it is absent. Never normalised (RFC 7519 section 2). */
  readonly audience: readonly string[];
  /** `aud` of a token that has the `audience_claim` as well: both must fit. */
  readonly secondAudience: readonly string[] | undefined;
  /** As the token has them. */
  readonly scopes: ReadonlySet<string>;
  /** With those that they include by `scope_implies`: these are compared. */
  readonly allScopes: ReadonlySet<string>;
  /** Where its issuer has them. */
  readonly scopeSource: ScopeSource;
  /** `exp`: seconds since 1970. */
  readonly expiresAt: number;
  /** `exp`, `nbf` and `iat` with the issuer's leeways: seconds since 1970. */
  readonly validUntil: number;
  readonly validFrom: number;
  /** Every claim, for required claims, identity headers and the log. */
  readonly claims: Claims;
  /** Of a JWT that its issuer was asked about: what was signed. `claims` are then those of the answer. */
  readonly signedClaims?: Claims | undefined;
  /** The number of the last list that was looked up and does not revoke it. No list is changed once it is in use, so it need not be looked up again. */
  clearedBy?: RevokedTokens['number'] | undefined;
}

/** Why there is no verified token. */
export type TokenReason = ReasonAt<'credentials' | 'token'>;

/** A denial, with what is known all the same of a token whose issuer has signed it. */
export interface TokenDenial<R extends TokenReason = TokenReason> extends Denial<R> {
  /** As in `AccessToken`: it is judged before the reason of this denial. */
  readonly kind?: string | undefined;
  /** With a reason that comes behind its signature and its form: the token. */
  readonly verified?: AccessToken;
  /** What its issuer has signed, or has said of it. */
  readonly claims?: Claims | undefined;
  /** As in `AccessToken`. */
  readonly signedClaims?: Claims | undefined;
  /** Whether the configuration revokes it besides. Never with `revoked_token`, which says so. */
  readonly isRevoked?: true;
}
