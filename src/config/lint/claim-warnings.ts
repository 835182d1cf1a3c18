/** Warnings about issuers whose tokens say little about whom they are for, or whose names lead no client anywhere. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { FileDraft } from '../file-draft.ts';
import type { RouteDraft } from '../routes.ts';
import { isServerUrl } from '../values/address/uri.ts';
import { isOpenWithoutScope } from './alias-warnings.ts';
import { recogniseProduct } from './identity-products/issuer-product.ts';

/** Warns about the issuers of `file`, and about each route that accepts them. */
export function warnOfClaims(file: FileDraft, diagnostics: DiagnosticCollector): void {
  for (const [name, { audienceClaim }] of file.issuers) {
    if (audienceClaim === 'aud') continue;
    const what = 'every token of a client that a route lists as audience is accepted there';
    diagnostics.warning(['issuers', name, 'audience_claim'], 'audience-is-client', what);
  }
  const names: Names = {
    all: file.issuerNames ?? [],
    forEveryone: new Set(file.issuerNames?.filter(name => recogniseProduct(name).isForEveryone)),
    // A name from which keys are discovered is a URL, or an error of its own.
    withoutServer: new Set(
      [...file.issuers.values()]
        .filter(({ issuer, keySource }) => keySource.kind !== 'discovery' && !isServerUrl(issuer))
        .map(({ issuer }) => issuer),
    ),
  };
  for (const route of file.routes) {
    if (route.found.public === true || route.found.resource === undefined) continue;
    warnOfEveryone(route, names, diagnostics);
    warnOfServers(route, names, diagnostics);
  }
}

/** Of issuers. */
interface Names {
  readonly all: readonly string[];
  readonly forEveryone: ReadonlySet<string>;
  readonly withoutServer: ReadonlySet<string>;
}

function warnOfEveryone({ found, path }: RouteDraft, names: Names, diagnostics: DiagnosticCollector): void {
  if (names.forEveryone.size === 0) return;
  const issuer = (found.issuers ?? names.all).find(name => names.forEveryone.has(name));
  const isOpen = isOpenWithoutScope(found.scopes) && Object.keys(found.claims ?? {}).length === 0;
  if (issuer === undefined || !isOpen) return;
  const what = `anybody gets a token of "${issuer}", and this route requires neither scopes nor claims`;
  diagnostics.warning([...path, 'issuers'], 'issuer-for-everyone', what);
}

function warnOfServers({ found, path }: RouteDraft, names: Names, diagnostics: DiagnosticCollector): void {
  if (found.metadata?.authorization_servers !== undefined || names.withoutServer.size === 0) return;
  const isNameless =
    found.issuers === undefined
      ? names.withoutServer.size === names.all.length
      : found.issuers.every(name => names.withoutServer.has(name));
  if (!isNameless) return;
  if (found.mcp !== undefined) {
    // MCP authorization, "Authorization Server Location": the document must name one.
    const rejection = {
      code: 'missing-key',
      what: 'is missing: no issuer of this route is named by an http(s) URL',
    } as const;
    diagnostics.error([...path, 'metadata', 'authorization_servers'], { ...rejection, standsAlone: true }, 'parent');
    return;
  }
  diagnostics.warning(path, 'metadata-without-server', 'no issuer of this route is named by an http(s) URL', 'key');
}
