/** One scenario from its start to its figures. */

import { type Candidate, endCandidates, startCandidates } from './candidates.ts';
import type { Peer } from './peers/peer.ts';
import { type Cells, measureRounds } from './rounds.ts';
import type { Scenario } from './scenarios.ts';
import type { Site } from './site.ts';
import { loadTokenPool, POOL_SIZE } from './tokens/pool.ts';
import { PATH, signToken } from './tokens/sign.ts';
import { type LoadResult, runWrk } from './wrk.ts';

/** How much of a run there is. */
export interface Extent {
  readonly rounds: number;
  readonly seconds: number;
}

export interface Outcome {
  readonly scenario: Scenario;
  readonly cells: Cells;
  readonly missing: readonly string[];
  /** By name of candidate: what it does not check. */
  readonly unchecked: ReadonlyMap<string, readonly string[]>;
}

/** Every how many-th request brings a fresh token. */
const EVERY = { repeated: 0, mixed: 20, different: 1 } as const;

/** Measures `peers`, each started afresh: no cache of one scenario serves another. */
export async function measureScenario(
  scenario: Scenario,
  peers: readonly Peer[],
  site: Site,
  extent: Extent,
): Promise<Outcome> {
  const send = await createSender(scenario, site);
  const line = await startCandidates(peers, site, [scenario.algorithm]);
  try {
    const cells = await measureRounds(line.candidates, { ...extent, expected: scenario.expected, send });
    const unchecked = new Map(line.candidates.map(({ name, unchecked }) => [name, unchecked]));
    return { scenario, cells, missing: line.missing, unchecked };
  } finally {
    await endCandidates(line);
  }
}

/** Goes on in the pool of tokens where it stopped, for each candidate by itself. */
async function createSender(scenario: Scenario, site: Site) {
  const { algorithm, tokens, connections, answer, body, fields, expected } = scenario;
  const claims = expected === 401 ? { aud: 'https://api7.example.com/' } : {};
  const every = EVERY[tokens];
  const env = {
    BENCH_TOKEN: await signToken(site.keys, { algorithm, claims }),
    BENCH_BODY: String(body),
    BENCH_FIELDS: String(fields),
    BENCH_EVERY: String(every),
    ...(every > 0 && { BENCH_FRESH: await loadTokenPool(site.keys, algorithm) }),
  };
  const cursors = new Map<string, number>();
  return async ({ name, port }: Candidate, seconds: number): Promise<LoadResult> => {
    const at = cursors.get(name) ?? 0;
    const path = `${PATH}/${answer}`;
    const result = await runWrk(port, { path, connections, seconds, env: { ...env, BENCH_START: String(at) } });
    // Sent, and not answered when the time was over: one for each connection.
    const taken = every > 0 ? Math.ceil((result.requests + connections) / every) : 0;
    cursors.set(name, (at + taken) % POOL_SIZE);
    return result;
  };
}
