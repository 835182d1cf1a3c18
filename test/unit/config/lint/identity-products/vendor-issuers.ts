/** Issuers of each identity product, as its vendor documents them. */

export const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
export const POOL = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab1';

/** As they stand in `iss`, by the name of the row. */
export const VENDOR_ISSUERS: Readonly<Record<string, readonly string[]>> = {
  'Entra ID v2': [
    `https://login.microsoftonline.com/${TENANT}/v2.0`,
    `https://login.microsoftonline.us/${TENANT}/v2.0`,
    `https://login.partner.microsoftonline.cn/${TENANT}/v2.0`,
    `https://contoso.ciamlogin.com/${TENANT}/v2.0`,
  ],
  'Entra ID v1': [`https://sts.windows.net/${TENANT}/`],
  'Azure AD B2C': [
    `https://contoso.b2clogin.com/${TENANT}/v2.0/`,
    `https://contoso.b2clogin.com/tfp/${TENANT}/b2c_1_susi/v2.0/`,
  ],
  'AD FS': [
    'http://fs.example.com/adfs/services/trust',
    'https://fs.example.com/adfs',
    'https://fs.example.com:8443/adfs',
  ],
  ForgeRock: [
    'https://am.example.com/am/oauth2',
    'https://am.example.com:443/am/oauth2/alpha',
    'https://am.example.com/openam/oauth2/realms/root/realms/alpha',
  ],
  Keycloak: ['https://sso.example.com/realms/shop', 'http://keycloak:8080/auth/realms/shop'],
  Auth0: ['https://shop.eu.auth0.com/', 'https://shop.auth0.com/'],
  Okta: ['https://shop.okta.com', 'https://shop.okta.com/oauth2/default', 'https://shop.oktapreview.com/oauth2/aus1'],
  'Amazon Cognito': [POOL],
  Google: ['https://accounts.google.com'],
  Ping: ['https://auth.pingone.eu/b1/as', 'https://auth.pingone.com.au/b1/as'],
  Zitadel: ['https://shop-a1b2.zitadel.cloud', 'https://shop.us1.zitadel.cloud'],
  'GitHub Actions': [
    'https://token.actions.githubusercontent.com',
    'https://token.actions.githubusercontent.com/octo-enterprise',
  ],
  Kubernetes: [
    'https://kubernetes.default.svc',
    'https://kubernetes.default.svc.cluster.local',
    'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E',
    'https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/c',
    `https://westeurope.oic.prod-aks.azure.com/${TENANT}/6731de76/`,
  ],
};
