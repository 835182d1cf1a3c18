/** The keys of the YAML: their form, their defaults and, for editors, their descriptions (contract section 1). */

import { z } from 'zod';
import { CIDR, CIDR_FORM, parseCidr } from '../values/address/cidr.ts';
import { HOST_NAME, HOST_NAME_FORM, parseHostName } from '../values/address/host.ts';
import { LISTEN_ADDRESS, LISTEN_ADDRESS_FORM, parseListenAddress } from '../values/address/listen-address.ts';
import {
  ISSUER,
  JWKS_URI,
  parseJwksUri,
  parseResource,
  parseUpstream,
  RESOURCE,
  UPSTREAM,
  URI_FORM,
} from '../values/address/uri.ts';
import { ADMIN_TOKEN, ADMIN_TOKEN_FORM, hashAdminToken } from '../values/admin-token.ts';
import { ALGORITHM, ALL_ALGORITHMS, parseAlgorithm } from '../values/algorithm.ts';
import { DURATION, DURATION_FORM, parseDuration } from '../values/duration.ts';
import { HEADER_NAME_FORM, parseHeaderName } from '../values/header/header-name.ts';
import { foldFieldName } from '../values/header/reserved-fields.ts';
import { accept, reject } from '../values/parsed-value.ts';
import { ALLOWED_ENCODING, ALLOWED_ENCODING_FORM, parseAllowedEncoding } from '../values/path/allowed-encoding.ts';
import { ROUTE_KEY, ROUTE_KEY_FORM } from '../values/path/route-key.ts';
import { parseScope, parseScopeKey, RULE_KEY, RULE_KEY_FORM, SCOPE, SCOPE_FORM } from '../values/scope-rule.ts';
import { COUNT, COUNT_FORM, parseCount, parseSize, SIZE, SIZE_FORM } from '../values/size.ts';
import { parseUpstreamToken, UPSTREAM_TOKEN, UPSTREAM_TOKENS } from '../values/upstream-token.ts';
import { MOST_WORKERS, parseWorkers, WORKERS, WORKERS_FORM } from '../values/workers.ts';
import { addRejection, filledList, key, mapWithKeys, text, uniqueList } from './building-blocks.ts';

