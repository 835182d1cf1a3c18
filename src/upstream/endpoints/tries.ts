/** To which members of an upstream one request was sent. */

import type { Socket } from 'node:net';
import type { AttemptFailure } from '../../http/message.ts';
import type { Member, RoundRobin } from './round-robin.ts';

/** Members for one request, each with the time to connect of its route: an upstream of many that are all silent ends, too. */
const MOST_TRIES = 4;

export class Tries {
  readonly #all: RoundRobin;
  readonly #tried: Member[] = [];
  /** How the last one has failed. */
  #stage: AttemptFailure['stage'] | undefined;
  /** It had just closed the kept connection that the request was sent on: a new one may be accepted. */
  #stale: Member | undefined;

  constructor(all: RoundRobin) {
    this.#all = all;
  }

  /** The last one; `undefined` before the first. */
  get current(): Member | undefined {
    return this.#tried.at(-1);
  }

  /** @returns whether another member may take the request over. */
  get hasOthers(): boolean {
    return this.#all.members.length > 1;
  }

  /**
   * @returns the member that the request is sent to next: one that is not left out; else the one that had only closed a kept
   *   connection, once; else, where the last one could not be connected to, one that is left out. `undefined` where none is left.
   */
  next(client: Socket): Member | undefined {
    if (this.#tried.length >= MOST_TRIES) return undefined;
    const member = this.#all.pick(client, this.#tried) ?? this.#takeStale() ?? this.#pickLeftOut();
    if (member) this.#tried.push(member);
    return member;
  }

  #takeStale(): Member | undefined {
    const member = this.#stale;
    this.#stale = undefined;
    return member;
  }

  #pickLeftOut(): Member | undefined {
    return this.#stage === 'unsent' ? this.#all.pickLeftOut(this.#tried) : undefined;
  }

  /** The last one has responded. */
  onResponse(): void {
    this.current?.pool.availability.onConnect();
  }

  /** What the last one has failed with. That no file can be opened here says nothing of it. */
  onFailure({ stage, cause }: AttemptFailure): void {
    this.#stage = stage;
    if (stage === 'stale') this.#stale = this.current;
    if (stage !== 'unsent' || cause === 'too_many_open_files') return;
    this.current?.pool.availability.onFailure(cause, performance.now());
  }
}

/** @returns whether another member may succeed where nothing was sent to this one. */
export function isWorthAnother({ stage, cause }: AttemptFailure): boolean {
  return stage === 'unsent' && cause !== 'too_many_open_files';
}
