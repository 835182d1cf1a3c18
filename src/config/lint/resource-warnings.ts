/** Warnings about a resource, and about two resources that are easily confused. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { FileDraft } from '../file-draft.ts';
import type { RouteDraft } from '../routes.ts';
import { readNetwork } from '../values/address/cidr.ts';
import { isLoopback } from '../values/address/host.ts';
import { hasUpperCaseOrigin, isInClear } from '../values/address/uri.ts';
import type { WarningCode } from './check-codes.ts';
import { nameRoute } from './route-name.ts';

/** Warns about each resource once, at the first route that has it. */
export function warnOfResources(file: FileDraft, diagnostics: DiagnosticCollector): void {
  const { routes } = file;
  const entrance = describeEntrance(file);
  const seen = new Map<string, RouteDraft>();
  for (const route of routes) {
    const { resource } = route.found;
    if (resource === undefined || seen.has(resource)) continue;
    const twin = seen.get(resource.endsWith('/') ? resource.slice(0, -1) : `${resource}/`);
    seen.set(resource, route);
    for (const [code, what] of listWarnings(resource, twin && nameRoute(twin, route.place.file), entrance))
      diagnostics.warning([...route.path, 'resource'], code, what);
  }
}

/** @returns how clients come in who cannot come in by plain http on this machine; `undefined` where they may. */
function describeEntrance({ hasTls, trustedProxies }: FileDraft): string | undefined {
  if (hasTls) return 'listen is for TLS';
  const isElsewhere = trustedProxies.some(text => {
    const network = readNetwork(text);
    return network !== undefined && !isLoopback(network.address);
  });
  return isElsewhere ? 'clients come through trusted proxies on other machines' : undefined;
}

function listWarnings(
  resource: string,
  twin: string | undefined,
  entrance: string | undefined,
): [WarningCode, string][] {
  const isOnLoopback = resource.toLowerCase().startsWith('http:') && !isInClear(resource);
  const slash = `differs only by a trailing slash from the resource of route ${twin}`;
  const warnings: [boolean, WarningCode, string][] = [
    [twin !== undefined, 'resource-trailing-slash-twin', slash],
    [hasUpperCaseOrigin(resource), 'resource-uppercase-host', 'upper-case letters in scheme or host'],
    [isInClear(resource), 'resource-without-tls', 'a resource without TLS'],
    [
      isOnLoopback && entrance !== undefined,
      'resource-http-loopback',
      `plain http on this machine, though ${entrance}`,
    ],
    [resource.includes('?'), 'resource-with-query', 'a resource with a query'],
    [resource.includes('*'), 'audience-wildcard', 'a * that stands for nothing but itself'],
  ];
  return warnings.flatMap(([applies, code, what]) => (applies ? [[code, what]] : []));
}