const nonEmpty = text('a non-empty string', written => (written === '' ? reject('is empty') : accept(written)), {
  minLength: 1,
});
const flag = z.boolean({ error: 'true or false' });
const duration = text(DURATION, written => parseDuration(written), DURATION_FORM);
const longDuration = text(DURATION, written => parseDuration(written, 365), DURATION_FORM);
const size = text(SIZE, parseSize, SIZE_FORM);
const noneOrSize = text(
  `${SIZE}, or none`,
  written => (written === 'none' ? accept(undefined) : parseSize(written)),
  new RegExp(`^none$|${SIZE_FORM.source}`),
);
const digits = (value: unknown) => (typeof value === 'number' ? String(value) : value);
const count = z.preprocess(
  digits,
  text(COUNT, parseCount, {
    type: ['integer', 'string'],
    minimum: 1,
    maximum: 1_000_000,
    pattern: COUNT_FORM.source,
    patternErrorMessage: `expected ${COUNT}`,
  }),
);
const workers = z.preprocess(
  digits,
  text(WORKERS, parseWorkers, {
    type: ['integer', 'string'],
    minimum: 1,
    maximum: MOST_WORKERS,
    pattern: WORKERS_FORM.source,
    patternErrorMessage: `expected ${WORKERS}`,
  }),
);
const listenAddress = text(LISTEN_ADDRESS, parseListenAddress, LISTEN_ADDRESS_FORM);
const tokenType = text('a media type such as at+jwt', written => {
  const type = written.toLowerCase().replace(/^application\//, '');
  return /^[!#$%&'*+\-.^_`|~0-9a-z/]+$/.test(type) ? accept(type) : reject('is not a media type');
});

const keys = z.strictObject({
  refresh: duration.prefault('10m').describe('How old the keys of the issuer become before they are fetched again'),
  cooldown: duration
    .prefault('30s')
    .describe('Time between two fetches that are caused by unknown kids, failed ones too'),
  max_stale: longDuration.prefault('24h').describe('How old keys may become while the issuer cannot be reached'),
});

export const issuerSchema = z.strictObject({
  jwks_uri: text(JWKS_URI, parseJwksUri, URI_FORM)
    .optional()
    .describe('Where the keys are; default: RFC 8414, then OpenID discovery'),
  jwks_file: nonEmpty
    .optional()
    .describe('A file with the keys (RFC 7517 section 5), relative to this one; instead of jwks_uri'),
  algorithms: filledList(text(ALGORITHM, parseAlgorithm, { enum: [...ALL_ALGORITHMS] }))
    .optional()
    .describe('JWS algorithms; default: every asymmetric one that the runtime supports. HS* and none are refused'),
  token_types: filledList(tokenType)
    .prefault(['at+jwt'])
    .describe('Accepted typ values; add JWT for an issuer that sets no typ (RFC 9068 section 2.1)'),
  scope_claim: nonEmpty.optional().describe('The claim with the scopes; default: scope, or scp when scope is absent'),
  keys: keys.prefault({}).describe('When the keys of the issuer are fetched'),
});

const scopeList = uniqueList(text(SCOPE, parseScope, SCOPE_FORM));

/** The values of `scopes` as a map; each key names one rule, and no two keys the same. */
const scopeMap = mapWithKeys(
  key(RULE_KEY_FORM, RULE_KEY),
  scopeList.describe('The scopes that it needs, ALL of them'),
  (rules, context) => {
    const named = new Map<string, string>();
    if (rules.length === 0) {
      const what = 'the map is empty, so every method would get 405';
      addRejection(context, { what, expected: 'at least one rule, or no such key', standsAlone: true });
    }
    for (const key of rules) {
      const rule = parseScopeKey(key);
      const name = rule.ok ? `${rule.value.method} ${rule.value.path}` : key;
      const first = named.get(name);
      if (!rule.ok) addRejection(context, rule.rejection, [key], true);
      else if (first !== undefined) addRejection(context, { what: `names the same rule as "${first}"` }, [key], true);
      named.set(name, first ?? key);
    }
  },
);

const claimsToHeaders = mapWithKeys(
  key(HEADER_NAME_FORM, 'a header field name such as X-User'),
  nonEmpty.describe('The claim whose value the field gets'),
  (headers, context) => {
    const named = new Map<string, string>();
    for (const header of headers) {
      const name = parseHeaderName(header);
      const first = named.get(foldFieldName(header));
      if (!name.ok) addRejection(context, name.rejection, [header], true);
      else if (first !== undefined) {
        addRejection(
          context,
          { what: `is for many servers the same field as "${first}"`, expected: 'one of them' },
          [header],
          true,
        );
      }
      named.set(foldFieldName(header), first ?? header);
    }
  },
);

const timeouts = z.strictObject({
  connect: duration.prefault('5s').describe('To open a connection to the upstream'),
  response: duration.prefault('60s').describe('From the end of the request to the head of the response'),
  idle: duration.prefault('5m').describe('Between two pieces of a body or of a WebSocket'),
});

const routeLimits = z.strictObject({
  body: noneOrSize.prefault('none').describe('Bytes of a request body, or none; what is longer gets 413'),
  in_flight: count.prefault(10_000).describe('Requests under way at once; what comes on top gets 503'),
});

export const routeSchema = z.strictObject({
  public: flag.default(false).describe('No token is needed'),
  name: nonEmpty.optional().describe('For people: resource_name in the metadata (RFC 9728 section 2)'),
  resource: text(RESOURCE, parseResource, URI_FORM)
    .optional()
    .describe('The canonical resource URI (RFC 8707 section 2), compared exactly. Needed unless the route is public'),
  audiences: uniqueList(nonEmpty).default([]).describe('Further aud values that are accepted for this resource'),
  multiple_audiences: z
    .enum(['any', 'known', 'only'])
    .default('any')
    .describe('any: one aud is ours; known: every aud belongs to this gateway; only: exactly one aud'),
  issuers: filledList(nonEmpty).optional().describe('Whose tokens are accepted; default: those of all issuers'),
  upstream: text(UPSTREAM, parseUpstream, URI_FORM).describe('Where requests are forwarded; the base path is kept'),
  strip_prefix: flag.default(false).describe('The path prefix of the route is not forwarded'),
  allow_encoded: uniqueList(text(ALLOWED_ENCODING, parseAllowedEncoding, ALLOWED_ENCODING_FORM))
    .default([])
    .describe('Percent-encodings such as %2F, and ;, that pass although servers read them differently'),
  scopes: z
    .union([scopeList, scopeMap])
    .default([])
    .describe('A list: ALL are needed for every method. A map: by METHOD, METHOD /path, * or * /path'),
  enforcement: z
    .enum(['report', 'verify', 'enforce'])
    .default('enforce')
    .describe('report refuses no token, verify those that do not verify, enforce also those that are not for here'),
  would_deny_header: flag
    .default(false)
    .describe('The response of a would-be denial has the field audgate-would-deny, with the reason'),
  upstream_token: text(UPSTREAM_TOKEN, parseUpstreamToken, { enum: [...UPSTREAM_TOKENS] })
    .optional()
    .describe('Whether Authorization reaches the upstream; default: forward on report, else strip'),
  forward_token: flag.optional().describe('The older name: true is upstream_token: forward, false is strip'),
  claims_to_headers: claimsToHeaders
    .default({})
    .describe('Header fields that are set from claims; inbound copies are always removed'),
  timeouts: timeouts.prefault({}).describe('Limits of an exchange with the upstream'),
  limits: routeLimits.prefault({}).describe('Limits of what clients may ask of this route'),
  end_at_expiry: flag
    .optional()
    .describe('Whether a streaming response ends when the token expires; default: event streams do'),
});

const clientLimits = z.strictObject({
  headers: size.prefault('16KiB').describe('Bytes of a request line and its header fields; what is larger gets 431'),
  connections: count.prefault(20_000).describe('Connections of clients at once; further ones are closed'),
});

const clientTimeouts = z.strictObject({
  headers: duration.prefault('30s').describe('For a client to send its header fields'),
  body: duration.prefault('60s').describe('For a client to send, or to read, the next piece of a body'),
  keep_alive: duration.prefault('75s').describe('How long an idle connection is kept; longer than load balancers do'),
});

const drain = z.strictObject({
  delay: duration.prefault('1s').describe('From /readyz saying 503 to the end of listening'),
  limit: duration.prefault('30s').describe('Then until what is not finished is ended'),
});

const settings = {
  listen: listenAddress.prefault('0.0.0.0:8080').describe('The data listener: host:port, [::]:port or :port'),
  admin: listenAddress
    .prefault('127.0.0.1:9090')
    .describe('Metrics, health and status page: host:port, [::]:port or :port'),
  admin_token: text(ADMIN_TOKEN, hashAdminToken, ADMIN_TOKEN_FORM)
    .optional()
    .describe(
      'What the status page asks for, as a Bearer token or the password of any user; write ${file:…} or ${NAME}',
    ),
  admin_hosts: uniqueList(text(HOST_NAME, parseHostName, HOST_NAME_FORM))
    .default([])
    .describe('Further names under which the admin listener may be asked, beside addresses and names without a dot'),
  limits: clientLimits.prefault({}).describe('What clients may take'),
  timeouts: clientTimeouts.prefault({}).describe('How long clients may take'),
  drain: drain.prefault({}).describe('How SIGTERM ends the process'),
  workers: workers
    .prefault(1)
    .describe('Processes that serve: a number, or auto for one on each core; limits are shared out among them'),
  trusted_proxies: uniqueList(text(CIDR, parseCidr, CIDR_FORM))
    .default([])
    .describe(
      'Networks of proxies in front, whose X-Forwarded-For, -Proto and -Host are continued; X-Real-IP and its like pass',
    ),
};
const ISSUERS = 'The authorization servers that are trusted; the key is the exact iss';
const ROUTES = 'What is forwarded where; the key is [host]/path-prefix';

/** The whole file, for editors. */
export const configSchema = z.strictObject({
  ...settings,
  issuers: z
    .record(key(URI_FORM, ISSUER), issuerSchema.nullable().describe('An authorization server; may be left empty'))
    .default({})
    .describe(ISSUERS),
  routes: z
    .record(
      key(ROUTE_KEY_FORM, ROUTE_KEY),
      routeSchema
        .describe('What is forwarded where, and for whom a token must be')
        .meta({ anyOf: [{ required: ['resource'] }, { required: ['public'] }] }),
    )
    .describe(ROUTES),
});

/** The top level only: issuers and routes are read one by one, so that no mistake hides another. */
export const fileSchema = z.strictObject({
  ...settings,
  issuers: z.record(z.string(), z.unknown()).default({}).describe(ISSUERS),
  routes: z.record(z.string(), z.unknown(), { error: 'a map of routes' }).describe(ROUTES),
});

export type FileSettings = z.output<typeof fileSchema>;
export type IssuerSettings = z.output<typeof issuerSchema>;
export type RouteSettings = z.output<typeof routeSchema>;
