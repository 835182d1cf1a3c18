/** The endpoints of one upstream, in turn. Routes with the same ones share their turn. */
export class RoundRobin {
    members;
    #next = 0;
    constructor(members) {
        this.members = members;
        if (members.length > 1)
            for (const { pool } of members)
                pool.watchAvailability();
    }
    /**
     * @param client the client's connection: a member with a connection that is reserved for it is preferred to all others.
     * @param tried is not taken again.
     * @returns the next member that is not left out, a single one whatever became of it; `undefined` where there is none.
     */
    pick(client, tried) {
        const [first] = this.members;
        if (this.members.length === 1)
            return tried.length === 0 ? first : undefined;
        const now = performance.now();
        const isFree = (member) => !tried.includes(member) && member.pool.availability.pauseAt(now) === 0;
        const own = this.members.find(member => member.pool.isReservedFor(client) && !tried.includes(member));
        const picked = own ?? this.#takeTurn(isFree);
        picked?.pool.availability.onSend(now);
        return picked;
    }
    #takeTurn(isFree) {
        const { members } = this;
        const turns = members.map((_, index) => (this.#next + index) % members.length);
        const turn = turns.find(index => isFree(members[index]));
        if (turn === undefined)
            return undefined;
        this.#next = (turn + 1) % members.length;
        return members[turn];
    }
}
