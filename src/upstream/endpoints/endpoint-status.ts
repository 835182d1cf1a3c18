/** What one process, or all of them, know of the endpoints of upstreams that have several: for the status page and the metrics. */

import type { FailureCause } from '../../denial.ts';
import type { Member } from './round-robin.ts';

/** Sent between processes as JSON. */
export interface EndpointStatus {
  /** Its label. */
  readonly upstream: string;
  /** Why the last connection failed; not set while it can be connected to. */
  readonly cause?: FailureCause;
  /** Seconds until a request tries it again; 0 while it can be connected to. */
  readonly leftOutSeconds: number;
}

/** @returns the status of each member; several may have one label. */
export function listEndpointStatus(members: Iterable<Member>): readonly EndpointStatus[] {
  const now = performance.now();
  return Array.from(members, member => statusOf(member, now));
}

function statusOf({ endpoint: { label }, pool: { availability } }: Member, now: number): EndpointStatus {
  const { cause } = availability;
  const leftOutSeconds = Math.ceil(availability.pauseAt(now) / 100) / 10;
  return { upstream: label, ...(cause && { cause }), leftOutSeconds };
}
