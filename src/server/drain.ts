/** Drains a server: finishes the requests that were accepted, within the limits of the configuration, then closes everything. */

import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Gateway } from '../gateway.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { DataListener } from './data-listener.ts';

/** Milliseconds for the first request of a connection that was accepted just before the listener closed. */
const FIRST_REQUEST_TIME = 1_000;
/** Milliseconds for the log to record the requests that were ended by force. */
const LAST_RECORDS_TIME = 100;
/** Milliseconds without a new connection after which the listener is closed, and the longest wait for that. */
const QUIET_TIME = 20;
const QUIET_LIMIT = 250;
/** How often connections that have become idle are looked for. */
const SWEEP_INTERVAL = 100;

/** `gateways`: the current one, and earlier ones that still have requests. */
export interface DrainTarget {
  readonly listeners: readonly DataListener[];
  readonly gateways: ReadonlySet<Gateway>;
  readonly metrics: Telemetry['metrics'];
}

/**
 * Waits for the delay, accepts no more connections, lets what was accepted finish, and ends all that is left after the limit.
 * Settles when every client's connection has closed.
 */
export async function drainConnections(target: DrainTarget, { drain, timeouts }: Config): Promise<void> {
  for (const listener of target.listeners) listener.endKeepAlive();
  await setTimeout(drain.delay);
  const limit = new AbortController();
  const overdue = setTimeout(drain.limit, undefined, { signal: limit.signal }).then(
    () => destroyAll(target),
    () => undefined,
  );
  await Promise.race([finishAccepted(target, timeouts.headers), overdue]);
  limit.abort();
}

/** @param headersTime milliseconds for the head of a request to arrive, counted from here for all of them. */
async function finishAccepted({ listeners, gateways }: DrainTarget, headersTime: number): Promise<void> {
  await waitForQuiet(listeners);
  for (const gateway of gateways) gateway.endTunnels();
  const overdue = performance.now() + headersTime;
  const sweep = setInterval(() => {
    const isOverdue = performance.now() >= overdue;
    for (const listener of listeners) {
      listener.closeIdle();
      if (isOverdue) listener.closeWaiting();
    }
  }, SWEEP_INTERVAL);
  const closed = Promise.all(listeners.map(listener => listener.close()));
  await Promise.race([closed, setTimeout(FIRST_REQUEST_TIME)]);
  for (const listener of listeners) listener.closeSilent();
  await closed;
  clearInterval(sweep);
  await Promise.all([...gateways].map(gateway => gateway.stop()));
}

/** Closing a listener resets connections in its accept backlog. Waits until none arrived for 20 ms, at most 250 ms. */
async function waitForQuiet(listeners: readonly DataListener[]): Promise<void> {
  const end = performance.now() + QUIET_LIMIT;
  let before: number;
  do {
    before = countAccepted(listeners);
    await setTimeout(QUIET_TIME);
    await setImmediate();
  } while (countAccepted(listeners) !== before && performance.now() < end);
}

function countAccepted(listeners: readonly DataListener[]): number {
  return listeners.reduce((sum, { accepted }) => sum + accepted, 0);
}

async function destroyAll({ listeners, gateways, metrics }: DrainTarget): Promise<void> {
  metrics.recordEnded('drain_limit');
  for (const listener of listeners) listener.destroy();
  for (const gateway of gateways) gateway.destroy();
  // A destroyed socket says so behind the next turn of the event loop.
  await setImmediate();
  await setImmediate();
  for (const gateway of gateways) gateway.endCalls();
  await setTimeout(LAST_RECORDS_TIME);
}
