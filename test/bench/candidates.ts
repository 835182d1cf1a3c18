/** The candidates of a scenario: started, checked, and listed as missing where they cannot run. */

import { checkCandidate } from './candidate-check.ts';
import { type Peer, PeerMissing, type RunningPeer } from './peers/peer.ts';
import type { TestBed } from './test-bed.ts';
import type { Algorithm } from './tokens/keys.ts';

export interface Candidate extends RunningPeer {
  readonly name: string;
  /** What it forwards although it should refuse it. */
  readonly unchecked: readonly string[];
}

export interface Line {
  readonly candidates: readonly Candidate[];
  /** Missing candidates, each with the reason. */
  readonly missing: readonly string[];
}

/** Starts `peers` one after the other, and checks each, first with valid tokens of `algorithms`. */
export async function startCandidates(
  peers: readonly Peer[],
  bed: TestBed,
  algorithms: readonly Algorithm[],
): Promise<Line> {
  const candidates: Candidate[] = [];
  const missing: string[] = [];
  for (const peer of peers) {
    try {
      candidates.push(await startCandidate(peer, bed, algorithms));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      missing.push(`${peer.name}: ${error instanceof PeerMissing ? why : `did not start: ${why}`}`);
    }
  }
  return { candidates, missing };
}

async function startCandidate(peer: Peer, bed: TestBed, algorithms: readonly Algorithm[]): Promise<Candidate> {
  const started = await peer.start(bed);
  try {
    return { ...started, name: peer.name, unchecked: await checkCandidate(peer, started, bed, algorithms) };
  } catch (error) {
    await started.end();
    throw error;
  }
}

export async function endCandidates({ candidates }: Line): Promise<void> {
  await Promise.all(candidates.map(candidate => candidate.end()));
}
