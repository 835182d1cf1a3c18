/** Runs one scenario and returns its figures. */

import { type Candidate, endCandidates, startCandidates } from './candidates.ts';
import type { Peer } from './peers/peer.ts';
import { MEASURING } from './processes.ts';
import { type Cells, measureRounds } from './rounds.ts';
import type { Scenario } from './scenarios.ts';
import type { TestBed } from './test-bed.ts';
import { loadTokenPool, POOL_SIZE } from './tokens/pool.ts';
import { OTHER_RESOURCE, PATH, RESOURCE, resourceOf, signToken } from './tokens/sign.ts';
import { type LoadResult, runWrk } from './wrk.ts';

/** The length of a run. */
export interface Extent {
  readonly rounds: number;
  readonly seconds: number;
}

export interface Outcome {
  readonly scenario: Scenario;
  /** The name of the candidate that the others are compared with. */
  readonly ours: string;
  readonly cells: Cells;
  readonly missing: readonly string[];
  /** What candidates do not check, by their names. */
  readonly unchecked: ReadonlyMap<string, readonly string[]>;
}

/** One of so many requests has a new token. */
const EVERY = { repeated: 0, mixed: 20, different: 1 } as const;

/** Measures `peers`, each started anew, so that no cache is filled by another scenario. */
export async function measureScenario(
  scenario: Scenario,
  peers: readonly Peer[],
  bed: TestBed,
  extent: Extent,
): Promise<Outcome> {
  const send = await createSender(scenario, bed);
  const line = await startCandidates(peers, bed, [scenario.algorithm]);
  if (scenario.sharedCores) await bed.pinUpstream(scenario.sharedCores);
  try {
    const cells = await measureRounds(line.candidates, { ...extent, expected: scenario.expected, send });
    const unchecked = new Map(line.candidates.map(({ name, unchecked }) => [name, unchecked]));
    return { scenario, ours: peers[0]?.name ?? '', cells, missing: line.missing, unchecked };
  } finally {
    if (scenario.sharedCores) await bed.pinUpstream(MEASURING);
    await endCandidates(line);
  }
}

/** Continues in the pool of tokens where it stopped, for each candidate separately. */
async function createSender(scenario: Scenario, bed: TestBed) {
  const { answer, tokens, connections, sharedCores } = scenario;
  const env = await createEnvironment(scenario, bed);
  const every = EVERY[tokens];
  const cursors = new Map<string, number>();
  return async ({ name, ...asked }: Candidate, seconds: number): Promise<LoadResult> => {
    const at = cursors.get(name) ?? 0;
    const load = { path: `${PATH}/${answer}`, connections, seconds, env: { ...env, BENCH_START: String(at) } };
    const result = await runWrk(asked, { ...load, cores: sharedCores ?? MEASURING });
    // Sent and not answered when the time was over: one for each connection.
    const taken = every > 0 ? Math.ceil((result.requests + connections) / every) : 0;
    cursors.set(name, (at + taken) % POOL_SIZE);
    return result;
  };
}

async function createEnvironment(
  { algorithm, tokens, answer, body, fields, expected, routesInUse }: Scenario,
  bed: TestBed,
) {
  const inUse = Array.from({ length: routesInUse }, (_, number) => number);
  const audience = routesInUse > 1 ? inUse.map(resourceOf) : RESOURCE;
  const claims = { aud: expected === 401 ? OTHER_RESOURCE : audience };
  return {
    BENCH_TOKEN: await signToken(bed.keys, { algorithm, claims }),
    BENCH_BODY: String(body),
    BENCH_FIELDS: String(fields),
    BENCH_EVERY: String(EVERY[tokens]),
    ...(tokens !== 'repeated' && { BENCH_FRESH: await loadTokenPool(bed, algorithm) }),
    ...(routesInUse > 1 && { BENCH_PATHS: inUse.map(number => `/api${number}/${answer}`).join(' ') }),
  };
}
