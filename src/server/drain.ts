/** The end of a server: what was accepted is finished, within the limits of the configuration, and then everything closes. */

import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Gateway } from '../gateway.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { DataListener } from './data-listener.ts';

/** Milliseconds for the first request of a connection that was accepted just before the listener closed. */
const FIRST_REQUEST_TIME = 1_000;
/** Milliseconds for the log to record the requests that were ended by force. */
const LAST_RECORDS_TIME = 100;
/** Milliseconds without a new connection, and how long to wait for that. */
const QUIET_TIME = 20;
const QUIET_LIMIT = 250;
/** How often connections that have become idle are looked for. */
const SWEEP_INTERVAL = 100;

/** What is drained. `gateways`: the one in use, and those before it that have requests under way. */
export interface Drained {
  readonly listener: DataListener;
  readonly gateways: ReadonlySet<Gateway>;
  readonly metrics: Telemetry['metrics'];
}

/**
 * Waits for the delay, accepts no more connections, lets what was accepted finish, and ends all that is left after the limit.
 * Settles when every client's connection has closed.
 */
export async function drainConnections(drained: Drained, { drain, timeouts }: Config): Promise<void> {
  drained.listener.endKeepAlive();
  await setTimeout(drain.delay);
  const limit = new AbortController();
  const overdue = setTimeout(drain.limit, undefined, { signal: limit.signal }).then(
    () => destroyAll(drained),
    () => undefined,
  );
  await Promise.race([finishAccepted(drained, timeouts.headers), overdue]);
  limit.abort();
}

/** @param headersTime milliseconds for a request's head to arrive: node:http stops checking that when it stops listening. */
async function finishAccepted({ listener, gateways }: Drained, headersTime: number): Promise<void> {
  await waitForQuiet(listener);
  for (const gateway of gateways) gateway.endTunnels();
  const overdue = performance.now() + headersTime;
  const sweep = setInterval(() => {
    listener.closeIdle();
    if (performance.now() >= overdue) listener.closeWaiting();
  }, SWEEP_INTERVAL);
  const closed = listener.close();
  await Promise.race([closed, setTimeout(FIRST_REQUEST_TIME)]);
  listener.closeSilent();
  await closed;
  clearInterval(sweep);
  await Promise.all([...gateways].map(gateway => gateway.stop()));
}

/** The system resets connections that a closing listener has not accepted yet, so it closes in a pause between two, if there is one. */
async function waitForQuiet(listener: DataListener): Promise<void> {
  const end = performance.now() + QUIET_LIMIT;
  let before: number;
  do {
    before = listener.accepted;
    await setTimeout(QUIET_TIME);
    await setImmediate();
  } while (listener.accepted !== before && performance.now() < end);
}

async function destroyAll({ listener, gateways, metrics }: Drained): Promise<void> {
  metrics.recordEnded('drain_limit');
  listener.destroy();
  for (const gateway of gateways) gateway.destroy();
  await setTimeout(LAST_RECORDS_TIME);
}
