/** Warnings about what is valid but dangerous; `CHECK_CODES` has what follows from each and what to do. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { warnOfExceptions } from '../exceptions/exception-warnings.ts';
import type { FileDraft } from '../file-draft.ts';
import type { RouteDraft } from '../routes.ts';
import { listEndpoints } from '../schema/upstream-schema.ts';
import { REPLAYED_FIELDS } from '../values/access-log.ts';
import { readNetwork } from '../values/address/cidr.ts';
import { isLoopback } from '../values/address/host.ts';
import { isInClear } from '../values/address/uri.ts';
import { isContradicted, readUpstreamToken } from '../values/upstream-token.ts';
import { warnOfAliases } from './alias-warnings.ts';
import { warnOfAuthorizer } from './authorizer-warnings.ts';
import { warnOfClaims } from './claim-warnings.ts';
import { warnOfExchange } from './exchange-checks.ts';
import { warnOfSharedResources } from './include-warnings.ts';
import { warnOfMcp } from './mcp-checks.ts';
import { isLargerThanOwned } from './network-size.ts';
import { warnOfPatterns } from './pattern-warnings.ts';
import { warnOfResources } from './resource-warnings.ts';
import { warnOfShadows } from './shadow-warnings.ts';

/** Adds every warning about `file`. */
export function addWarnings(file: FileDraft, diagnostics: DiagnosticCollector): void {
  const { routes } = file;
  for (const route of routes) {
    warnOfToken(route, diagnostics);
    warnOfHeader(route, diagnostics);
    warnOfEncodings(route, diagnostics);
    warnOfPatterns(route, diagnostics);
    warnOfLeniency(route, diagnostics);
    warnOfMcp(route, diagnostics);
    warnOfExchange(route, diagnostics);
    warnOfOrigins(route, diagnostics);
    warnOfExceptions(route, Date.now(), diagnostics);
  }
  warnOfShadows(routes, diagnostics);
  warnOfAliases(file, diagnostics);
  warnOfClaims(file, diagnostics);
  warnOfResources(file, diagnostics);
  warnOfSharedResources(routes, diagnostics);
  warnOfUnusedIssuers(file, diagnostics);
  warnOfProxies(file, diagnostics);
  warnOfOpenAdmin(file, diagnostics);
  warnOfAuthorizer(file, diagnostics);
  warnOfOmittedFields(file, diagnostics);
}

/** Only where the file has one of the two keys: there is no warning about a default. */
function warnOfToken({ found, path }: RouteDraft, diagnostics: DiagnosticCollector): void {
  const written = isContradicted(found) ? undefined : readUpstreamToken(found);
  const place = [...path, found.upstream_token === undefined ? 'forward_token' : 'upstream_token'];
  if (
    written === 'forward' &&
    found.mcp === undefined &&
    found.upstream &&
    listEndpoints(found.upstream).some(({ origin }) => isInClear(origin))
  ) {
    diagnostics.warning(place, 'token-forwarded-in-clear', 'the token is forwarded in clear text');
  }
  if (written === 'strip' && found.enforcement === 'report' && found.public !== true && !found.mcp) {
    const what = 'Authorization is removed, though on report the API is to behave as before';
    diagnostics.warning(place, 'report-strips-token', what);
  }
}

function warnOfHeader({ found, path }: RouteDraft, diagnostics: DiagnosticCollector): void {
  if (found.would_deny_header !== true || found.public === true || found.enforcement !== 'enforce') return;
  if (found.exceptions?.length !== 0) return;
  diagnostics.warning([...path, 'would_deny_header'], 'would-deny-header-on-enforce', 'has no effect on enforce');
}

/** The gateway sees one segment where an upstream that decodes the encoding may see two. */
function warnOfEncodings({ found, path }: RouteDraft, diagnostics: DiagnosticCollector): void {
  if (found.allow_encoded === undefined || found.allow_encoded.length === 0) return;
  const what = `lets ${found.allow_encoded.join(' ')} pass, which servers read differently`;
  diagnostics.warning([...path, 'allow_encoded'], 'allow-encoded', what);
}

function warnOfLeniency({ found, path }: RouteDraft, diagnostics: DiagnosticCollector): void {
  if (found.upstream?.lenient !== true) return;
  const what = 'lets malformed responses pass: bare LF, one Content-Length twice, blanks behind a chunk size';
  diagnostics.warning([...path, 'upstream', 'lenient'], 'lenient-upstream', what);
}

function warnOfOrigins({ found, path }: RouteDraft, diagnostics: DiagnosticCollector): void {
  for (const [index, origin] of (found.cors?.origins ?? []).entries()) {
    if (origin === '*' || !isInClear(origin)) continue;
    diagnostics.warning(
      [...path, 'cors', 'origins', index],
      'cors-origin-without-tls',
      'pages that travel in clear text',
    );
  }
}

/** Only where every route could be read and no route has an unknown issuer: a misspelled name is reported already. */
function warnOfUnusedIssuers(
  { routes, hasEveryRoute, issuerNames = [] }: FileDraft,
  diagnostics: DiagnosticCollector,
): void {
  if (!hasEveryRoute) return;
  const used = new Set<string>();
  for (const { found } of routes) {
    if (found.public === true) continue;
    if (found.public === undefined || found.issuers === undefined) return;
    for (const issuer of found.issuers) used.add(issuer);
  }
  const names = new Set(issuerNames);
  if (routes.length === 0 || [...used].some(issuer => !names.has(issuer))) return;
  for (const issuer of issuerNames.filter(name => !used.has(name))) {
    diagnostics.warning(['issuers', issuer], 'unused-issuer', 'no route accepts tokens of this issuer', 'key');
  }
}

function warnOfProxies({ trustedProxies }: FileDraft, diagnostics: DiagnosticCollector): void {
  for (const [index, network] of trustedProxies.entries()) {
    const read = readNetwork(network);
    if (!read || !isLargerThanOwned(read)) continue;
    const what = read.prefix === 0 ? 'every address is in this network' : 'nobody owns a network as large as this one';
    diagnostics.warning(['trusted_proxies', index], 'trusted-proxies-anyone', what);
  }
}

function warnOfOpenAdmin({ admin, hasAdminToken }: FileDraft, diagnostics: DiagnosticCollector): void {
  if (admin === undefined || hasAdminToken || isLoopback(admin.host)) return;
  diagnostics.warning(['admin'], 'admin-open', 'others than this machine reach it, and there is no admin_token');
}

function warnOfOmittedFields({ omittedFields }: FileDraft, diagnostics: DiagnosticCollector): void {
  for (const [index, field] of omittedFields.entries()) {
    if (!REPLAYED_FIELDS.includes(field)) continue;
    diagnostics.warning(
      ['access_log', 'omit', index],
      'access-log-not-replayable',
      'audgate simulate needs this field',
    );
  }
}
