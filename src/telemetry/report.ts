/** What the status page is made of, beside the configuration: metrics, latest denials, recent traffic and keys. */

import type { KeySetStatus } from '../token/keys/key-set.ts';
import type { EndpointStatus } from '../upstream/endpoints/endpoint-status.ts';
import { mergeEndpointStatus } from './merged/endpoint-status.ts';
import type { RouteUses } from './metrics/exception-gauges.ts';
import type { Snapshot } from './metrics/snapshot.ts';
import type { RecentDenial } from './recent/recent-denials.ts';
import type { Traffic } from './recent/recent-traffic.ts';
import type { Telemetry } from './telemetry.ts';

/** The report of one process, or of several workers merged into one. */
export interface Report {
  /** Our own metrics as values; series at 0 are left out. */
  readonly metrics: Snapshot;
  /** The latest denials, newest first, at most 200. */
  readonly denials: readonly RecentDenial[];
  readonly keySets: readonly KeySetStatus[];
  /** The endpoints of upstreams that have several. */
  readonly upstreams: readonly EndpointStatus[];
  readonly traffic: Traffic;
  /** Of each route that has an exception. */
  readonly exceptions: readonly RouteUses[];
}

/** @returns the report of this process as of now. */
export async function createReport(
  telemetry: Telemetry,
  state: Pick<Report, 'keySets' | 'upstreams'>,
): Promise<Report> {
  const { metrics, denials, traffic } = telemetry;
  const { keySets } = state;
  const upstreams = mergeEndpointStatus(state.upstreams);
  return {
    metrics: await metrics.list(),
    denials: denials.list(),
    keySets,
    upstreams,
    traffic: traffic.list(),
    exceptions: metrics.listExceptionUses(),
  };
}
