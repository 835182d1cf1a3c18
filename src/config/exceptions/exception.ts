/** `exceptions` of a route, checked: which client may still come with what the route otherwise refuses, and until when. */

import type { Enforcement, ExcusableReason } from '../../denial.ts';
import type { ExceptionSettings } from '../schema/exception-schema.ts';
import { endOfDay } from '../values/day.ts';

export interface Exception {
  /** Compared exactly with the client of the token, whichever claim names it. */
  readonly clientId: string;
  /** The issuer that must have signed the token; `undefined` where the route accepts tokens of one only. */
  readonly issuer: string | undefined;
  readonly reasons: ReadonlySet<ExcusableReason>;
  /** What a token with `wrong_audience` must have in the label `presented`; `undefined`: anything. */
  readonly presented: string | undefined;
  /** The last day on which it holds, in UTC: `2027-01-31`. */
  readonly until: string;
  /** The end of that day, in milliseconds since 1970. From then on it excuses nothing. */
  readonly lapsesAt: number;
  /** Who sees to it that it is not needed any more. */
  readonly owner: string;
}

/** By client; those of one client in the order of the YAML. */
export type Exceptions = ReadonlyMap<string, readonly Exception[]>;

/** @returns the exceptions of a route, as its decisions look them up. */
export function buildExceptions(list: readonly ExceptionSettings[]): Exceptions {
  const byClient = new Map<string, Exception[]>();
  for (const { client_id, iss, reasons, presented, until, owner } of list) {
    const exception = {
      ...{ clientId: client_id, issuer: iss, reasons: new Set(reasons), presented },
      ...{ until, lapsesAt: endOfDay(until), owner },
    };
    const others = byClient.get(client_id);
    if (others) others.push(exception);
    else byClient.set(client_id, [exception]);
  }
  return byClient;
}

/** @returns all of them in one list. */
export function listExceptions(exceptions: Exceptions): readonly Exception[] {
  return [...exceptions.values()].flat();
}

/**
 * @param client of a token that verified.
 * @returns whether some exception may excuse `reason` to it, whenever that lapses: what would be judged next must then be judged.
 */
export function mayExcuse(
  { enforcement, exceptions }: { readonly enforcement: Enforcement; readonly exceptions: Exceptions },
  client: string | undefined,
  reason: ExcusableReason,
): boolean {
  if (enforcement === 'report' || client === undefined) return false;
  return exceptions.get(client)?.some(({ reasons }) => reasons.has(reason)) ?? false;
}
