/** What is legal but dangerous. */

import type { Findings } from './findings.ts';
import { isWithin } from './path-prefix.ts';
import type { RouteDraft } from './routes.ts';
import { hasUpperCaseOrigin, isInClear } from './uri.ts';

/** Warns of every danger in `routes`. */
export function warnOfDangers(routes: readonly RouteDraft[], findings: Findings): void {
  for (const route of routes) {
    warnOfShadow(route, routes, findings);
    warnOfToken(route, findings);
    warnOfHeader(route, findings);
    warnOfEncodings(route, findings);
  }
  warnOfResources(routes, findings);
  warnOfMultipleAudiences(routes, findings);
}

/** A path that is meant for the protected route, but misses it by a letter, needs no token. */
function warnOfShadow(route: RouteDraft, routes: readonly RouteDraft[], findings: Findings): void {
  if (route.found.public !== true) return;
  const within = routes.filter(other => other.found.public === false && covers(route, other));
  const [first] = within;
  if (first === undefined) return;
  const more = within.length > 1 ? ` and ${within.length - 1} more` : '';
  const what = `this public route contains the protected route "${first.key}" (line ${first.line})${more}: what the protected route does not match needs no token`;
  findings.warning(route.path, 'public-over-protected', what, 'key');
}

function covers({ target: outer }: RouteDraft, { target: inner }: RouteDraft): boolean {
  if (outer === undefined || inner === undefined) return false;
  const isForSameHost = outer.host === undefined || inner.host === undefined || outer.host === inner.host;
  return isForSameHost && isWithin(inner.prefix, outer.prefix);
}

function warnOfToken({ found, path }: RouteDraft, findings: Findings): void {
  if (found.forward_token === true && found.upstream !== undefined && isInClear(found.upstream.origin)) {
    const what = 'the token is forwarded in clear text: use an https:// upstream, or one on loopback';
    findings.warning([...path, 'forward_token'], 'token-forwarded-in-clear', what);
  }
  if (found.enforcement === 'report' && found.forward_token === false) {
    const what =
      'on this rung a legacy API still reads the token, but it is removed before the upstream sees the request: set forward_token: true';
    findings.warning([...path, 'enforcement'], 'report-strips-token', what);
  }
}

/** On `enforce` every denial is refused, so none is left to be told. */
function warnOfHeader({ found, path }: RouteDraft, findings: Findings): void {
  if (found.would_deny_header !== true || found.public === true || found.enforcement !== 'enforce') return;
  const what = 'nothing is forwarded that would be denied on enforce, so this header is never set: remove the key';
  findings.warning([...path, 'would_deny_header'], 'would-deny-header-on-enforce', what);
}

/** What the upstream makes of these is its own affair: the gateway sees one segment where it may see two. */
function warnOfEncodings({ found, path }: RouteDraft, findings: Findings): void {
  if (found.allow_encoded === undefined || found.allow_encoded.length === 0) return;
  const what = `an upstream that decodes ${found.allow_encoded.join(' ')} before it routes can be led to a path that another route protects: allow it only where the upstream keeps it encoded`;
  findings.warning([...path, 'allow_encoded'], 'allow-encoded', what);
}

/** Each resource once, at the first route that has it. */
function warnOfResources(routes: readonly RouteDraft[], findings: Findings): void {
  const seen = new Map<string, RouteDraft>();
  for (const route of routes) {
    const { resource } = route.found;
    if (resource === undefined || seen.has(resource)) continue;
    const warn = (code: string, what: string) => findings.warning([...route.path, 'resource'], code, what);
    const twin = seen.get(resource.endsWith('/') ? resource.slice(0, -1) : `${resource}/`);
    seen.set(resource, route);
    if (twin !== undefined) {
      const what = `differs only by a trailing slash from the resource of route "${twin.key}" (line ${twin.line}): audiences are compared exactly`;
      warn('resource-trailing-slash-twin', what);
    }
    if (hasUpperCaseOrigin(resource)) {
      const what =
        'upper-case letters in scheme or host: clients may write them in lower case, and audiences are compared exactly';
      warn('resource-uppercase-host', what);
    }
    if (isInClear(resource))
      warn('resource-without-tls', 'a resource without TLS: tokens reach it in clear text; write https://');
    if (resource.includes('?')) {
      warn(
        'resource-with-query',
        'a resource with a query: RFC 8707 section 2 advises against it, and few clients keep it',
      );
    }
  }
}

/** Once per file: `any` is the default, and one line per route would bury the rest. */
function warnOfMultipleAudiences(routes: readonly RouteDraft[], findings: Findings): void {
  const resources = new Set(routes.flatMap(({ found }) => found.resource ?? []));
  const open = routes.filter(({ found }) => found.resource !== undefined && found.multiple_audiences === 'any');
  const [first] = open;
  if (first === undefined || resources.size < 2) return;
  const others = open.length > 1 ? ` (and by ${open.length - 1} more of the routes)` : '';
  const what = `a token for this resource and another one is accepted here${others}: set multiple_audiences to known or only to refuse it`;
  findings.warning([...first.path, 'multiple_audiences'], 'multiple-audiences-any', what);
}
