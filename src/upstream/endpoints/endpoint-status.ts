/** What one process, or all of them, know of the endpoints of upstreams that have several: for the status page and the metrics. */

import type { FailureCause } from '../../denial.ts';
import type { Availability } from './availability.ts';

/** Sent between processes as JSON. */
export interface EndpointStatus {
  /** Its label. */
  readonly upstream: string;
  /** Why the last connection failed; not set while it can be connected to. */
  readonly cause?: FailureCause;
  /** Seconds until a request tries it again; 0 while it can be connected to. */
  readonly leftOutSeconds: number;
}

/** An endpoint, and what is known of it; `undefined` where nothing was sent to it yet. */
export interface KnownEndpoint {
  readonly label: string;
  readonly availability: Availability | undefined;
}

/** @returns the status of each endpoint; several may have one label. */
export function listEndpointStatus(endpoints: Iterable<KnownEndpoint>): readonly EndpointStatus[] {
  const now = performance.now();
  return Array.from(endpoints, endpoint => statusOf(endpoint, now));
}

function statusOf({ label, availability }: KnownEndpoint, now: number): EndpointStatus {
  const cause = availability?.cause;
  const leftOutSeconds = Math.ceil((availability?.pauseAt(now) ?? 0) / 100) / 10;
  return { upstream: label, ...(cause && { cause }), leftOutSeconds };
}
