/**
 * `npm run fuzz -- --seconds N [--seed S] [--from I] [--count C]`: mutated requests, tokens and upstream answers against
 * the built gateway. A failing case is reproduced by its seed and number: `--seed S --from I --count 1`. Exit status 0 only
 * where nothing was found.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Check, checkAfterRun, megabytes } from './final-checks.ts';
import { Findings } from './findings.ts';
import { Runner } from './runner.ts';
import { startWatchedGateway, type WatchedGateway } from './watched-gateway.ts';
import { startWorld, type World } from './world.ts';

const CONNECTIONS = 64;
/** Milliseconds for a case. No time-out of the gateway is longer than 2 s here; the rest is for a busy machine. */
const BOUND = 8_000;
const WARM_UP = 0.25;
const LONGEST_WARM_UP = 10_000;
const WATCH = 500;

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly from: number;
  readonly count: number;
}

async function main(options: Options): Promise<void> {
  const { seed } = options;
  console.log(`seed ${seed}`);
  const findings = new Findings(seed);
  const world = await startWorld(seed, what => findings.add({ what, cases: [], responses: [] }));
  const gateway = await startWatchedGateway(world.yaml);
  const { runner, seconds, memory } = await attack(gateway, world, findings, options);
  const sockets = memory.sockets;
  printTotals(runner, world, seconds, options);
  if (gateway.failure() === undefined) {
    const checks = await checkAfterRun(gateway, { sockets, rss: memory.warm }, () => world.honest.requests);
    console.log(`memory            ${megabytes(memory.start)} at the start, ${megabytes(memory.peak)} at the peak`);
    printChecks([...checks, ...(await end(gateway))], findings);
  }
  gateway.kill();
  await world.close();
  findings.release(undefined);
  console.log(
    findings.count === 0 ? 'nothing found' : `FOUND, with seed ${seed}:\n  ${findings.summary().join('\n  ')}`,
  );
  process.exit(findings.count === 0 ? 0 : 1);
}

/** Until the time is over, all cases have run, or the gateway no longer works. */
async function attack(gateway: WatchedGateway, world: World, findings: Findings, options: Options) {
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  const memory = { start: gateway.rss(), warm: gateway.rss(), peak: 0, sockets: gateway.sockets() };
  const warmUp = Math.min(options.seconds * 1000 * WARM_UP, LONGEST_WARM_UP);
  const watching = setInterval(() => {
    if (gateway.failure() !== undefined) return;
    findings.release(undefined);
    gateway.log.read();
    const rss = gateway.rss();
    memory.peak = Math.max(memory.peak, rss);
    if (elapsed() < warmUp) memory.warm = rss;
  }, WATCH);
  const end = options.from + options.count;
  let following = options.from;
  const hasNext = () => following < end && elapsed() < options.seconds * 1000 && gateway.failure() === undefined;
  const runner = new Runner({
    seed: options.seed,
    port: gateway.port,
    pool: world.pool,
    marker: world.honest.marker,
    connections: Math.min(CONNECTIONS, options.count),
    bound: BOUND,
    next: () => (hasNext() ? following++ : undefined),
    onFinding: finding => findings.add(finding),
  });
  await runner.run();
  const seconds = elapsed() / 1000;
  clearInterval(watching);
  await delay(WATCH);
  findings.release(gateway.failure());
  return { runner, memory, seconds };
}

function printTotals({ totals }: Runner, { hostile, honest }: World, seconds: number, { from }: Options): void {
  const perSecond = (number: number) => `${number} (${(number / seconds).toFixed(0)}/s)`;
  const statuses = [...totals.responses].sort(([a], [b]) => a - b).map(([status, number]) => `${status}: ${number}`);
  console.log(`cases             ${perSecond(totals.cases)} from ${from} in ${seconds.toFixed(1)} s`);
  console.log(`requests sent     ${perSecond(totals.requests)}`);
  console.log(`upstream answers  ${perSecond(hostile.answers)} hostile, ${honest.requests} honest`);
  console.log(`connections       ${totals.connections} to the gateway, ${hostile.connections} to the hostile upstream`);
  console.log(`responses         ${statuses.join(', ')}; not whole: ${totals.cutResponses}`);
}

async function end(gateway: WatchedGateway): Promise<Check[]> {
  const before = gateway.failure();
  const exit = before === undefined ? await gateway.stop() : 'it had ended before';
  const stderr = gateway.stderr();
  return [
    { what: 'SIGTERM ends it with 0', holds: exit === '0', figures: exit },
    { what: 'stderr is empty', holds: stderr === '', figures: stderr },
  ];
}

function printChecks(checks: readonly Check[], findings: Findings): void {
  for (const { what, holds, figures } of checks) {
    console.log(`${holds ? 'ok  ' : 'FAIL'}              ${what}${figures && `: ${figures}`}`);
    if (!holds) findings.add({ what: `does not hold, ${what}`, cases: [], responses: [] });
  }
}

function readOptions(): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { seconds: text, seed: text, from: text, count: text } });
  const number = (value: string | undefined, otherwise: number) => {
    if (value !== undefined && !/^\d+$/.test(value)) throw new Error(`not a number: ${value}`);
    return value === undefined ? otherwise : Number(value);
  };
  const count = number(values.count, Number.POSITIVE_INFINITY);
  const seconds = number(values.seconds, values.count === undefined ? 30 : 600);
  return { seconds, seed: number(values.seed, Date.now() % 1e9), from: number(values.from, 0), count };
}

await main(readOptions());
