/**
 * Whom denials come from: the clients of verified tokens, the busiest 200. Client ids are the issuer's word; where clients
 * register themselves they are unbounded, so they are cut, and those that come seldom make room.
 */

import type { Reason } from '../../denial.ts';
import type { AccessToken } from '../../token/access-token.ts';
import { readClient } from '../../token/client.ts';
import { type Action, actionOf, type FinishedRequest } from '../finished-request.ts';
import { Busiest } from './frequent-keys.ts';
import { RecentCounts, type Windows } from './recent-counts.ts';

/** How many clients are kept, by each process and in what several tell together. */
export const MOST_CLIENTS = 200;
/** Routes and reasons of one client. */
export const MOST_DETAILS = 12;
/** Characters. What is longer was written to fill the page. */
const LONGEST_TEXT = 256;
const KINDS = ['refused', 'forwarded'] as const;

export interface ClientDetail {
  readonly route: string;
  readonly reason: Reason;
  readonly action: Action;
  readonly count: number;
}

/** Counted since the client was first kept. `windows` has refused, then forwarded. */
export interface ClientDenials {
  readonly issuer: string;
  /** `undefined`: its tokens name no client. */
  readonly clientId?: string | undefined;
  readonly refused: number;
  readonly forwarded: number;
  readonly windows: Windows;
  /** Milliseconds since the epoch. */
  readonly lastAt: number;
  /** The busiest of them. */
  readonly details: readonly ClientDetail[];
}

interface Kept {
  readonly issuer: string;
  readonly clientId: string | undefined;
  readonly counts: Record<Action, number>;
  readonly recent: RecentCounts;
  lastAt: number;
  readonly details: Busiest<{ -readonly [K in keyof ClientDetail]: ClientDetail[K] }>;
}

export class ClientTally {
  readonly #clients = new Busiest<Kept>(MOST_CLIENTS);

  /** Counts the denial of `request`, where its token verified. @param now as for RecentCounts. */
  record(request: FinishedRequest, now: number): void {
    const { denial, verified } = request;
    if (!denial || !verified) return;
    const clientId = clientIdOf(verified);
    const client = this.#clients.take(nameClient(verified.issuer, clientId), () => ({
      issuer: verified.issuer,
      clientId,
      counts: { refused: 0, forwarded: 0 },
      recent: new RecentCounts(KINDS.length, now),
      lastAt: 0,
      details: new Busiest(MOST_DETAILS),
    }));
    const action = actionOf(request);
    const route = request.route?.key ?? '(none)';
    client.counts[action] += 1;
    client.recent.add(KINDS.indexOf(action), now);
    client.lastAt = Date.now();
    const key = nameDetail({ route, reason: denial.reason, action });
    client.details.take(key, () => ({ route, reason: denial.reason, action, count: 0 })).count += 1;
  }

  list(now: number): readonly ClientDenials[] {
    const clients = this.#clients.values().map(({ issuer, clientId, counts, recent, lastAt, details }) => ({
      ...{ issuer, clientId, lastAt },
      ...counts,
      windows: recent.list(now),
      details: details.values().toSorted((a, b) => b.count - a.count),
    }));
    return clients.sort(byCount);
  }
}

/** @returns the clients of several processes as those of one, the busiest first. */
export function mergeClients(lists: readonly (readonly ClientDenials[])[]): readonly ClientDenials[] {
  const merged = new Map<string, ClientDenials>();
  for (const client of lists.flat()) {
    const name = nameClient(client.issuer, client.clientId);
    const other = merged.get(name);
    merged.set(name, other ? addClient(other, client) : client);
  }
  return [...merged.values()].sort(byCount).slice(0, MOST_CLIENTS);
}

/** @returns the client that the token was issued to, as its product writes it, cut; `undefined` where it names none. */
export function clientIdOf({ claims }: Pick<AccessToken, 'claims'>): string | undefined {
  const client = readClient(claims);
  return client === undefined ? undefined : cut(client);
}

export function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

/** @returns the windows of two processes as those of one. */
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
    forwarded: a.forwarded + b.forwarded,
    windows: addWindows(a.windows, b.windows),
    lastAt: Math.max(a.lastAt, b.lastAt),
    details: [...details.values()].sort((one, other) => other.count - one.count).slice(0, MOST_DETAILS),
  };
}

function byCount(a: ClientDenials, b: ClientDenials): number {
  return b.refused + b.forwarded - (a.refused + a.forwarded);
}

function nameClient(issuer: string, clientId: string | undefined): string {
  // An issuer is a key of the configuration, and has no NUL.
  return `${clientId === undefined ? '-' : `+${clientId}`}\0${issuer}`;
}

function nameDetail({ route, reason, action }: Omit<ClientDetail, 'count'>): string {
  return `${action} ${reason} ${route}`;
}
