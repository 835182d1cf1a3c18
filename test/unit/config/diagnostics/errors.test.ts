/** One case or more for each error. */

import { describe, expect, test } from 'vitest';
import { routeSchema } from '../../../../src/config/schema/route-schema.ts';
import { KEY_SET, listCodes, listDiagnostics, type World } from '../configuration.ts';
import { GOOD, ISSUERS, route } from './example-route.ts';

const KEYS = Object.keys(routeSchema.shape).join(', ');

interface Case {
  readonly code: string;
  readonly text: string;
  readonly diagnostic: string;
  readonly world?: World;
}

const CASES: readonly Case[] = [
  { code: 'yaml-syntax', text: 'a: "x\n', diagnostic: '2:1: Missing closing "quote' },
  { code: 'yaml-syntax', text: 'a: &x [*x]\n', diagnostic: '1:8: the alias stands within what it stands for' },
  { code: 'yaml-syntax', text: 'a: *x\n', diagnostic: '1:4: no anchor of this name stands before this alias' },
  { code: 'yaml-syntax', text: 'a: !secret x\n', diagnostic: '1:4: Unresolved tag: !secret' },
  { code: 'over-limit', text: `${'['.repeat(70)}`, diagnostic: '1:64: nested deeper than 64 levels' },
  {
    code: 'yaml-syntax',
    text: 'a: 1\n---\nb: 1\n',
    diagnostic: '2:1: a second document begins here, expected one document',
  },
  {
    code: 'yaml-syntax',
    text: 'routes:\n  /a:\n    resource: x\n   upstream: y\n',
    diagnostic:
      '4:1: All mapping items must start at the same column, expected what belongs to one map or list at one indent: this line, or the next, begins too far left or right',
  },
  {
    code: 'yaml-syntax',
    text: 'routes:\n\t/a: 1\n',
    diagnostic: '2:1: Tabs are not allowed as indentation, expected blanks',
  },
  {
    code: 'yaml-syntax',
    text: 'listen: a: b\n',
    diagnostic:
      '1:9: Nested mappings are not allowed in compact mappings, expected a value with ": " in it in quotation marks',
  },
  {
    code: 'yaml-syntax',
    text: 'a: [${X}]\n',
    diagnostic: '1:6: a ${…} within [ ] or { } is read as a map, expected it in quotation marks',
  },
  {
    code: 'yaml-syntax',
    text: 'a: [%2F]\n',
    diagnostic: '1:5: Plain value cannot start with directive indicator character %, expected it in quotation marks',
  },
  {
    code: 'yaml-syntax',
    text: 'routes:\n  [::1]/a: { public: true, upstream: http://a }\n',
    diagnostic: '2:8: a key that begins with [ is read as a list, expected it in quotation marks',
  },
  {
    code: 'unknown-key',
    text: 'routes:\n  /a: &a { public: true, upstream: http://a }\n  /b: { <<: *a, public: true, upstream: http://b }\n',
    diagnostic:
      '3:9: routes./b.<<: the merge key of YAML 1.1 is not read, expected the keys themselves, or an alias for a whole map',
  },
  { code: 'invalid-value', text: '', diagnostic: '1:1: the file is empty, expected a map with the key routes' },
  { code: 'invalid-value', text: 'text\n', diagnostic: '1:1: found a string, expected a map' },
  { code: 'invalid-value', text: 'routes: {}\n', diagnostic: '1:1: routes: no routes, expected at least one route' },
  { code: 'missing-key', text: '{}\n', diagnostic: '1:1: routes: missing key "routes", expected a map of routes' },
  { code: 'invalid-value', text: 'routes: []\n', diagnostic: '1:9: routes: found a list, expected a map of routes' },
  {
    code: 'duplicate-key',
    text: route(`${GOOD}\nupstream: http://b`),
    diagnostic: '6:5: routes./a.upstream: duplicate key "upstream"',
  },
  { code: 'invalid-value', text: route(`${GOOD}\n? [x]\n: y`), diagnostic: '6:7: routes./a: the key is not a string' },
  {
    code: 'unknown-key',
    text: `lisen: x\n${route(GOOD)}`,
    diagnostic:
      '1:1: lisen: unknown key "lisen", expected one of listen, tls, admin, admin_token, admin_hosts, authorizer, limits, timeouts, drain, workers, trusted_proxies, access_log, revoked, include, issuers, routes; did you mean "listen"?',
  },
  {
    code: 'unknown-key',
    text: route('upsteam: http://a\nresource: https://a.example/'),
    diagnostic: `4:5: routes./a.upsteam: unknown key "upsteam", expected one of ${KEYS}; did you mean "upstream"?`,
  },
  {
    code: 'unknown-key',
    text: route(`${GOOD}\n__proto__: 1`),
    diagnostic: '6:5: routes./a.__proto__: unknown key "__proto__"',
  },
  {
    code: 'unknown-key',
    text: route(`${GOOD}\ntimeouts: { conect: 1s }`),
    diagnostic:
      '6:17: routes./a.timeouts.conect: unknown key "conect", expected one of connect, response, idle, after_expiry; did you mean "connect"?',
  },
  {
    code: 'missing-key',
    text: route('resource: https://a.example/'),
    diagnostic:
      '3:3: routes./a.upstream: missing key "upstream", expected an http://, https:// or unix: URL such as http://billing:8080/api or a list or a map',
  },
  {
    code: 'missing-key',
    text: route('upstream: http://a'),
    diagnostic:
      '3:3: routes./a.resource: missing key "resource", expected an absolute https:// or http:// URI without fragment, or public: true',
  },
  {
    code: 'missing-key',
    text: route(GOOD).replace(ISSUERS, 'issuers: {}\n'),
    diagnostic: '1:1: issuers: no issuers, expected at least one issuer: route "/a" (line 3) is not public',
  },
  {
    code: 'invalid-value',
    text: route('upstream:\nresource: https://a.example/'),
    diagnostic:
      '4:5: routes./a.upstream: found nothing, expected an http://, https:// or unix: URL such as http://billing:8080/api or a list or a map',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\npublic: yes`),
    diagnostic: '6:13: routes./a.public: found a string, expected true or false; did you mean "true"?',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nmultiple_audiences: knwon`),
    diagnostic:
      '6:25: routes./a.multiple_audiences: "knwon" is not accepted, expected one of any, known, only; did you mean "known"?',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nscopes: 5`),
    diagnostic: '6:13: routes./a.scopes: found a number, expected a list or a map',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nscopes: {}`),
    diagnostic:
      '6:13: routes./a.scopes: the map is empty, so every method would get 405, expected at least one rule, or no such key',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nscopes: [a, b, a]`),
    diagnostic: '6:20: routes./a.scopes[2]: "a" stands in the list already',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nscopes: { get: [] }`),
    diagnostic:
      '6:15: routes./a.scopes.get: "get" does not begin with a method of HTTP, expected METHOD, METHOD /path, * or * /path; did you mean "GET"?',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nscopes: { GET: [], GET /: [] }`),
    diagnostic: '6:24: routes./a.scopes.GET /: "GET /" names the same rule as "GET"',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nclaims_to_headers: { X_User: sub, x-user: sub }`),
    diagnostic:
      '6:39: routes./a.claims_to_headers.x-user: "x-user" is for many servers the same field as "X_User", expected one of them',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nclaims_to_headers: { X.User: sub, X-User: azp }`),
    diagnostic:
      '6:39: routes./a.claims_to_headers.X-User: "X-User" is for many servers the same field as "X.User", expected one of them',
  },
  {
    code: 'reserved-header',
    text: route(`${GOOD}\nclaims_to_headers: { X.Forwarded.For: ip }`),
    diagnostic:
      '6:26: routes./a.claims_to_headers.X.Forwarded.For: "X.Forwarded.For" is a header field that claims must not set: it tells where a request came from, in most servers, expected a name of your own such as X-User',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nupstream_token: forwards`),
    diagnostic:
      '6:21: routes./a.upstream_token: "forwards" is not accepted, expected strip, forward or exchange; did you mean "forward"?',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nupstream_token: strip\nforward_token: true`),
    diagnostic: '7:20: routes./a.forward_token: "true" contradicts upstream_token: strip, expected one of the two',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\nforward_token: false\nupstream_token: forward`),
    diagnostic: '6:20: routes./a.forward_token: "false" contradicts upstream_token: forward, expected one of the two',
  },
  {
    code: 'invalid-value',
    text: route(`${GOOD}\naudiences: [b, https://a.example/]`),
    diagnostic:
      '6:20: routes./a.audiences[1]: "https://a.example/" is already accepted: it is the resource, expected no entry for it',
  },
  {
    code: 'public-route-key',
    text: route('public: true\nupstream: http://a\nscopes: []').replace(ISSUERS, '\n'),
    diagnostic:
      '6:5: routes./a.scopes: "scopes" has no effect on a public route, expected a route without it, or without public: true',
  },
  {
    code: 'unset-variable',
    text: route('upstream: ${UP}\nresource: https://a.example/'),
    diagnostic:
      '4:15: routes./a.upstream: the environment variable UP is not set, expected a value for it, or a default: ${UP:-default}',
  },
  {
    code: 'unreadable-file',
    text: route('upstream: ${file:nope}\nresource: https://a.example/'),
    diagnostic:
      '4:15: routes./a.upstream: "${file:nope}" names a file that does not exist, expected a readable file of at most 64 KiB',
  },
  {
    code: 'invalid-value',
    text: route('upstream: ${}\nresource: https://a.example/'),
    diagnostic:
      '4:15: routes./a.upstream: "${}" has a ${ that begins no reference, expected ${NAME}, ${NAME:-default} or ${file:PATH}',
  },
  {
    code: 'jwks-file',
    text: `issuers:\n  https://i.example:\n    jwks_file: keys.json\n${route(GOOD).replace(ISSUERS, '')}`,
    diagnostic:
      '3:16: issuers.https://i.example.jwks_file: "keys.json" does not exist, expected a JSON file with a key set (RFC 7517 section 5)',
  },
  {
    code: 'jwks-file',
    text: `issuers:\n  https://i.example:\n    jwks_file: keys.json\n${route(GOOD).replace(ISSUERS, '')}`,
    world: { files: { 'keys.json': '{"keys":[]}' } },
    diagnostic:
      '3:16: issuers.https://i.example.jwks_file: "keys.json" has no key in "keys", expected a JSON file with a key set (RFC 7517 section 5)',
  },
  {
    code: 'invalid-value',
    text: `issuers:\n  https://i.example:\n    jwks_uri: https://i.example/k\n    jwks_file: k\n${route(GOOD).replace(ISSUERS, '')}`,
    world: { files: { k: KEY_SET } },
    diagnostic:
      '4:5: issuers.https://i.example.jwks_file: jwks_file does not go together with jwks_uri, expected one of the two',
  },
  {
    code: 'invalid-value',
    text: `issuers:\n  https://i.example:\n    keys: { max_stale: 5m }\n${route(GOOD).replace(ISSUERS, '')}`,
    diagnostic:
      '3:24: issuers.https://i.example.keys.max_stale: max_stale is shorter than refresh, expected keys to be usable at least until they are fetched again',
  },
  {
    code: 'invalid-value',
    text: `issuers:\n  https://i.example:\n    algorithms: []\n${route(GOOD).replace(ISSUERS, '')}`,
    diagnostic:
      '3:17: issuers.https://i.example.algorithms: the list is empty, expected at least one entry, or no such key',
  },
  {
    code: 'invalid-value',
    text: `issuers:\n  https://i.example/?a:\n${route(GOOD).replace(ISSUERS, '')}`,
    diagnostic:
      '2:3: issuers.…: "…" has a query, expected an absolute https:// URI without query and fragment, or jwks_uri or jwks_file',
  },
  {
    code: 'unknown-issuer',
    text: route(`${GOOD}\nissuers: [https://i.exmple]`),
    diagnostic:
      '6:15: routes./a.issuers[0]: "https://i.exmple" is not under issuers, expected one of https://i.example; did you mean "https://i.example"?',
  },
  {
    code: 'duplicate-route',
    text: `${route(GOOD, 'A.example/x')}  a.EXAMPLE/x: { upstream: http://b, resource: https://a.example/ }\n`,
    diagnostic:
      '6:3: routes.a.EXAMPLE/x: "a.EXAMPLE/x" matches the same requests as "A.example/x" (line 3), expected one of them',
  },
  {
    code: 'duplicate-route-id',
    text: `${route(`${GOOD}\nid: b`)}  /b: { upstream: http://b, resource: https://a.example/, id: b }\n`,
    diagnostic:
      '7:63: routes./b.id: "b" is also the name of "/a" (line 3), expected an id that is neither an id nor a key of another route',
  },
  {
    code: 'audience-conflict',
    text: `${route(`${GOOD}\nmultiple_audiences: only`)}  /b: { upstream: http://b, resource: https://b.example/, audiences: [https://a.example/], multiple_audiences: only }\n`,
    diagnostic:
      '7:71: routes./b.audiences[0]: "https://a.example/" is already accepted by route "/a" (line 3) for another resource, expected each audience to stand for one resource',
  },
  {
    code: 'address-conflict',
    text: `listen: :9090\n${route(GOOD)}`,
    diagnostic: '1:9: listen: listen and admin need one and the same port, expected two ports',
  },
];

describe('each error: its code, its place and its message', () => {
  test.each(CASES)('$code: $diagnostic', ({ code, text, diagnostic, world }) => {
    expect(listDiagnostics(text, world)).toEqual([diagnostic]);
    expect(listCodes(text, world)).toEqual([code]);
  });
});
