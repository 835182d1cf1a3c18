/** The endpoints of several routes and of several processes as one list. */

import type { EndpointStatus } from '../../upstream/endpoints/endpoint-status.ts';

/** @returns one status for each label, in their order: an endpoint that one process leaves out counts as left out. */
export function mergeEndpointStatus(all: readonly EndpointStatus[]): readonly EndpointStatus[] {
  const byLabel = new Map<string, EndpointStatus>();
  for (const status of all) {
    const other = byLabel.get(status.upstream);
    byLabel.set(status.upstream, other === undefined || isWorse(status, other) ? status : other);
  }
  return [...byLabel.values()];
}

function isWorse(one: EndpointStatus, other: EndpointStatus): boolean {
  if (one.cause === undefined || other.cause === undefined) return one.cause !== undefined;
  return one.leftOutSeconds > other.leftOutSeconds;
}
