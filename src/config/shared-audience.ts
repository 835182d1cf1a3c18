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

/**
 * @param issuers whose tokens it may stand in.
 * @returns what `audience` is, as `Microsoft Graph`, where tokens for other APIs carry it; whatever the case of a GUID or
 *   a host, and with or without a slash at its end.
 */
export function nameSharedAudience(audience: string, issuers: readonly string[]): string | undefined {
  const bare = withoutSlash(audience);
  if (issuers.some(issuer => issuer.includes('/realms/')) && OF_KEYCLOAK.has(audience))
    return OF_KEYCLOAK.get(audience);
  const known = OF_ISSUER.find(([path]) => issuers.some(issuer => bare === `${withoutSlash(issuer)}${path}`));
  if (known === undefined && OF_AUTH0.test(bare)) return 'Auth0 itself (/userinfo or its Management API)';
  return known?.[1] ?? BY_NAME.get(bare.toLowerCase());
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}
