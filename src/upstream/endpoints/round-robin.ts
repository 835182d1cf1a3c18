/** The endpoints of one upstream, in turn. Routes with the same ones share their turn. */

import type { Socket } from 'node:net';
import type { Endpoint } from '../../config/upstream-config.ts';
import type { ConnectionPool } from './connection-pool.ts';

/** An endpoint, and the connections to it. */
export interface Member {
  readonly endpoint: Endpoint;
  readonly pool: ConnectionPool;
}

export class RoundRobin {
  readonly members: readonly Member[];
  #next = 0;

  constructor(members: readonly Member[]) {
    this.members = members;
    if (members.length > 1) for (const { pool } of members) pool.watchAvailability();
  }

  /**
   * @param client the client's connection: a member with a connection that is reserved for it is preferred to all others.
   * @param tried is not taken again.
   * @returns the next member that is not left out, a single one whatever became of it; `undefined` where there is none.
   */
  pick(client: Socket, tried: readonly Member[]): Member | undefined {
    const [first] = this.members;
    if (this.members.length === 1) return tried.length === 0 ? first : undefined;
    const now = performance.now();
    const isFree = (member: Member) => !tried.includes(member) && member.pool.availability.pauseAt(now) === 0;
    const own = this.members.find(member => member.pool.isReservedFor(client) && !tried.includes(member));
    const picked = own ?? this.#takeTurn(isFree);
    picked?.pool.availability.onSend(now);
    return picked;
  }

  /**
   * For a request that could not connect to any other: one may be back before its pause is over, as where instances are restarted
   * one after the other. Its pause stays as it is, since each of many requests that fail at once would double it.
   *
   * @param tried is not taken again.
   * @returns the next member, left out or not.
   */
  pickLeftOut(tried: readonly Member[]): Member | undefined {
    return this.#takeTurn(member => !tried.includes(member));
  }

  #takeTurn(isWanted: (member: Member) => boolean): Member | undefined {
    const { members } = this;
    const turns = members.map((_, index) => (this.#next + index) % members.length);
    const turn = turns.find(index => isWanted(members[index] as Member));
    if (turn === undefined) return undefined;
    this.#next = (turn + 1) % members.length;
    return members[turn];
  }
}
