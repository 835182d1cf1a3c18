/**
 * Header fields that a server behind the gateway may believe, each with the reader that does. One list for the
 * configuration and for requests, by folded name (`foldFieldName`); `*` stands for any rest, behind four letters at least.
 */

/**
 * - `connection`: belong to one connection or frame the message. Never forwarded, never set from a claim.
 * - `forwarding`: written by the gateway, from what it saw or a trusted proxy said. Never forwarded as sent, never set.
 * - `override`: replace path, host or handling after the gateway has decided on them. Never forwarded, never set.
 * - `method`: replace the method. Not forwarded where a route refuses by method, never set.
 * - `peer`: tell of the client's connection to a proxy in front. Forwarded from trusted proxies only, never set.
 * - `user`: tell who the user is. Never forwarded; a claim may set them.
 * - `message`: the client's to send. Forwarded, never set from a claim.
 */
export type FieldGroup = 'connection' | 'forwarding' | 'override' | 'method' | 'peer' | 'user' | 'message';

/** By name: who reads the field, and as what. */
type Reasons = Readonly<Record<string, string>>;

const CONNECTION: Reasons = {
  connection: 'belongs to one connection (RFC 9110 section 7.6.1)',
  'content-length': 'frames the message (RFC 9112 section 6.2)',
  expect: 'is answered by the gateway (RFC 9110 section 10.1.1)',
  host: 'names the upstream (RFC 9110 section 7.2)',
  'http2-settings': 'belongs to one connection (RFC 7540 section 3.2.1)',
  'keep-alive': 'belongs to one connection (RFC 9110 section 7.6.1)',
  proxy: 'becomes HTTP_PROXY in CGI, through which the upstream then calls (CVE-2016-5385)',
  'proxy-*': 'is for the next proxy (RFC 9110 section 11.7, and Proxy-Connection)',
  te: 'belongs to one connection (RFC 9110 section 10.1.4)',
  trailer: 'frames the message (RFC 9110 section 6.6.2)',
  'transfer-encoding': 'frames the message (RFC 9112 section 6.1)',
  upgrade: 'belongs to one connection (RFC 9110 section 7.8)',
};

const FORWARDING: Reasons = {
  forwarded: 'tells where a request came from (RFC 7239)',
  'forwarded-*': 'is read as X-Forwarded-* by django-ipware and request-ip',
  'x-forward-for': 'is a misspelling of X-Forwarded-For that some servers read',
  'x-forwarded': 'is read as Forwarded by django-ipware and request-ip',
  'x-forwarded-*': 'tells where a request came from, in most servers',
};

const OVERRIDE: Reasons = {
  'disguised-host': 'is the Host for Azure App Service and IIS ARR',
  'path-info': 'is the path for gunicorn, from a proxy on loopback',
  'script-name': 'is cut off the path by gunicorn, from a proxy on loopback',
  'x-accel-*': 'names a file to send for Rack::Sendfile (CVE-2025-61780), or is meant for nginx',
  'x-cf-forwarded-url': 'is the URL for route services of Cloud Foundry',
  'x-envoy-*': 'holds the original path and the retry rules for Envoy and Istio',
  'x-host': 'is the Host for some servers',
  'x-http-host-override': 'is the Host for some servers',
  'x-http-path-override': 'is the path for some servers',
  'x-invoke-path': 'is the path for Next.js',
  'x-invoke-query': 'is the query for Next.js',
  'x-matched-path': 'is the path for Next.js',
  'x-middleware-*': 'skips the checks of Next.js (CVE-2025-29927)',
  'x-original-forwarded-*': 'holds what the client said of its address, for servers behind ingress-nginx',
  'x-original-host': 'is the Host for servers behind Azure Application Gateway and ingress-nginx',
  'x-original-method': 'is the method for authorizers behind nginx',
  'x-original-path': 'is the path for some servers',
  'x-original-prefix': 'is cut off the path by some servers',
  'x-original-proto': 'is the scheme for ASP.NET',
  'x-original-uri': 'is the path for authorizers behind nginx',
  'x-original-url': 'is the path for IIS, Symfony and Zend',
  'x-proxied*': 'is a chain of identities for Apache NiFi',
  'x-proxy*': 'is scheme, host and path for Apache NiFi',
  'x-replaced-path': 'is the original path for Traefik',
  'x-rewrite-uri': 'is the path for some servers',
  'x-rewrite-url': 'is the path for IIS, Symfony and Zend',
  'x-script-name': 'is cut off the path by Flask and CherryPy behind a proxy',
  'x-sendfile-type': 'chooses how Rack::Sendfile sends files (CVE-2025-61780)',
  'x-waws-unencoded-url': 'is the URL for Azure App Service',
};

