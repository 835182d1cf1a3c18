/** Changes, summed by route, decision and client, in bounded memory whatever clients a log names. */

import type { Change } from './comparison.ts';
import type { LogLine } from './log-line.ts';

export interface ChangeGroup extends Change {
  /** The route in the log. */
  readonly route: string;
  /** `null`: the token names none, or did not verify. */
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

export class ChangeLedger {
  readonly #groups = new Map<string, ChangeGroup>();
  readonly #rest = new Map<string, ChangeGroup>();
  readonly #routes: ReadonlySet<string>;
  readonly #limit: number;

  /**
   * @param routes the keys that have a group of their own past the limit.
   * @param limit groups; what comes after them is summed by route and decision only.
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

  add(line: LogLine, change: Change): void {
    const clientId = line.claims?.clientId ?? null;
    const key = nameGroup(line.route, clientId, change);
    const group = this.#groups.get(key);
    if (group) count(group, line.time);
    else if (this.#groups.size >= this.#limit) this.#addToRest(line, change);
    else this.#groups.set(keep(key), createGroup(line, change, line.route, clientId));
  }

  #addToRest(line: LogLine, change: Change): void {
    const route = this.#routes.has(line.route) ? line.route : OTHER_ROUTES;
    const key = nameGroup(route, OTHER_CLIENTS, change);
    const group = this.#rest.get(key);
    if (group) count(group, line.time);
    else this.#rest.set(key, createGroup(line, change, route, OTHER_CLIENTS));
  }
}

function nameGroup(route: string, clientId: string | null, { was, becomes }: Change): string {
  const decision = `${was.outcome} ${was.reason} ${becomes.outcome} ${becomes.reason}`;
  const client = clientId === null ? '' : `=${cut(clientId)}`;
  return `${decision} ${becomes.route?.key} ${becomes.presented}\n${cut(route)}\n${client}`;
}

function createGroup(
  { time, requestId }: LogLine,
  change: Change,
  route: string,
  clientId: string | null,
): ChangeGroup {
  return {
    ...change,
    was: { outcome: change.was.outcome, reason: change.was.reason && keep(change.was.reason) },
    route: keep(cut(route)),
    clientId: clientId === null ? null : keep(cut(clientId)),
    count: 1,
    first: time,
    last: time,
    example: keep(cut(requestId)),
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

/** A part of a string keeps the whole alive, which here is a piece of the log: so a copy. */
function keep(text: string): string {
  return Buffer.from(text).toString();
}
