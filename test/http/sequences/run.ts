/** Many clients at once, each with one conversation after the other, until the time is over. */

import { Random } from '../../fuzz/prng.ts';
import type { ChaoticUpstream } from './chaotic-upstream.ts';
import { converse } from './conversation.ts';

export interface Sequences {
  exchanges: number;
  conversations: number;
  stalled: number;
  /** Bytes of one exchange in another, whoever saw it: none are expected. */
  readonly crossed: string[];
}

const CLIENTS = 32;

/** Totals that can be looked at while `runSequences` runs. */
export function startSequences(upstream: ChaoticUpstream): Sequences {
  return { exchanges: 0, conversations: 0, stalled: 0, crossed: upstream.seen.crossed };
}

/** Conversation `round` of client `client` depends on the seed and these two numbers only. */
export async function runSequences(
  port: number,
  upstream: ChaoticUpstream,
  { seed, seconds, clients = CLIENTS }: { readonly seed: number; readonly seconds: number; readonly clients?: number },
  totals: Sequences = startSequences(upstream),
): Promise<Sequences> {
  const end = performance.now() + seconds * 1_000;
  const run = async (client: number) => {
    for (let round = 0; performance.now() < end; round += 1) {
      const { exchanges, crossed, isStalled } = await converse(
        port,
        new Random(seed, client, round),
        `${client}.${round}`,
      );
      totals.exchanges += exchanges;
      totals.conversations += 1;
      totals.stalled += isStalled ? 1 : 0;
      totals.crossed.push(...crossed);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  return totals;
}

/** One line. */
export function formatSequences(
  { exchanges, conversations, stalled, crossed }: Sequences,
  upstream: ChaoticUpstream,
): string {
  const { requests, kinds } = upstream.seen;
  const answers = [...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ');
  return `${exchanges} exchanges of ${conversations} clients, ${requests} requests upstream (${answers}); stalled ${stalled}; crossed ${crossed.length}`;
}