const METHOD: Reasons = {
  'x-http-method': 'is the method for OData and ASP.NET',
  'x-http-method-override': 'is the method for Rails, Symfony, Express and Google APIs',
  'x-method-override': 'is the method for Express and Koa',
};

const ADDRESS = 'is the address of the client for';
const CERTIFICATE = 'is the certificate of the client for';
const SCHEME = 'is the scheme of the request for';

const PEER: Reasons = {
  'ali-cdn-real-ip': `${ADDRESS} servers behind Alibaba Cloud`,
  'cdn-src-ip': `${ADDRESS} servers behind ChinaCache`,
  'cert-chain': `${CERTIFICATE} Keycloak behind HAProxy`,
  'cf-connecting-ip': `${ADDRESS} servers behind Cloudflare`,
  'cf-connecting-ipv6': `${ADDRESS} servers behind Cloudflare`,
  'cf-ipcountry': 'is the country of the client for servers behind Cloudflare',
  'cf-pseudo-ipv4': `${ADDRESS} servers behind Cloudflare`,
  'cf-visitor': `${SCHEME} servers behind Cloudflare`,
  'client-cert': `${CERTIFICATE} servers by RFC 9440, which has it removed (section 4)`,
  'client-cert-chain': `${CERTIFICATE} servers by RFC 9440, which has it removed (section 4)`,
  'client-ip': `${ADDRESS} Rails, PHP and django-ipware`,
  'cloudfront-*': 'is address, country and scheme of the client for servers behind CloudFront',
  'coming-from': `${ADDRESS} PHP applications`,
  'do-connecting-ip': `${ADDRESS} servers behind DigitalOcean`,
  'fastly-client-ip': `${ADDRESS} servers behind Fastly`,
  'fastly-ssl': `${SCHEME} servers behind Fastly`,
  'fly-client-ip': `${ADDRESS} servers behind Fly.io`,
  'front-end-https': `${SCHEME} servers behind Microsoft ISA and TMG`,
  'http-client-ip': `${ADDRESS} Java applications that ask for it by its CGI name`,
  'http-forwarded*': `${ADDRESS} Java applications that ask for it by its CGI name`,
  'http-x-cluster-client-ip': `${ADDRESS} Java applications that ask for it by its CGI name`,
  'http-x-forwarded*': `${ADDRESS} Java applications that ask for it by its CGI name`,
  'http-x-real-ip': `${ADDRESS} Java applications that ask for it by its CGI name`,
  'incap-client-ip': `${ADDRESS} servers behind Imperva`,
  'proxy-client-ip': `${ADDRESS} Java applications behind WebLogic`,
  'remote-addr': `${ADDRESS} applications that ask for it by its CGI name`,
  'remote-host': 'is the name of the client for applications that ask for it by its CGI name',
  'ssl-*': `${CERTIFICATE} servers behind ingress-nginx and Apache httpd`,
  'true-client-ip': `${ADDRESS} servers behind Akamai and Cloudflare, and Go's chi`,
  'wl-proxy-*': 'is address, scheme and certificate of the client for WebLogic',
  'x-amzn-mtls-*': `${CERTIFICATE} servers behind an AWS load balancer`,
  'x-appengine-*': 'is address, user and task of the client for Google App Engine',
  'x-arr-*': 'is certificate and scheme of the client for servers behind IIS ARR',
  'x-azure-*': `${ADDRESS} servers behind Azure Front Door`,
  'x-client-cert*': `${CERTIFICATE} servers behind HAProxy and others`,
  'x-client-dn': `${CERTIFICATE} servers behind HAProxy and others`,
  'x-client-ip': `${ADDRESS} Rails, request-ip and Azure`,
  'x-client-ssl-*': `${CERTIFICATE} servers behind HAProxy and others`,
  'x-client-verify': `${CERTIFICATE} servers behind nginx`,
  'x-cluster-client-ip': `${ADDRESS} servers behind Rackspace and Zeus`,
  'x-coming-from': `${ADDRESS} PHP applications`,
  'x-envoy-external-address': `${ADDRESS} servers behind Envoy`,
  'x-fd-healthprobe': 'marks a health probe for servers behind Azure Front Door',
  'x-nf-client-connection-ip': `${ADDRESS} servers behind Netlify`,
  'x-original-for': `${ADDRESS} ASP.NET`,
  'x-original-remote-addr': `${ADDRESS} servers behind nginx`,
  'x-originating-ip': `${ADDRESS} mail and web applications of Microsoft`,
  'x-proxyuser-ip': `${ADDRESS} services of Google`,
  'x-real-ip': `${ADDRESS} servers behind nginx, Go's chi and echo, and Flask`,
  'x-real-port': 'is the port of the client for servers behind nginx',
  'x-remote-addr': `${ADDRESS} PHP applications`,
  'x-remote-ip': `${ADDRESS} PHP applications`,
  'x-scheme': `${SCHEME} Flask, Tornado and servers behind ingress-nginx`,
  'x-ssl-*': `${CERTIFICATE} servers behind HAProxy, F5 and nginx`,
  'x-sucuri-*': `${ADDRESS} servers behind Sucuri`,
  'x-tls-*': `${CERTIFICATE} servers behind HAProxy and others`,
  'x-true-client-ip': `${ADDRESS} servers behind Akamai`,
  'x-url-scheme': `${SCHEME} CherryPy and Zope`,
  'x-vercel-forwarded-for': `${ADDRESS} servers behind Vercel`,
  'x-vercel-ip-*': 'is the place of the client for servers behind Vercel',
  'x-vercel-proxied-for': `${ADDRESS} servers behind Vercel`,
};

