/** The codes of warnings, as check-codes.ts has those of errors. */

import { EXCEPTION_WARNINGS } from '../exceptions/exception-codes.ts';
import { CERTIFICATE_WARNINGS } from './certificate-codes.ts';
import type { CheckAdvice } from './check-advice.ts';
import { MCP_WARNINGS } from './mcp-check-codes.ts';

/** Warnings, of what is valid but dangerous: the file is served. */
export const WARNINGS = {
  'include-without-match': {
    consequence: 'No route comes from it: requests for those that were meant match no route, or another one.',
    remedy: 'Correct the pattern, which starts at the folder of this file, or put the files there.',
  },
  'resource-in-two-files': {
    consequence: 'Who writes one of the files gets requests with tokens that are meant for the API of the other.',
    remedy: 'Keep the routes of one API in one file.',
  },
  'public-over-protected': {
    consequence: 'A path that is meant for the protected route, but misses it by a letter, needs no token.',
    remedy: 'Give the public paths routes of their own that contain no protected one.',
  },
  'resource-uppercase-host': {
    consequence: 'Clients that write scheme and host in lower case get tokens that do not match.',
    remedy: 'Write scheme and host in lower case, as the issuer writes them into aud.',
  },
  'resource-trailing-slash-twin': {
    consequence: 'A client that adds or drops the slash gets a token for the other API.',
    remedy: 'Give the two APIs resources that differ in more, or one API one resource.',
  },
  'resource-without-tls': {
    consequence: 'Tokens for it travel in clear text.',
    remedy: 'Write https://.',
  },
  'resource-http-loopback': {
    consequence:
      'Clients compare it with the URL that they connect to, as RFC 9728 section 3.3 demands, and end with an error.',
    remedy: 'Write the URL that clients use.',
  },
  'resource-with-query': {
    consequence: 'Few clients keep the query, and RFC 8707 section 2 advises against it.',
    remedy: 'Tell the resources apart by host or path.',
  },
  'audience-for-everyone': {
    consequence: 'Tokens that were never meant for this API pass as if they were.',
    remedy: 'Have the issuer put the resource of this API into aud, and accept only that.',
  },
  'audience-wildcard': {
    consequence: 'No token matches it: audiences are compared exactly, and * is a character like any other.',
    remedy: 'List each audience by itself.',
  },
  'path-pattern': {
    consequence:
      'It covers only paths with these very characters: other requests match a shorter one, which may ask for less, or none.',
    remedy: 'Write the path before it: a path covers everything below it.',
  },
  'alias-on-one-route': {
    consequence: 'A token with this audience is accepted on one route of the API and refused on another.',
    remedy: 'List the alias on every route that has the resource.',
  },
  'id-token-accepted': {
    consequence: 'An ID token of the client with that id passes for an access token.',
    remedy: 'Require a scope, which ID tokens do not have, or take JWT out of token_types.',
  },
  'audience-is-client': {
    consequence:
      'Each of these clients can use any token that it gets from this issuer here, whatever API it was meant for.',
    remedy: 'Let the issuer write the resource into aud where it can; else give each API clients of its own.',
  },
  'issuer-for-everyone': {
    consequence:
      'Anybody gets a token of this issuer, with the audience of his choice, and the audience alone keeps nobody out.',
    remedy: 'Require what is your own under claims, such as the repository or the domain.',
  },
  'metadata-without-server': {
    consequence: 'A client that reads the protected resource metadata is not told where it gets a token.',
    remedy: 'Name the server under metadata.authorization_servers.',
  },
  'token-forwarded-in-clear': {
    consequence: 'Whoever is on the way to the upstream can read the token and use it.',
    remedy: 'Use an https:// upstream or one on loopback, or set upstream_token: strip.',
  },
  'report-strips-token': {
    consequence: 'An API that still reads Authorization refuses every request.',
    remedy: 'Remove the key until the route leaves report, where forward is the default.',
  },
  'access-log-not-replayable': {
    consequence:
      'The command simulate cannot judge the lines that are written from now on, or sums them up without their client.',
    remedy: 'Leave the field in the log, unless nobody is to keep it.',
  },
  'would-deny-header-on-enforce': {
    consequence: 'The header is never set: on enforce, what would be denied is refused, unless there are exceptions.',
    remedy: 'Remove the key.',
  },
  'allow-encoded': {
    consequence: 'An upstream that decodes it before it routes can be led to a path that another route protects.',
    remedy: 'Allow it only where the upstream keeps it encoded.',
  },
  'lenient-upstream': {
    consequence: 'Another proxy between the gateway and the upstream may read such a response differently.',
    remedy: 'Keep it only for a server that cannot be mended, and only with no other proxy in between.',
  },
  'cors-origin-without-tls': {
    consequence:
      'Whoever is on the way between a browser and that site can put a script into its pages that reads the responses.',
    remedy: 'Serve the pages by https:// and list that origin.',
  },
  'issuer-without-tls': {
    consequence: 'Whoever is on the way to the issuer can put in keys, and so mint tokens.',
    remedy:
      'Fetch the keys by https (jwks_uri) or from a file (jwks_file); the name itself must stay as the issuer writes iss.',
  },
  'introspection-without-tls': {
    consequence:
      'Whoever is on the way to the endpoint reads tokens and the secret, and can say that any token is active.',
    remedy: 'Write https://.',
  },
  'exchange-without-tls': {
    consequence: 'Whoever is on the way to the endpoint reads tokens and the secret, and can put in tokens of his own.',
    remedy: 'Write https://.',
  },
  'exchange-for-itself': {
    consequence: 'The upstream gets a token that opens this route, which is what the exchange is to prevent.',
    remedy: 'Name the resource of the upstream, and let it accept nothing else.',
  },
  'issuer-placeholder': {
    consequence: 'No token carries it as iss, so every token of this issuer is refused.',
    remedy: 'Write the iss that your tokens carry, with the tenant in it, as audgate explain shows it.',
  },
  ...EXCEPTION_WARNINGS,
  ...MCP_WARNINGS,
  ...CERTIFICATE_WARNINGS,
  'unused-issuer': {
    consequence: 'Its keys are fetched and its tokens refused everywhere.',
    remedy: 'Name it under issuers of a route, or remove it.',
  },
  'revoked-nobody': {
    consequence: 'No token carries it as iss and is accepted here, so the entry revokes nothing.',
    remedy: 'Write the iss as under issuers, or remove the entry.',
  },
  'trusted-proxies-anyone': {
    consequence: 'Strangers can choose the address, scheme and host that the upstream believes.',
    remedy: 'Name the networks of your own proxies.',
  },
  'authorizer-without-peers': {
    consequence: 'Every proxy on another machine gets 403, and refuses all that it is asked for.',
    remedy: 'List the proxies under authorizer.peers, or listen on loopback.',
  },
  'authorizer-anyone': {
    consequence: 'Whoever reaches the port asks in the name of any client, and reads identity fields, tokens and keys.',
    remedy: 'Name the networks of your own proxies.',
  },
  'authorizer-peers-unused': {
    consequence: 'The list reads like a protection, and nobody looks at it.',
    remedy: 'Remove the key, and give the folder of the socket to the user of the proxy.',
  },
  'authorizer-body-rules': {
    consequence:
      'Behind a proxy that keeps the body to itself, as nginx and Caddy do, each message is refused with 413.',
    remedy: 'Let Envoy (with_request_body) or Traefik (forwardBody) ask, or give the route an upstream.',
  },
  'admin-open': {
    consequence: 'Whoever reaches the port reads the status page: routes, issuers, and who was denied what.',
    remedy: 'Set admin_token, or let admin listen on loopback.',
  },
} as const satisfies Readonly<Record<string, CheckAdvice>>;
