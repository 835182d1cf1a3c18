/** `check --online`: the peers that a configuration names are asked, and what is wrong is a diagnostic at their places. */

import type { Config, Route } from '../../config/config.ts';
import type { DiagnosticCollector } from '../../config/diagnostics/diagnostic-collector.ts';
import type { Path } from '../../config/source/document.ts';
import { listIssuerProbes } from './issuer-probes.ts';
import { runProbes } from './probe.ts';
import { listUpstreamProbes } from './upstream-probes.ts';

/**
 * Asks each issuer for its keys, each introspection endpoint about a token that was made up, and each server of the upstreams for a
 * connection. Adds an error for each that does not answer as it should.
 *
 * @returns how many were asked.
 */
export async function checkOnline(config: Config, diagnostics: DiagnosticCollector): Promise<number> {
  const placeOf = (route: Route, index: number) => findEndpoint(route, index, diagnostics);
  const probes = [
    ...[...config.issuers.values()].flatMap(listIssuerProbes),
    ...listUpstreamProbes(config.routes, placeOf),
  ];
  for (const { probe, what } of await runProbes(probes)) {
    diagnostics.error(probe.path, { code: probe.code, what }, probe.subject);
  }
  return probes.length;
}

/** `upstream` is a URL, a list of them, or a map with `url` or `urls`. */
function findEndpoint({ key }: Route, index: number, diagnostics: DiagnosticCollector): Path {
  const path = ['routes', key, 'upstream'];
  const places = [
    [...path, 'urls', index],
    [...path, 'url'],
    [...path, index],
  ];
  return places.find(place => diagnostics.isWritten(place)) ?? path;
}
