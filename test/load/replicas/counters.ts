/** What the dashboard's queries say, beside what the clients have counted. */

import { interpolate, readDashboard } from '../../prometheus/artifacts.ts';
import { pause } from '../../support/waiting.ts';
import { type Deployment, SCRAPE_INTERVAL, SIBLING } from './deployment.ts';
import type { Counts } from './steady-load.ts';

const SETTLED_WITHIN = 10_000;
/** `increase()` extrapolates to the ends of its range, by less than a scrape interval at each. */
const TOLERANCE = 0.1;
const panels = readDashboard().panels;

/** What was counted before. */
export interface Baseline {
  /** Seconds since the epoch. */
  readonly since: number;
  readonly good: number;
  readonly refused: number;
}

export interface Span extends Baseline {
  readonly counted: Counts;
}

const sumOf = async ({ prometheus }: Deployment, selector: string) =>
  (await prometheus.query(`sum(${selector})`))[0]?.samples[0] ?? 0;
const countRequests = (deployment: Deployment) => sumOf(deployment, 'audgate_requests_total{route="/a"}');

/** Waits until Prometheus has seen `requests`, or has had time for it. */
export async function untilScraped(deployment: Deployment, requests: number): Promise<void> {
  for (const end = Date.now() + SETTLED_WITHIN; Date.now() < end; await pause(200)) {
    if ((await countRequests(deployment)) >= requests) return;
  }
}

/**
 * Waits until all was scraped, and prints both.
 *
 * @returns whether the sums are equal and the dashboard's queries within a tenth of them.
 */
export async function compareSums(deployment: Deployment, { since, counted, good, refused }: Span): Promise<boolean> {
  await untilScraped(deployment, good + counted.good);
  const requests = (await countRequests(deployment)) - good;
  const rejections = (await sumOf(deployment, 'audgate_confused_deputy_rejections_total')) - refused;
  const shown = await askDashboard(deployment.prometheus, since);
  console.log(`counters of all, summed: ${requests} requests, ${rejections} rejections of siblings' tokens`);
  console.log(`clients counted:         ${counted.good} and ${counted.refused}`);
  print(shown);
  const isExact = requests === counted.good && rejections === counted.refused;
  return isExact && isNear(shown.requests, counted.good) && isNear(shown.siblings, counted.refused);
}

/** Prints the dashboard's queries over restarts, where a process takes with it what it counted after its last scrape. */
export async function compareIncrease({ prometheus }: Deployment, { since, counted }: Span): Promise<boolean> {
  await pause(3 * SCRAPE_INTERVAL * 1000);
  const shown = await askDashboard(prometheus, since);
  console.log(`clients counted: ${counted.good} requests, ${counted.refused} rejections`);
  print(shown);
  return isNear(shown.requests, counted.good) && isNear(shown.siblings, counted.refused);
}

type Shown = Awaited<ReturnType<typeof askDashboard>>;

function print({ requests, siblings, cell, replicas }: Shown): void {
  console.log(
    `the dashboard's queries: ${Math.round(requests)} requests (by status), ${siblings} siblings' tokens refused, ${cell} in the matrix, ${replicas} instances`,
  );
}

async function askDashboard(prometheus: Deployment['prometheus'], since: number) {
  const range = Math.ceil(Date.now() / 1000 - since);
  // A step as long as the range makes `$__rate_interval` the whole of it.
  const seconds = { scrape: SCRAPE_INTERVAL, range, step: range - SCRAPE_INTERVAL };
  const ask = (title: string) => {
    const expression = panels.find(panel => panel.title === title)?.targets?.[0]?.expr ?? '';
    return prometheus.query(interpolate(expression, { route: ['/a'] }, seconds));
  };
  const sum = async (title: string, isMeant: (labels: Readonly<Record<string, string>>) => boolean = () => true) =>
    (await ask(title)).reduce((total, { labels, samples }) => total + (isMeant(labels) ? (samples[0] ?? 0) : 0), 0);
  return {
    requests: range * (await sum('Requests by status')),
    siblings: await sum('Tokens of siblings refused'),
    cell: await sum('Token for → used at', ({ presented }) => presented === SIBLING),
    replicas: await sum('Instances'),
  };
}

const isNear = (value: number, expected: number) => Math.abs(value - expected) <= TOLERANCE * expected;