const USER = 'is the user for';

const USERS: Reasons = {
  'auth-type': `${USER} applications that ask by CGI names`,
  'auth-user': `${USER} applications that ask by CGI names`,
  'cf-access-authenticated-*': `${USER} servers behind Cloudflare Access`,
  'iv-creds': `${USER} servers behind IBM WebSEAL`,
  'iv-groups': `${USER} servers behind IBM WebSEAL`,
  'iv-user': `${USER} servers behind IBM WebSEAL`,
  'iv-user-l': `${USER} servers behind IBM WebSEAL`,
  'logon-user': `${USER} applications behind IIS`,
  'oam-remote-user*': `${USER} servers behind Oracle Access Manager`,
  'oidc-*': `${USER} applications behind mod_auth_openidc`,
  'remote-email': `${USER} servers behind Authelia`,
  'remote-groups': `${USER} servers behind Authelia`,
  'remote-name': `${USER} servers behind Authelia`,
  'remote-user*': `${USER} applications behind Apache httpd, Authelia and many others`,
  'shib-*': `${USER} applications behind Shibboleth`,
  'sm-universalid': `${USER} applications behind SiteMinder`,
  'sm-user': `${USER} applications behind SiteMinder`,
  'sm-userdn': `${USER} applications behind SiteMinder`,
  'tailscale-user-*': `${USER} servers behind Tailscale`,
  'x-amzn-oidc-*': `${USER} servers behind an AWS load balancer`,
  'x-anonymous-consumer': `${USER} servers behind Kong`,
  'x-auth-request-*': `${USER} servers behind oauth2-proxy`,
  'x-authenticated-*': `${USER} servers behind Kong and others`,
  'x-authentik-*': `${USER} servers behind authentik`,
  'x-consumer-custom-id': `${USER} servers behind Kong`,
  'x-consumer-groups': `${USER} servers behind Kong`,
  'x-consumer-id': `${USER} servers behind Kong`,
  'x-consumer-username': `${USER} servers behind Kong`,
  'x-credential-identifier': `${USER} servers behind Kong`,
  'x-credential-username': `${USER} servers behind Kong`,
  'x-goog-authenticated-user-*': `${USER} servers behind Google IAP`,
  'x-goog-iap-*': `${USER} servers behind Google IAP`,
  'x-ms-client-principal*': `${USER} applications of Azure App Service`,
  'x-ms-token-*': `${USER} applications of Azure App Service`,
  'x-pomerium-*': `${USER} servers behind Pomerium`,
  'x-remote-extra-*': `${USER} API servers of Kubernetes behind a proxy`,
  'x-remote-group*': `${USER} API servers of Kubernetes behind a proxy`,
  'x-remote-user*': `${USER} API servers of Kubernetes, and many applications`,
  'x-userinfo': `${USER} servers behind Kong`,
  'x-vouch-*': `${USER} servers behind Vouch`,
  'x-webauth-*': `${USER} Grafana behind a proxy`,
};

const MESSAGE: Reasons = {
  'access-control-*': 'is the question of a preflight (Fetch)',
  authorization: 'authenticates the request (RFC 9110 section 11.6.2)',
  'content-*': 'says what the body is (RFC 9110 section 8)',
  cookie: 'authenticates the request (RFC 6265)',
  origin: 'says which site asks (RFC 6454)',
  referer: 'says which page asks (RFC 9110 section 10.1.3)',
  'sec-*': 'says how a browser asks, or opens a WebSocket (Fetch, RFC 6455)',
  via: 'lists the proxies on the way (RFC 9110 section 7.6.3)',
  'x-request-id': 'names the request in every log on the way',
};

export const RESERVED_FIELDS: Readonly<Record<FieldGroup, Reasons>> = {
  connection: CONNECTION,
  forwarding: FORWARDING,
  override: OVERRIDE,
  method: METHOD,
  peer: PEER,
  user: USERS,
  message: MESSAGE,
};
