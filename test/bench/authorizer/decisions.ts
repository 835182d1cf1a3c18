/** How many questions of Envoy's are answered in a second on one core, without an Envoy in between. */

import type { Candidate } from '../candidates.ts';
import type { Options } from '../options.ts';
import type { Peer } from '../peers/peer.ts';
import { probe } from '../probe.ts';
import { MEASURING } from '../processes.ts';
import { formatRange, formatRate } from '../report/rates.ts';
import type { Section } from '../report/section.ts';
import { type Cell, measureRounds } from '../rounds.ts';
import { compareRounds, summarise } from '../statistics.ts';
import type { TestBed } from '../test-bed.ts';
import { OTHER_RESOURCE, PATH, signToken } from '../tokens/sign.ts';
import { type LoadResult, runWrk } from '../wrk.ts';
import { createAuthorizerPeer, noOpAuthorizer } from './chains.ts';

const QUESTION = `/envoy${PATH}/small`;
const CONNECTIONS = 64;

interface Kind {
  readonly name: string;
  readonly token: string;
  readonly candidate: Candidate;
  readonly expected: 200 | 401;
}

export async function measureDecisions(bed: TestBed, { gateway, rounds, seconds }: Options): Promise<Section> {
  const candidates = [await startOne(createAuthorizerPeer(gateway), bed), await startOne(noOpAuthorizer, bed)] as const;
  try {
    const kinds = await createKinds(bed, candidates);
    const cells = await measureRounds(
      kinds.map(({ name, candidate }) => ({ ...candidate, name })),
      { rounds, seconds, expected: 200, send: ({ name }, length) => send(kinds, name, length) },
    );
    return createSection(cells);
  } finally {
    await Promise.all(candidates.map(candidate => candidate.end()));
  }
}

/** @returns what wrk counted; `refused` is what was answered otherwise than expected. */
async function send(kinds: readonly Kind[], name: string, seconds: number): Promise<LoadResult> {
  const kind = kinds.find(each => each.name === name);
  if (!kind) throw new Error(`there is no ${name}`);
  const load = { path: QUESTION, connections: CONNECTIONS, cores: MEASURING, env: { BENCH_TOKEN: kind.token } };
  const result = await runWrk({ port: kind.candidate.port }, { ...load, seconds });
  return { ...result, refused: kind.expected === 200 ? result.refused : result.requests - result.refused };
}

async function startOne(peer: Peer, bed: TestBed): Promise<Candidate> {
  return { ...(await peer.start(bed)), name: peer.name, unchecked: [] };
}

/** @throws where the authorizer does not answer as it should. */
async function createKinds(bed: TestBed, [audgate, noOp]: readonly [Candidate, Candidate]): Promise<readonly Kind[]> {
  const good = await signToken(bed.keys, { algorithm: 'RS256' });
  const siblings = await signToken(bed.keys, { algorithm: 'RS256', claims: { aud: OTHER_RESOURCE } });
  const kinds: readonly Kind[] = [
    { name: 'audgate, allowed', token: good, candidate: audgate, expected: 200 },
    { name: "audgate, a sibling's token", token: siblings, candidate: audgate, expected: 401 },
    { name: noOp.name, token: good, candidate: noOp, expected: 200 },
  ];
  for (const { name, token, candidate, expected } of kinds) {
    const { status } = await probe(candidate, QUESTION, token);
    if (status !== expected) throw new Error(`${name}: ${status} instead of ${expected}`);
  }
  return kinds;
}

function createSection(all: ReadonlyMap<string, readonly Cell[]>): Section {
  const ratesOf = (cells: readonly Cell[]) => cells.map(cell => cell.requestsPerSecond);
  const [ours = []] = all.values();
  const rows = [...all].map(([name, cells]) => {
    const rate = summarise(ratesOf(cells));
    const ratio = cells === ours ? undefined : compareRounds(ratesOf(ours), ratesOf(cells));
    return [
      name,
      formatRate(rate.median),
      `${formatRate(rate.least)} – ${formatRate(rate.most)}`,
      summarise(cells.map(cell => cell.cpuPerRequest)).median.toFixed(1),
      `${(100 * summarise(cells.map(cell => cell.coreShare)).median).toFixed(0)} %`,
      ratio ? `${ratio.median.toFixed(2)}×` : '',
      ratio ? formatRange(ratio) : '',
    ];
  });
  const cells = [...all.values()].flat();
  const others = summarise(cells.map(cell => 100 * cell.others));
  const faults = cells.reduce((sum, cell) => sum + cell.faults, 0);
  return {
    name: 'authorizer',
    title: 'decisions of the authorizer; 64 connections, RS256 repeated',
    headings: ['', 'decisions/s', 'range', 'CPU µs each', 'of a core', 'audgate, allowed is', 'range'],
    rows,
    notes: [
      ...(faults > 0 ? [`NOT AS EXPECTED: ${faults} answers`] : []),
      'CPU is what counts where the core was shared: 1,000,000 divided by it is the rate of a core of its own',
      `other processes took ${others.median.toFixed(0)} % of the machine meanwhile, at most ${others.most.toFixed(0)} %`,
    ],
    targets: [],
    bars: [],
    isFaulty: faults > 0,
  };
}
