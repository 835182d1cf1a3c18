/** `auto` or a number → how many processes serve, and what each of them may take. */

import { availableParallelism } from 'node:os';
import type { Config, Route } from '../config.ts';
import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const MOST_WORKERS = 256;

export const WORKERS = `auto, or a whole number from 1 to ${MOST_WORKERS}`;
export const WORKERS_FORM = /^(auto|\d{1,3})$/;

/** @returns the number that `text` writes, or that of the cores which this process may use. */
export function parseWorkers(text: string): ParsedValue<number> {
  if (text === 'auto') return accept(Math.min(availableParallelism(), MOST_WORKERS));
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MOST_WORKERS ? accept(count) : reject('is not such a number');
}

/**
 * @returns the configuration of one of `workers` processes, of one whose routes went through `shareRoute`. What all take
 *   together is shared out in equal parts, rounded up: no worker knows how busy the others are, so one may refuse while
 *   another has room.
 */
export function shareLimits(config: Config, workers: number): Config {
  return { ...config, limits: { ...config.limits, connections: share(config.limits.connections, workers) } };
}

/** @returns `route` with the part of its `in_flight` that one of `workers` has. */
export function shareRoute(route: Route, workers: number): Route {
  return { ...route, limits: { ...route.limits, inFlight: share(route.limits.inFlight, workers) } };
}

function share(limit: number, workers: number): number {
  return Math.ceil(limit / workers);
}
