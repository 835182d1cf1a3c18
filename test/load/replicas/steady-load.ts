/** Requests at a fixed rate, whatever becomes of the ones before. Each fifth has a token for a sibling of the API. */

import { Agent, get } from 'node:http';

const TICK = 5;
const SIBLINGS = 5;

export interface Counts {
  sent: number;
  /** Answered as expected: 200 to the right token, 401 to the sibling's. */
  good: number;
  /** 401 to the sibling's. */
  refused: number;
  /** Everything else, by status or error. */
  readonly failed: Record<string, number>;
}

export interface LoadOptions {
  readonly port: number;
  /** Requests in a second. */
  readonly rate: number;
  readonly token: string;
  readonly siblingToken: string;
}

export interface SteadyLoad {
  readonly counts: Counts;
  /** Waits for what is under way. */
  stop(): Promise<Counts>;
}

export function startSteadyLoad({ port, rate, token, siblingToken }: LoadOptions): SteadyLoad {
  const counts: Counts = { sent: 0, good: 0, refused: 0, failed: {} };
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  const send = () => {
    const isSibling = counts.sent % SIBLINGS === SIBLINGS - 1;
    counts.sent += 1;
    const asked = ask(agent, port, isSibling ? siblingToken : token).then(outcome => {
      underWay.delete(asked);
      count(counts, outcome, isSibling ? '401' : '200');
    });
    underWay.add(asked);
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
    while (counts.sent < due) send();
  }, TICK);
  return {
    counts,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
      agent.destroy();
      return counts;
    },
  };
}

function count(counts: Counts, outcome: string, expected: string): void {
  if (outcome !== expected) counts.failed[outcome] = (counts.failed[outcome] ?? 0) + 1;
  else {
    counts.good += 1;
    if (outcome === '401') counts.refused += 1;
  }
}

/** @returns the status, or the code of the error. */
function ask(agent: Agent, port: number, token: string): Promise<string> {
  return new Promise(resolve => {
    const headers = { authorization: `Bearer ${token}` };
    get({ host: '127.0.0.1', port, path: '/a/x', agent, headers }, response => {
      response.once('error', () => resolve('cut'));
      response.once('end', () => resolve(String(response.statusCode)));
      response.resume();
    }).once('error', error => resolve('code' in error ? String(error.code) : error.message));
  });
}
