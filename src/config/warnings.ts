/** What is legal but dangerous; `LINTS` says what follows from each and what to do. */

import { warnOfAliases } from './alias-warnings.ts';
import { readNetwork } from './cidr.ts';
import type { FileDraft } from './file-draft.ts';
import type { Findings } from './findings.ts';
import { isLoopback } from './host.ts';
import { isWithin } from './path-prefix.ts';
import { warnOfResources } from './resource-warnings.ts';
import type { RouteDraft } from './routes.ts';
import { isInClear } from './uri.ts';

/** Warns of every danger in `file`. */
export function warnOfDangers(file: FileDraft, findings: Findings): void {
  const { routes } = file;
  for (const route of routes) {
    warnOfShadow(route, routes, findings);
    warnOfToken(route, findings);
    warnOfHeader(route, findings);
    warnOfEncodings(route, findings);
    warnOfAliases(route, file, findings);
  }
  warnOfResources(routes, findings);
  warnOfUnusedIssuers(file, findings);
  warnOfProxies(file, findings);
  warnOfOpenAdmin(file, findings);
}

/** A path that is meant for the protected route, but misses it by a letter, needs no token. */
function warnOfShadow(route: RouteDraft, routes: readonly RouteDraft[], findings: Findings): void {
  if (route.found.public !== true) return;
  const within = routes.filter(other => other.found.public === false && covers(route, other));
  const [first] = within;
  if (first === undefined) return;
  const more = within.length > 1 ? ` and ${within.length - 1} more` : '';
  const what = `this public route contains the protected route "${first.key}" (line ${first.line})${more}`;
  findings.warning(route.path, 'public-over-protected', what, 'key');
}

function covers({ target: outer }: RouteDraft, { target: inner }: RouteDraft): boolean {
  if (outer === undefined || inner === undefined) return false;
  const isForSameHost = outer.host === undefined || inner.host === undefined || outer.host === inner.host;
  return isForSameHost && isWithin(inner.prefix, outer.prefix);
}

/** Who writes `forward_token: false` has answered the question that the default leaves open. */
function warnOfToken({ found, path }: RouteDraft, findings: Findings): void {
  if (found.forward_token === true && found.upstream !== undefined && isInClear(found.upstream.origin)) {
    const what = 'the token is forwarded in clear text';
    findings.warning([...path, 'forward_token'], 'token-forwarded-in-clear', what);
  }
  const isStripped = found.forward_token === false && !findings.isWritten([...path, 'forward_token']);
  if (found.enforcement === 'report' && isStripped) {
    const what = 'this rung leaves the judging to the API, but the token is removed before the API sees the request';
    findings.warning([...path, 'enforcement'], 'report-strips-token', what);
  }
}

function warnOfHeader({ found, path }: RouteDraft, findings: Findings): void {
  if (found.would_deny_header !== true || found.public === true || found.enforcement !== 'enforce') return;
  findings.warning([...path, 'would_deny_header'], 'would-deny-header-on-enforce', 'has no effect on enforce');
}

/** What the upstream makes of these is its own affair: the gateway sees one segment where it may see two. */
function warnOfEncodings({ found, path }: RouteDraft, findings: Findings): void {
  if (found.allow_encoded === undefined || found.allow_encoded.length === 0) return;
  const what = `lets ${found.allow_encoded.join(' ')} pass, which servers read differently`;
  findings.warning([...path, 'allow_encoded'], 'allow-encoded', what);
}

/** Only where every route could be read, and names none that does not exist: a slip there would be told twice. */
function warnOfUnusedIssuers({ routes, issuerNames }: FileDraft, findings: Findings): void {
  const used = new Set<string>();
  for (const { found } of routes) {
    if (found.public === true) continue;
    if (found.public === undefined || found.issuers === undefined) return;
    for (const issuer of found.issuers) used.add(issuer);
  }
  if (routes.length === 0 || [...used].some(issuer => !issuerNames.includes(issuer))) return;
  for (const issuer of issuerNames.filter(name => !used.has(name))) {
    findings.warning(['issuers', issuer], 'unused-issuer', 'no route accepts tokens of this issuer', 'key');
  }
}

function warnOfProxies({ trustedProxies }: FileDraft, findings: Findings): void {
  for (const [index, network] of trustedProxies.entries()) {
    const { prefix = Number.POSITIVE_INFINITY } = readNetwork(network) ?? {};
    if (prefix >= shortestPrefixFor(network)) continue;
    const what = prefix === 0 ? 'every address is in this network' : 'nobody owns a network as large as this one';
    findings.warning(['trusted_proxies', index], 'trusted-proxies-anyone', what);
  }
}

function warnOfOpenAdmin({ admin, hasAdminToken }: FileDraft, findings: Findings): void {
  if (admin === undefined || hasAdminToken || isLoopback(admin.host)) return;
  findings.warning(['admin'], 'admin-open', 'others than this machine reach it, and there is no admin_token');
}

/** 10.0.0.0/8 and the private addresses of IPv6 (RFC 4193) are the largest that one operator has to himself. */
function shortestPrefixFor(network: string): number {
  if (!network.includes(':')) return 8;
  return /^f[cd]/i.test(network) ? 7 : 16;
}
