/** Whether the token of a log entry is revoked by the configuration that the log is replayed under, as far as the log tells. */

import type { RevokedEntry, RevokedTokens } from '../../../config/revoked/revoked-tokens.ts';
import type { LoggedClaims } from '../log/log-entry.ts';

/** The field of the log that has what an entry names. */
const FIELDS = { jti: 'jti', sub: 'sub', clientId: 'client_id' } as const satisfies Partial<
  Record<keyof RevokedEntry, string>
>;

export class LoggedRevocation {
  readonly #revoked: RevokedTokens;
  /** Fields that some entry names. */
  readonly #named = new Set<string>();
  readonly #omitted: ReadonlySet<string>;

  /** @param omitted fields that may have been left out of the log. */
  constructor(revoked: RevokedTokens, omitted: ReadonlySet<string>) {
    this.#revoked = revoked;
    this.#omitted = omitted;
    for (const entry of revoked.list())
      for (const [name, field] of Object.entries(FIELDS)) if (name in entry) this.#named.add(field);
  }

  /** Whether no token is revoked. */
  get isEmpty(): boolean {
    return this.#revoked.size === 0;
  }

  /**
   * @param latest seconds since 1970: the token was issued then or before. The log does not hold `iat`.
   * @returns every possible answer.
   */
  judge({ whole, issuer, clientId, cutNames }: LoggedClaims, latest: number): readonly boolean[] {
    if (this.isEmpty) return [false];
    const { jti, sub } = whole;
    const names = {
      jti: typeof jti === 'string' ? jti : undefined,
      sub: typeof sub === 'string' ? sub : undefined,
      iss: issuer,
      clientId,
    };
    if (this.#revoked.fits({ ...names, iat: latest })) return [true];
    const isOpen = [...this.#named].some(field => cutNames.includes(field) || this.#isMissing(field, names));
    return isOpen || this.#revoked.fits({ ...names, iat: undefined }) ? [true, false] : [false];
  }

  #isMissing(field: string, names: Readonly<Record<keyof typeof FIELDS, string | undefined>>): boolean {
    const [name] = Object.entries(FIELDS).find(entry => entry[1] === field) ?? [];
    return this.#omitted.has(field) && names[name as keyof typeof FIELDS] === undefined;
  }
}
