/** Candidates side by side: rates, CPU for each request, and the gateway's rate relative to each of the others. */

import type { Cell } from '../rounds.ts';
import type { Outcome } from '../side-by-side.ts';
import { compareRounds, type Spread, summarise } from '../statistics.ts';
import type { Section, TargetResult } from './section.ts';

const HEADINGS = ['', 'requests/s', 'range', 'CPU µs each', 'of a core', 'p50 ms', 'p99 ms', 'is', 'range', 'wanted'];

interface Figures {
  readonly name: string;
  readonly cells: readonly Cell[];
  readonly rate: Spread;
  /** The gateway's rate as a share of this one's, by round; `undefined` for the gateway itself. */
  readonly ratio: Spread | undefined;
  readonly target: number | undefined;
}

export function createRateSection(outcome: Outcome): Section {
  const { name, title } = outcome.scenario;
  const all = readFigures(outcome);
  return {
    name,
    title,
    headings: HEADINGS.map(heading => (heading === 'is' ? `${outcome.ours} is` : heading)),
    rows: all.map(createRow),
    notes: createNotes(outcome, all),
    targets: all.flatMap(figures => createTargetResult(outcome, figures) ?? []),
    bars: all.map(({ name, rate }) => ({ name, value: rate.median, least: rate.least, most: rate.most })),
    isFaulty: all.some(({ cells }) => cells.some(({ faults }) => faults > 0)),
  };
}

function readFigures({ scenario, ours, cells: all }: Outcome): Figures[] {
  const ourRates = (all.get(ours) ?? []).map(cell => cell.requestsPerSecond);
  return [...all].map(([name, cells]) => {
    const rates = cells.map(cell => cell.requestsPerSecond);
    const ratio = name === ours ? undefined : compareRounds(ourRates, rates);
    return { name, cells, rate: summarise(rates), ratio, target: scenario.targets[name] };
  });
}

function createRow({ name, cells, rate, ratio, target }: Figures): string[] {
  const median = (read: (cell: Cell) => number) => summarise(cells.map(read)).median;
  return [
    name,
    formatRate(rate.median),
    `${formatRate(rate.least)} – ${formatRate(rate.most)}`,
    median(cell => cell.cpuPerRequest).toFixed(1),
    `${(100 * median(cell => cell.coreShare)).toFixed(0)} %`,
    median(cell => cell.p50).toFixed(2),
    median(cell => cell.p99).toFixed(2),
    ratio ? `${ratio.median.toFixed(2)}×` : '',
    ratio ? formatRange(ratio) : '',
    ratio && target !== undefined ? `≥ ${target}× ${ratio.median >= target ? 'holds' : 'DOES NOT HOLD'}` : '',
  ];
}

function createTargetResult({ scenario, ours }: Outcome, { name, ratio, target }: Figures): TargetResult | undefined {
  if (!ratio || target === undefined) return undefined;
  return {
    target: `${scenario.title}: ${ours} is at least ${target}× ${name}`,
    measured: `${ratio.median.toFixed(2)}× (${formatRange(ratio)})`,
    holds: ratio.median >= target,
  };
}

function createNotes({ missing, unchecked }: Outcome, all: readonly Figures[]): string[] {
  const gaps = [...unchecked].filter(([, what]) => what.length > 0);
  return [
    ...all.flatMap(describeFaults),
    ...missing.map(each => `MISSING ${each}`),
    ...gaps.map(([name, what]) => `${name} does not refuse: ${what.join(', ')}`),
    ...all.flatMap(describeCache),
    describeOthers(all),
  ];
}

function describeFaults({ name, cells }: Figures): string[] {
  const faults = cells.reduce((sum, cell) => sum + cell.faults, 0);
  return faults > 0 ? [`NOT AS EXPECTED: ${faults} answers of ${name}`] : [];
}

function describeCache({ name, cells }: Figures): string[] {
  const shares = cells.flatMap(({ hitShare }) => (hitShare === undefined ? [] : [hitShare]));
  return shares.length > 0
    ? [`${name}: ${(100 * summarise(shares).median).toFixed(1)} % of tokens from its cache`]
    : [];
}

function describeOthers(all: readonly Figures[]): string {
  const { median, most } = summarise(all.flatMap(({ cells }) => cells.map(({ others }) => 100 * others)));
  return `other processes took ${median.toFixed(0)} % of the machine meanwhile, at most ${most.toFixed(0)} %`;
}

export const formatRate = (value: number) => Math.round(value).toLocaleString('en');

export const formatRange = ({ least, most }: Spread) => `${least.toFixed(2)} – ${most.toFixed(2)}`;
