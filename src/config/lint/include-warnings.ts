/** Warnings about what two files of routes have in common. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { RouteDraft } from '../routes.ts';
import { nameRoute } from './route-name.ts';

/**
 * Warns about each resource that routes of several files have, once in each file: whoever writes one of them gets the requests, and
 * where they are forwarded the tokens, that are meant for the API of the other.
 */
export function warnOfSharedResources(routes: readonly RouteDraft[], diagnostics: DiagnosticCollector): void {
  /** By resource: the first route, and the files that are told already. */
  const owners = new Map<string, { readonly first: RouteDraft; readonly told: Set<string> }>();
  for (const route of routes) {
    const { resource } = route.found;
    if (resource === undefined || route.found.public === true) continue;
    const { first, told } = owners.get(resource) ?? { first: route, told: new Set<string>() };
    owners.set(resource, { first, told });
    const { file } = route.place;
    if (file === first.place.file || told.has(file)) continue;
    if (told.size === 0) warn(first, route, diagnostics);
    warn(route, first, diagnostics);
    told.add(file);
  }
}

function warn({ path, place }: RouteDraft, other: RouteDraft, diagnostics: DiagnosticCollector): void {
  const what = `is also the resource of route ${nameRoute(other, place.file)}`;
  diagnostics.warning([...path, 'resource'], 'resource-in-two-files', what);
}
