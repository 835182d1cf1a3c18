/** Drains a server: finishes the requests that were accepted, within the limits of the configuration, then closes everything. */
import { setImmediate, setTimeout } from 'node:timers/promises';
/** Milliseconds for the first request of a connection that was accepted just before the listener closed. */
const FIRST_REQUEST_TIME = 1_000;
/** Milliseconds for the log to record the requests that were ended by force. */
const LAST_RECORDS_TIME = 100;
/** Milliseconds without a new connection after which the listener is closed, and the longest wait for that. */
const QUIET_TIME = 20;
const QUIET_LIMIT = 250;
/** How often connections that have become idle are looked for. */
const SWEEP_INTERVAL = 100;
/**
 * Waits for the delay, accepts no more connections, lets what was accepted finish, and ends all that is left after the limit.
 * Settles when every client's connection has closed.
 */
export async function drainConnections(target, { drain, timeouts }) {
    target.listener.endKeepAlive();
    await setTimeout(drain.delay);
    const limit = new AbortController();
    const overdue = setTimeout(drain.limit, undefined, { signal: limit.signal }).then(() => destroyAll(target), () => undefined);
    await Promise.race([finishAccepted(target, timeouts.headers), overdue]);
    limit.abort();
}
/** @param headersTime milliseconds for the head of a request to arrive, counted from here for all of them. */
async function finishAccepted({ listener, gateways }, headersTime) {
    await waitForQuiet(listener);
    for (const gateway of gateways)
        gateway.endTunnels();
    const overdue = performance.now() + headersTime;
    const sweep = setInterval(() => {
        listener.closeIdle();
        if (performance.now() >= overdue)
            listener.closeWaiting();
    }, SWEEP_INTERVAL);
    const closed = listener.close();
    await Promise.race([closed, setTimeout(FIRST_REQUEST_TIME)]);
    listener.closeSilent();
    await closed;
    clearInterval(sweep);
    await Promise.all([...gateways].map(gateway => gateway.stop()));
}
/** Closing a listener resets connections in its accept backlog. Waits until none arrived for 20 ms, at most 250 ms. */
async function waitForQuiet(listener) {
    const end = performance.now() + QUIET_LIMIT;
    let before;
    do {
        before = listener.accepted;
        await setTimeout(QUIET_TIME);
        await setImmediate();
    } while (listener.accepted !== before && performance.now() < end);
}
async function destroyAll({ listener, gateways, metrics }) {
    metrics.recordEnded('drain_limit');
    listener.destroy();
    for (const gateway of gateways)
        gateway.destroy();
    await setTimeout(LAST_RECORDS_TIME);
}
