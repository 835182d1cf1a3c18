/** Audiences that many tokens carry, whatever API they are for: to accept one is to accept them all. */

const BY_NAME: ReadonlyMap<string, string> = new Map([
  ['00000003-0000-0000-c000-000000000000', 'Microsoft Graph'],
  ['https://graph.microsoft.com', 'Microsoft Graph'],
  ['00000002-0000-0000-c000-000000000000', 'Azure AD Graph'],
  ['https://graph.windows.net', 'Azure AD Graph'],
  ['797f4846-ba00-4fd7-ba43-dac1f8f63013', 'the management API of Azure'],
  ['https://management.azure.com', 'the management API of Azure'],
  ['https://management.core.windows.net', 'the management API of Azure'],
  ['api://default', 'the default authorization server of Okta'],
]);

/** Below an issuer's own URL. */
const OF_ISSUER: readonly (readonly [path: string, what: string])[] = [
  ['', 'the issuer itself'],
  ['/userinfo', "the issuer's userinfo endpoint"],
];
/** Of the tenant, also where the issuer has a domain of its own. */
const OF_AUTH0 = /^https:\/\/[^/]+\.auth0\.com\/(?:userinfo|api\/v2)$/i;

const OF_KEYCLOAK: ReadonlyMap<string, string> = new Map([
  ['account', 'the account console of Keycloak'],
  ['broker', 'the identity broker of Keycloak'],
  ['realm-management', 'the administration of a realm of Keycloak'],
]);

/** What tokens of some issuers carry for more APIs than one. */
export interface SharedAudiences {
  /** What it is, by audience without a slash at its end. */
  readonly ofIssuers: ReadonlyMap<string, string>;
  readonly hasKeycloak: boolean;
}

/** @returns what tokens of `issuers` may carry; made once for all audiences that are looked up in it. */
export function listSharedAudiences(issuers: readonly string[]): SharedAudiences {
  const ofIssuers = new Map<string, string>();
  for (const [path, what] of OF_ISSUER.toReversed()) {
    for (const issuer of issuers) ofIssuers.set(`${withoutSlash(issuer)}${path}`, what);
  }
  return { ofIssuers, hasKeycloak: issuers.some(issuer => issuer.includes('/realms/')) };
}

/**
 * @param issuers whose tokens it may stand in.
 * @returns what `audience` is, as `Microsoft Graph`, where tokens for other APIs carry it; whatever the case of a GUID or
 *   a host, and with or without a slash at its end.
 */
export function nameSharedAudience(audience: string, issuers: readonly string[]): string | undefined {
  return findSharedAudience(audience, listSharedAudiences(issuers));
}

/** As `nameSharedAudience`, for many audiences of the same issuers. */
export function findSharedAudience(audience: string, { ofIssuers, hasKeycloak }: SharedAudiences): string | undefined {
  const bare = withoutSlash(audience);
  if (hasKeycloak && OF_KEYCLOAK.has(audience)) return OF_KEYCLOAK.get(audience);
  const known = ofIssuers.get(bare);
  if (known === undefined && OF_AUTH0.test(bare)) return 'Auth0 itself (/userinfo or its Management API)';
  return known ?? BY_NAME.get(bare.toLowerCase());
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}
