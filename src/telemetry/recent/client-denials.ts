/**
 * Denials by client, for clients of verified tokens. Where clients register themselves with an issuer, their ids are
 * unbounded in number and length: so ids are cut, and the 200 clients with the most denials are kept.
 */

import type { Reason } from '../../denial.ts';
import type { AccessToken } from '../../token/access-token.ts';
import { readClient } from '../../token/client.ts';
import { type Action, actionOf, type FinishedRequest, NO_ROUTE } from '../finished-request.ts';
import { FrequentKeys } from './frequent-keys.ts';
import { RecentCounts, type Windows } from './recent-counts.ts';

/** How many clients are kept by each process, and in the merged list of several. */
export const MOST_CLIENTS = 200;
/** How many combinations of route, reason and action are kept of one client. */
export const MOST_DETAILS = 12;
/** Characters, so that a caller cannot fill the status page. */
const LONGEST_TEXT = 256;
const ACTIONS = ['refused', 'forwarded'] as const;

export interface ClientDetail {
  readonly route: string;
  readonly reason: Reason;
  readonly action: Action;
  readonly count: number;
}

/** Denials of one client since it was first kept. `windows` has the refused, then the reported ones. */
export interface ClientDenials {
  readonly issuer: string;
  /** `undefined` where its tokens name no client. */
  readonly clientId?: string | undefined;
  readonly refused: number;
  readonly reported: number;
  readonly windows: Windows;
  /** Milliseconds since the epoch. */
  readonly lastAt: number;
  /** The most frequent combinations, most frequent first. */
  readonly details: readonly ClientDetail[];
}

interface CountedClient {
  readonly issuer: string;
  readonly clientId: string | undefined;
  readonly counts: Record<Action, number>;
  readonly recent: RecentCounts;
  lastAt: number;
  readonly details: FrequentKeys<{ -readonly [K in keyof ClientDetail]: ClientDetail[K] }>;
}

export class ClientDenialCounter {
  readonly #clients = new FrequentKeys<CountedClient>(MOST_CLIENTS);

  /** Counts the denial of `request`, where its token verified. @param now as for RecentCounts. */
  record(request: FinishedRequest, now: number): void {
    const { denial, verified } = request;
    if (!denial || !verified) return;
    const clientId = clientIdOf(verified);
    const client = this.#clients.touch(nameClient(verified.issuer, clientId), () => ({
      issuer: verified.issuer,
      clientId,
      counts: { refused: 0, forwarded: 0 },
      recent: new RecentCounts(ACTIONS.length, now),
      lastAt: 0,
      details: new FrequentKeys(MOST_DETAILS),
    }));
    const action = actionOf(request);
    const route = request.route?.id ?? NO_ROUTE;
    client.counts[action] += 1;
    client.recent.add(ACTIONS.indexOf(action), now);
    client.lastAt = Date.now();
    const key = nameDetail({ route, reason: denial.reason, action });
    client.details.touch(key, () => ({ route, reason: denial.reason, action, count: 0 })).count += 1;
  }

  list(now: number): readonly ClientDenials[] {
    const clients = this.#clients.values().map(({ issuer, clientId, counts, recent, lastAt, details }) => ({
      ...{ issuer, clientId, lastAt },
      refused: counts.refused,
      reported: counts.forwarded,
      windows: recent.list(now),
      details: details.values().toSorted((a, b) => b.count - a.count),
    }));
    return clients.sort(byCount);
  }
}

/** @returns the clients of several processes merged into one list, most denials first. */
export function mergeClients(lists: readonly (readonly ClientDenials[])[]): readonly ClientDenials[] {
  const merged = new Map<string, ClientDenials>();
  for (const client of lists.flat()) {
    const name = nameClient(client.issuer, client.clientId);
    const other = merged.get(name);
    merged.set(name, other ? addClient(other, client) : client);
  }
  return [...merged.values()].sort(byCount).slice(0, MOST_CLIENTS);
}

/** @returns the client that the token was issued to, cut; `undefined` where the token names none. */
export function clientIdOf({ claims }: Pick<AccessToken, 'claims'>): string | undefined {
  const client = readClient(claims);
  return client === undefined ? undefined : cut(client);
}

export function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

/** @returns the sums of two windows. */
export function addWindows(a: Windows, b: Windows): Windows {
  const add = (one: readonly number[], other: readonly number[]) =>
    one.map((count, index) => count + (other[index] ?? 0));
  return { hour: add(a.hour, b.hour), day: add(a.day, b.day) };
}

function addClient(a: ClientDenials, b: ClientDenials): ClientDenials {
  const details = new Map<string, ClientDetail>();
  for (const detail of [...a.details, ...b.details]) {
    const count = (details.get(nameDetail(detail))?.count ?? 0) + detail.count;
    details.set(nameDetail(detail), { ...detail, count });
  }
  return {
    ...a,
    refused: a.refused + b.refused,
    reported: a.reported + b.reported,
    windows: addWindows(a.windows, b.windows),
    lastAt: Math.max(a.lastAt, b.lastAt),
    details: [...details.values()].sort((one, other) => other.count - one.count).slice(0, MOST_DETAILS),
  };
}

function byCount(a: ClientDenials, b: ClientDenials): number {
  return b.refused + b.reported - (a.refused + a.reported);
}

function nameClient(issuer: string, clientId: string | undefined): string {
  // An issuer is a key of the configuration and has no NUL, so no two pairs give the same name.
  return `${clientId === undefined ? '-' : `+${clientId}`}\0${issuer}`;
}

function nameDetail({ route, reason, action }: Omit<ClientDetail, 'count'>): string {
  return `${action} ${reason} ${route}`;
}
