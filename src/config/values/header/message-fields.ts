/** Reserved fields of the request itself: its framing, its target, its method, and fields that only the client may send. */

export const CONNECTION: Readonly<Record<string, string>> = {
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

export const FORWARDING: Readonly<Record<string, string>> = {
  forwarded: 'tells where a request came from (RFC 7239)',
  'forwarded-*': 'is read as X-Forwarded-* by django-ipware and request-ip',
  'x-forward-for': 'is a misspelling of X-Forwarded-For that some servers read',
  'x-forwarded': 'is read as Forwarded by django-ipware and request-ip',
  'x-forwarded-*': 'tells where a request came from, in most servers',
  'x-request-id': 'names the request in every log on the way',
};

export const OVERRIDE: Readonly<Record<string, string>> = {
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

export const METHOD: Readonly<Record<string, string>> = {
  'x-http-method': 'is the method for OData and ASP.NET',
  'x-http-method-override': 'is the method for Rails, Symfony, Express and Google APIs',
  'x-method-override': 'is the method for Express and Koa',
};

export const MESSAGE: Readonly<Record<string, string>> = {
  'access-control-*': 'belongs to a CORS preflight (Fetch)',
  authorization: 'authenticates the request (RFC 9110 section 11.6.2)',
  'content-*': 'says what the body is (RFC 9110 section 8)',
  cookie: 'authenticates the request (RFC 6265)',
  origin: 'names the origin of the page (RFC 6454)',
  referer: 'names the page that the request comes from (RFC 9110 section 10.1.3)',
  'sec-*': 'says in which context a browser sends the request, or opens a WebSocket (Fetch, RFC 6455)',
  via: 'lists the proxies on the way (RFC 9110 section 7.6.3)',
};
