/** Whether a connection to each server of the upstreams can be opened, by the very settings that requests go by. */

import { once } from 'node:events';
import { TLSSocket } from 'node:tls';
import type { Route } from '../../config/config.ts';
import type { Path } from '../../config/source/document.ts';
import type { Endpoint, Upstream } from '../../config/upstream-config.ts';
import { createConnector, type OpeningSocket } from '../../http/client/connector.ts';
import { describeFailure, TimeoutError } from '../../http/client/failure.ts';
import { readTarget } from '../../upstream/endpoints/connection-pool.ts';
import { readTlsError } from '../../upstream/tls-error.ts';
import type { Probe } from './probe.ts';

/**
 * @param placeOf the place of an endpoint in the file.
 * @returns a probe for each server of `routes`: one that several routes have, with the same TLS, is asked once, for the first of them.
 */
export function listUpstreamProbes(
  routes: readonly Route[],
  placeOf: (route: Route, index: number) => Path,
): readonly Probe[] {
  const probes = new Map<string, Probe>();
  for (const route of routes) {
    const { endpoints, tls, timeouts } = route.upstream;
    for (const [index, endpoint] of endpoints.entries()) {
      const id = JSON.stringify([endpoint.label, endpoint.origin, tls?.fingerprint]);
      if (probes.has(id)) continue;
      const ask = (stopped: AbortSignal) => tryToConnect(endpoint, tls, timeouts.connect, stopped);
      probes.set(id, { path: placeOf(route, index), subject: 'value', code: 'upstream-unreachable', ask });
    }
  }
  return [...probes.values()];
}

async function tryToConnect(
  endpoint: Endpoint,
  tls: Upstream['tls'],
  timeout: number,
  stopped: AbortSignal,
): Promise<string | undefined> {
  const opening = createConnector(readTarget(endpoint, tls))();
  const { socket } = opening;
  let isConnected = false;
  socket.once('connect', () => {
    isConnected = true;
  });
  const timer = setTimeout(() => socket.destroy(new TimeoutError('connect_timeout')), timeout);
  const stop = () => socket.destroy();
  stopped.addEventListener('abort', stop, { once: true });
  try {
    await open(opening);
    return undefined;
  } catch (error) {
    return `cannot be connected to: ${describe(error instanceof Error ? error : undefined, isConnected, timeout)}`;
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener('abort', stop);
    socket.on('error', () => undefined).destroy();
  }
}

/** Milliseconds for a server to say that it wants another certificate. */
const REFUSAL_TIME = 500;

/** @throws what ended the connection; `undefined` where the server did without a reason. */
async function open({ socket, readyEvent }: OpeningSocket): Promise<void> {
  const closed = once(socket, 'close').then(() => {
    throw socket.errored ?? undefined;
  });
  await Promise.race([once(socket, readyEvent), closed]);
  // In TLS 1.3 the certificate of the client is judged when it believes the connection to be open (RFC 8446 section 4.4.2.4).
  if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') return;
  const judging = new AbortController();
  const timer = setTimeout(() => judging.abort(), REFUSAL_TIME);
  socket.resume();
  await Promise.race([once(socket, 'session', { signal: judging.signal }).catch(() => undefined), closed]);
  clearTimeout(timer);
  if (socket.errored) throw socket.errored;
}

const CAUSES: Readonly<Record<string, string>> = {
  dns: 'its name cannot be resolved',
  refused: 'nobody listens there',
  reset: 'it ended the connection',
};

/** Never the message of the error: it may quote what the peer sent. */
function describe(error: Error | undefined, isConnected: boolean, timeout: number): string {
  const stage = isConnected ? 'securing' : 'connecting';
  const { cause, code } = describeFailure(error, { stage, hasHead: false, isUntouched: false });
  const suffix = code === undefined ? '' : ` (${code})`;
  if (cause === 'connect_timeout') return `no connection within ${timeout / 1000} s${suffix}`;
  if (cause === 'tls') return `TLS fails, ${readTlsError(code).replaceAll('_', ' ')}${suffix}`;
  return `${CAUSES[cause] ?? cause.replaceAll('_', ' ')}${suffix}`;
}
