/** The keys of an entry of `routes`. */

import { z } from 'zod';
import { parseResource, RESOURCE, URI_FORM } from '../values/address/uri.ts';
import { ALLOWED_ENCODING, ALLOWED_ENCODING_FORM, parseAllowedEncoding } from '../values/path/allowed-encoding.ts';
import { parseUpstreamToken, UPSTREAM_TOKEN, UPSTREAM_TOKENS } from '../values/upstream-token.ts';
import { filledList, text, uniqueList } from './building-blocks.ts';
import { claimPaths, metadata, requiredClaims } from './claim-schemas.ts';
import { cors } from './cors-schema.ts';
import { exceptionSchema } from './exception-schema.ts';
import { exchangeSchema } from './exchange-schema.ts';
import { requestHeaders, responseHeaders } from './header-rules-schema.ts';
import { mcp } from './mcp-schema.ts';
import { routeId } from './route-id.ts';
import { claimsToHeaders, scopeList, scopeMap } from './route-maps.ts';
import { count, duration, flag, nonEmpty, sizeOrNone } from './scalars.ts';
import { upstream } from './upstream-schema.ts';

const timeouts = z.strictObject({
  connect: duration.prefault('5s').describe('To open a connection to the upstream'),
  response: duration
    .optional()
    .describe('From the end of the request to the head of the response; with mcp, 10m by default')
    .meta({ default: '60s' }),
  idle: duration
    .optional()
    .describe('Between two pieces of a body or of a WebSocket; with mcp, 1h by default')
    .meta({ default: '5m' }),
  after_expiry: duration
    .prefault('5m')
    .describe('With mcp: how long the answer to a POST may go on after the token has expired'),
});

const limits = z.strictObject({
  body: sizeOrNone.prefault('none').describe('Bytes of a request body, or none for no limit; a longer body gets 413'),
  in_flight: count.prefault(10_000).describe('Requests at the same time; further ones get 503'),
});

export const routeSchema = z.strictObject({
  public: flag.default(false).describe('Whether requests need no token'),
  id: routeId
    .optional()
    .describe(
      'Name of the route in metrics and log, so that its path can move. Unique among ids and keys; default: the key',
    ),
  name: nonEmpty.optional().describe('Name for people: resource_name in the metadata (RFC 9728 section 2)'),
  resource: text(RESOURCE, parseResource, URI_FORM)
    .optional()
    .describe('The canonical resource URI (RFC 8707 section 2), compared exactly. Required unless the route is public'),
  audiences: uniqueList(nonEmpty).default([]).describe('Further aud values that are accepted for this resource'),
  multiple_audiences: z
    .enum(['any', 'known', 'only'])
    .default('any')
    .describe(
      'any: at least one aud is accepted here; known: the others belong to other routes of this gateway; only: there are no others',
    ),
  issuers: filledList(nonEmpty).optional().describe('The issuers whose tokens are accepted; default: all issuers'),
  upstream: upstream
    .optional()
    .describe(
      'Where requests are forwarded: a URL, a list of URLs of one API, or a map; the path of a URL is put before that of the request. Required unless there is an authorizer',
    ),
  mcp: mcp.optional().describe('true, or a map: the upstream is an MCP server'),
  strip_prefix: flag.default(false).describe('Whether the path prefix of the route is removed before forwarding'),
  rewrite_location: flag
    .default(true)
    .describe('Whether redirects, links and cookies of the upstream that name it are made to name the gateway'),
  request_headers: requestHeaders.prefault({}).describe('Fields of requests that are set or removed'),
  response_headers: responseHeaders
    .prefault({})
    .describe('Fields of what the upstream sends that are set or removed; replies of the gateway have none of them'),
  allow_encoded: uniqueList(text(ALLOWED_ENCODING, parseAllowedEncoding, ALLOWED_ENCODING_FORM))
    .default([])
    .describe('Percent-encodings such as %2F, or ;, that are let through although servers read them differently'),
  scopes: z
    .union([scopeList, scopeMap])
    .default([])
    .describe('A list: every method needs all of them. A map: by METHOD, METHOD /path, * or * /path'),
  scope_claim: claimPaths
    .optional()
    .describe("Claim, path or list of them that holds the scopes of this API; replaces the issuers' scope_claim here"),
  claims: requiredClaims
    .prefault({})
    .describe('Claims, or paths, that a token must have beside the audience: each with one value or a list of them'),
  metadata: metadata
    .prefault({})
    .describe('What metadata and challenges say in place of the scopes and the issuers of this route'),
  enforcement: z
    .enum(['report', 'verify', 'enforce'])
    .default('enforce')
    .describe(
      'report: no token is refused; verify: tokens that do not verify are; enforce: also tokens for another audience, or without a required claim or scope',
    ),
  exceptions: z
    .array(exceptionSchema)
    .default([])
    .describe('Which clients may still come with what is otherwise refused, and until when'),
  would_deny_header: flag
    .default(false)
    .describe('Whether a response says in the field audgate-would-deny why enforce would have refused the request'),
  upstream_token: text(UPSTREAM_TOKEN, parseUpstreamToken, { enum: [...UPSTREAM_TOKENS] })
    .optional()
    .describe(
      'Whether Authorization is sent to the upstream, or a token that it is exchanged for; default: forward on report, else strip',
    ),
  exchange: exchangeSchema
    .optional()
    .describe('With upstream_token: exchange: where the token is exchanged for one of the upstream (RFC 8693)'),
  forward_token: flag.optional().describe('Older form of upstream_token: true is forward, false is strip'),
  claims_to_headers: claimsToHeaders
    .default({})
    .describe('Header fields that are set from claims; the same fields of the client are always removed'),
  cors: cors
    .optional()
    .describe('Which web pages may read the responses (CORS); default: none but by what the upstream says'),
  timeouts: timeouts.prefault({}).describe('Time limits towards the upstream'),
  limits: limits.prefault({}).describe('Limits for the requests of this route'),
  end_at_expiry: flag
    .optional()
    .describe(
      'Whether a streaming response ends when the token expires; default: only event streams do, and with mcp the answer to a POST has timeouts.after_expiry',
    ),
});

export type RouteSettings = z.output<typeof routeSchema>;
