/** Runs cases in parallel on a limited number of connections, and counts the results. */

import { type Case, createCase } from './cases.ts';
import { Conversation, Link } from './conversation.ts';
import { checkCase, type OracleFacts, type Outcome } from './oracle.ts';
import type { TokenPool } from './tokens.ts';

export interface Finding {
  readonly what: string;
  /** Absent where the case is unknown. */
  readonly case?: Case;
  /** The cases of the same connection, this one last; or those under way. */
  readonly cases: readonly number[];
  readonly responses: readonly string[];
}

export interface RunOptions extends OracleFacts {
  readonly port: number;
  readonly pool: TokenPool;
  readonly connections: number;
  /** Milliseconds within which a case must end. */
  readonly bound: number;
  /** @returns the number of the next case; `undefined` after the last. */
  readonly next: () => number | undefined;
  readonly onFinding: (finding: Finding) => void;
}

export interface Totals {
  cases: number;
  requests: number;
  connections: number;
  /** Final responses, complete or not, by status. */
  readonly responses: Map<number, number>;
  cutResponses: number;
}

const TICK = 5;
/** Connections are replaced after some cases, since some failures happen when a connection begins. */
const CASES_PER_LINK = 100;
const REPORTED_BYTES = 2_000;

export class Runner {
  readonly totals: Totals = { cases: 0, requests: 0, connections: 0, responses: new Map(), cutResponses: 0 };
  readonly #options: RunOptions;
  readonly #running = new Set<Conversation>();

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** The cases under way. */
  get underWay(): readonly number[] {
    return [...this.#running].map(conversation => conversation.case.iteration);
  }

  /** Resolves when the last case has ended. */
  async run(): Promise<void> {
    const ticking = setInterval(() => {
      const now = performance.now();
      for (const conversation of this.#running) conversation.tick(now, this.#options.bound);
    }, TICK);
    await Promise.all(Array.from({ length: this.#options.connections }, () => this.#runSlot()));
    clearInterval(ticking);
  }

  async #runSlot(): Promise<void> {
    let link: Link | undefined;
    for (let iteration = this.#options.next(); iteration !== undefined; iteration = this.#options.next()) {
      const each = createCase(this.#options.seed, iteration, this.#options.pool);
      if (!link?.isOpen || link.cases.length >= CASES_PER_LINK) link = this.#open(link);
      const outcome = await this.#converse(each, link);
      this.#count(each, outcome);
      if (!link.isUnconnected) this.#checkCase(each, link, outcome);
    }
    link?.close();
  }

  #open(before: Link | undefined): Link {
    before?.close();
    this.totals.connections += 1;
    return new Link(this.#options.port);
  }

  #converse(each: Case, link: Link): Promise<Outcome> {
    return new Promise(resolve => {
      const conversation = new Conversation(each, link, this.#options.bound, outcome => {
        this.#running.delete(conversation);
        resolve(outcome);
      });
      this.#running.add(conversation);
    });
  }

  #count(each: Case, { reader }: Outcome): void {
    this.totals.cases += 1;
    this.totals.requests += each.requests.length;
    for (const { status, complete } of reader.responses) {
      this.totals.responses.set(status, (this.totals.responses.get(status) ?? 0) + 1);
      if (!complete) this.totals.cutResponses += 1;
    }
  }

  #checkCase(each: Case, link: Link, outcome: Outcome): void {
    const responses = outcome.reader.responses.map(({ head, body }) =>
      `${head}\r\n\r\n${body}`.slice(0, REPORTED_BYTES),
    );
    for (const what of checkCase(this.#options, each, outcome)) {
      this.#options.onFinding({ what, case: each, cases: [...link.cases], responses });
    }
  }
}
