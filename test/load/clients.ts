/** Ordinary clients: each sends one request after the other on a kept-alive connection, and records how each ended. */

import { Agent, get } from 'node:http';

export interface Tally {
  answered: number;
  /** By status. */
  readonly statuses: Record<string, number>;
  /** Connections that the gateway did not accept. */
  refused: number;
  /** Requests that were sent and not answered, by error code. */
  readonly failures: Record<string, number>;
  /** Milliseconds for each answered request. */
  readonly latencies: number[];
}

export interface Clients {
  readonly tally: Tally;
  /** Waits until each has finished its request. */
  stop(): Promise<Tally>;
}

/**
 * Starts `count` clients of `port`; a client whose connection is refused ends.
 *
 * @param rest milliseconds between a response and the next request, for a load that leaves the CPU to others.
 */
export function startClients(port: number, count: number, token: string, path = '/a/x', rest = 0): Clients {
  const tally: Tally = { answered: 0, statuses: {}, refused: 0, failures: {}, latencies: [] };
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  let isStopped = false;
  const one = async () => {
    while (!isStopped && (await sendOne(port, path, token, agent, tally))) {
      if (rest > 0) await new Promise(resolve => setTimeout(resolve, rest));
    }
  };
  const all = Promise.all(Array.from({ length: count }, one));
  return {
    tally,
    stop: async () => {
      isStopped = true;
      await all;
      agent.destroy();
      return tally;
    },
  };
}

function sendOne(port: number, path: string, token: string, agent: Agent, tally: Tally): Promise<boolean> {
  const startedAt = performance.now();
  return new Promise(resolve => {
    const headers = { authorization: `Bearer ${token}` };
    const request = get({ port, path, agent, headers }, response => {
      response.once('error', error => fail(error));
      response.once('end', () => {
        tally.answered += 1;
        tally.latencies.push(performance.now() - startedAt);
        tally.statuses[response.statusCode ?? 0] = (tally.statuses[response.statusCode ?? 0] ?? 0) + 1;
        resolve(true);
      });
      response.resume();
    });
    const fail = (error: NodeJS.ErrnoException) => {
      const code = error.code ?? error.message;
      if (code === 'ECONNREFUSED') tally.refused += 1;
      else tally.failures[code] = (tally.failures[code] ?? 0) + 1;
      resolve(code !== 'ECONNREFUSED');
    };
    request.once('error', fail);
  });
}

/** @returns the `share` quantile of `values`. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
