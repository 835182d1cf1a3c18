/** Changes, counted by route, decision and client, in bounded memory however many clients a log names. */

import type { LogEntry } from '../log/log-entry.ts';
import type { Change } from './comparison.ts';

export interface ChangeGroup extends Change {
  /** The route in the log. */
  readonly route: string;
  /** `null`: the token names no client, or did not verify. */
  readonly clientId: string | null;
  count: number;
  /** Milliseconds since 1970. */
  first: number;
  last: number;
  /** The request id of one of them. */
  readonly example: string;
}

const MOST_GROUPS = 10_000;
const LONGEST_NAME = 256;
const OTHER_CLIENTS = '(other clients)';
const OTHER_ROUTES = '(other routes)';

export class ChangeGroups {
  readonly #groups = new Map<string, ChangeGroup>();
  readonly #rest = new Map<string, ChangeGroup>();
  readonly #routes: ReadonlySet<string>;
  readonly #limit: number;

  /**
   * @param routes the ids of the routes that keep a group of their own past the limit.
   * @param limit groups; later ones are counted by route and decision only.
   */
  constructor(routes: ReadonlySet<string>, limit: number = MOST_GROUPS) {
    this.#routes = routes;
    this.#limit = limit;
  }

  /** Whether there were more groups than are kept. */
  get isCut(): boolean {
    return this.#rest.size > 0;
  }

  /** @returns the groups, the largest first. */
  list(): readonly ChangeGroup[] {
    return [...this.#groups.values(), ...this.#rest.values()].sort((a, b) => b.count - a.count || a.first - b.first);
  }

  add(entry: LogEntry, change: Change): void {
    const clientId = entry.claims === 'omitted' ? null : (entry.claims?.clientId ?? null);
    const key = nameGroup(entry.route, clientId, change);
    const group = this.#groups.get(key);
    if (group) count(group, entry.time);
    else if (this.#groups.size >= this.#limit) this.#addToRest(entry, change);
    else this.#groups.set(copy(key), createGroup(entry, change, entry.route, clientId));
  }

  #addToRest(entry: LogEntry, change: Change): void {
    const route = this.#routes.has(entry.route) ? entry.route : OTHER_ROUTES;
    const key = nameGroup(route, OTHER_CLIENTS, change);
    const group = this.#rest.get(key);
    if (group) count(group, entry.time);
    else this.#rest.set(key, createGroup(entry, change, route, OTHER_CLIENTS));
  }
}

function nameGroup(route: string, clientId: string | null, { was, becomes }: Change): string {
  const decision = `${was.outcome} ${was.reason} ${becomes.outcome} ${becomes.reason}`;
  const client = clientId === null ? '' : `=${cut(clientId)}`;
  return `${decision} ${becomes.route?.id} ${becomes.presented}\n${cut(route)}\n${client}`;
}

function createGroup(
  { time, requestId }: LogEntry,
  change: Change,
  route: string,
  clientId: string | null,
): ChangeGroup {
  return {
    ...change,
    was: { outcome: change.was.outcome, reason: change.was.reason && copy(change.was.reason) },
    route: copy(cut(route)),
    clientId: clientId === null ? null : copy(cut(clientId)),
    count: 1,
    first: time,
    last: time,
    example: copy(cut(requestId)),
  };
}

function count(group: ChangeGroup, time: number): void {
  group.count += 1;
  group.first = Math.min(group.first, time);
  group.last = Math.max(group.last, time);
}

function cut(text: string): string {
  return text.slice(0, LONGEST_NAME);
}

/** V8 keeps the whole string of which another is a slice, here a piece of the log; a copy does not. */
function copy(text: string): string {
  return Buffer.from(text).toString();
}
