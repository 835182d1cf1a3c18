/** Checks after a run: the counters add up, and every resource was released. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Exposition, WatchedGateway } from './watched-gateway.ts';
import { HONEST_ROUTES } from './world.ts';

/** What the gateway held before the run. */
export interface Before {
  readonly sockets: number;
  /** Bytes, after the warm-up. */
  readonly rss: number;
}

export interface Check {
  readonly what: string;
  readonly holds: boolean;
  readonly figures: string;
}

const WITHIN = 10_000;
const STEP = 250;
/** Verified tokens stay in their cache, and V8 gives pages back late: runs of 240,000 cases end 40 to 75 MiB above the start. */
const GROWTH = 128 * 2 ** 20;
/** The connection to the issuer is kept for some seconds; it may have been there before or not. */
const ISSUER_CONNECTIONS = 1;

/** @returns every check, as soon as all hold or after ten seconds; none where the gateway ended meanwhile. */
export async function checkAfterRun(gateway: WatchedGateway, before: Before, seen: () => number): Promise<Check[]> {
  const startedAt = performance.now();
  let checks: Check[] = [];
  while (gateway.failure() === undefined && performance.now() - startedAt <= WITHIN) {
    checks = await check(gateway, before, seen(), startedAt).catch(() => checks);
    if (checks.length > 0 && checks.every(({ holds }) => holds)) break;
    await delay(STEP);
  }
  return checks;
}

async function check(gateway: WatchedGateway, before: Before, seen: number, startedAt: number): Promise<Check[]> {
  const metrics = await gateway.metrics();
  gateway.log.read();
  const counted = metrics.sum('audgate_requests_total');
  const open = metrics.sum('audgate_open_connections');
  const granted = countGranted(metrics);
  const [sockets, rss] = [gateway.sockets(), gateway.rss()];
  const heap = metrics.sum('nodejs_heap_size_used_bytes');
  const after = `${((performance.now() - startedAt) / 1000).toFixed(1)} s after`;
  return [
    {
      what: 'requests counted = lines logged',
      holds: counted === gateway.log.requests,
      figures: `${counted}, ${gateway.log.requests}`,
    },
    {
      what: 'no fault was logged',
      holds: gateway.log.faults.length === 0,
      figures: gateway.log.faults.slice(0, 5).join('\n'),
    },
    { what: 'requests at the honest upstream <= granted', holds: seen <= granted, figures: `${seen}, ${granted}` },
    { what: 'open connections are 0', holds: open === 0, figures: `${open}, ${after}` },
    {
      what: 'sockets are back',
      holds: sockets <= before.sockets + ISSUER_CONNECTIONS,
      figures: `${before.sockets} before, ${sockets} ${after}`,
    },
    {
      what: 'memory is back',
      holds: rss <= before.rss + GROWTH,
      figures: `${megabytes(before.rss)} warm, ${megabytes(rss)} ${after}, ${megabytes(heap)} of it used by objects`,
    },
  ];
}

/** As many requests reached the honest upstream as were authorised: a smuggled one would be one more. */
function countGranted(metrics: Exposition): number {
  return HONEST_ROUTES.map(route => `route="${route}"`)
    .map(
      route =>
        metrics.sum('audgate_requests_total', route) - metrics.sum('audgate_denials_total', route, 'action="refused"'),
    )
    .reduce((sum, count) => sum + count, 0);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
