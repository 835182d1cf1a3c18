/** Demands of a log, counted by what they have in common, in bounded memory however many clients and values a log names. */

import type { ExcusableReason } from '../../../denial.ts';
import type { LogEntry } from '../../simulate/log/log-entry.ts';
import type { Demand } from './entry-judge.ts';

/** The requests of one client that need the same. */
export interface Need {
  /** Key of the route that they come to now. */
  readonly route: string;
  readonly issuer: string;
  /** `undefined`: the token names no client. */
  readonly clientId: string | undefined;
  readonly audience: readonly string[];
  /** `typ` of the header; `undefined`: the token has none, or the log is of an older version. */
  readonly type: string | undefined;
  readonly kind: string | undefined;
  /** Of the first of them. */
  readonly scope: string;
  readonly reasons: readonly ExcusableReason[];
  readonly wasLetIn: boolean;
  count: number;
  /** Milliseconds since 1970. */
  first: number;
  last: number;
  /** The first of them, to judge the proposal by. */
  readonly example: LogEntry;
}

export interface NeedLimits {
  readonly groups: number;
  /** Characters of all that is kept. */
  readonly characters: number;
}

const LIMITS: NeedLimits = { groups: 10_000, characters: 16 * 1024 * 1024 };

export class NeedGroups {
  readonly #groups = new Map<string, Need>();
  readonly #rest = new Map<string, number>();
  readonly #limits: NeedLimits;
  #characters = 0;

  constructor(limits: NeedLimits = LIMITS) {
    this.#limits = limits;
  }

  /** By route: the requests that were let in and are in no group, since there were more groups than are kept. */
  get rest(): ReadonlyMap<string, number> {
    return this.#rest;
  }

  /** @returns the groups, the largest first, in an order that does not depend on that of the lines: those of several replicas have none. */
  list(): readonly Need[] {
    return [...this.#groups]
      .sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1))
      .map(([, group]) => group);
  }

  add(entry: LogEntry, demand: Demand): void {
    const key = nameGroup(demand);
    const group = this.#groups.get(key);
    if (group) count(group, entry.time);
    else if (this.#isFull()) this.#addToRest(demand);
    else this.#create(key, entry, demand);
  }

  #isFull(): boolean {
    return this.#groups.size >= this.#limits.groups || this.#characters >= this.#limits.characters;
  }

  #addToRest({ route, wasLetIn }: Demand): void {
    if (wasLetIn) this.#rest.set(route.key, (this.#rest.get(route.key) ?? 0) + 1);
  }

  #create(key: string, entry: LogEntry, { route, claims, clientId, reasons, wasLetIn }: Demand): void {
    const kept = copyDeep({ ...entry, claims });
    this.#characters += JSON.stringify(kept).length + key.length;
    this.#groups.set(copyText(key), {
      ...{ route: route.key, clientId: clientId === undefined ? undefined : copyText(clientId), reasons, wasLetIn },
      ...{ issuer: kept.claims.issuer, audience: kept.claims.audience, scope: kept.claims.scope },
      ...{ type: kept.claims.type, kind: kept.claims.kind },
      ...{ count: 1, first: entry.time, last: entry.time, example: kept },
    });
  }
}

function nameGroup({ route, claims, clientId, reasons, wasLetIn }: Demand): string {
  const { issuer, audience, type, kind, scope } = claims;
  return JSON.stringify([route.key, clientId, issuer, audience, type, kind, scope === '', reasons, wasLetIn]);
}

function count(group: Need, time: number): void {
  group.count += 1;
  group.first = Math.min(group.first, time);
  group.last = Math.max(group.last, time);
}

/** V8 keeps the whole string of which another is a slice, here a piece of the log; a copy does not. */
function copyText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

function copyDeep<T>(value: T): T {
  if (typeof value === 'string') return copyText(value) as T;
  if (Array.isArray(value)) return value.map(copyDeep) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyDeep(member)])) as T;
}
