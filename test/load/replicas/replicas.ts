/**
 * Eight replicas behind HAProxy, under load at a fixed rate: how often they fetch keys, how soon all have a new file, what a rolling
 * restart and a killed replica cost, and whether the dashboard sums what all of them counted.
 */

import { spawnSync } from 'node:child_process';
import { pause } from '../../support/waiting.ts';
import { type Baseline, compareIncrease, compareSums, untilScraped } from './counters.ts';
import { type Deployment, deploy, RESOURCE, SIBLING } from './deployment.ts';
import { floodWithUnknownKeys, killOne, reload, restartAll, sumFailed, watchKeys } from './phases.ts';
import { type Counts, type SteadyLoad, startSteadyLoad } from './steady-load.ts';

const REPLICAS = 8;
/** Requests in a second, by each of two frontends. */
const RATE = 20;
const HOUR = 3600;

export async function showReplicas(): Promise<boolean> {
  const missing = ['haproxy', 'prometheus'].filter(program => spawnSync(program, ['--version']).error);
  if (missing.length > 0) {
    console.log(`${missing.join(' and ')} not installed: nothing was shown`);
    return false;
  }
  const deployment = await deploy(REPLICAS);
  try {
    return await showAll(deployment);
  } finally {
    await deployment.close();
  }
}

async function showAll(deployment: Deployment): Promise<boolean> {
  const startLoad = await prepareLoad(deployment);
  const before = await warmUp(deployment, startLoad);
  const verdicts: boolean[] = [];
  const steady = startLoad();
  verdicts.push(await watchKeys(deployment), await reload(deployment));
  await deployment.issuer.rotate();
  const rotated = startLoad(await signFor(deployment, RESOURCE));
  await pause(2_000);
  verdicts.push(await floodWithUnknownKeys(deployment));
  const meanwhile = await stopAll([...steady, ...rotated]);
  verdicts.push(isFaultless('in all this, a rotation of the keys included', meanwhile));
  verdicts.push(await compareSums(deployment, { ...before, counted: meanwhile }));

  const restarting = startLoad();
  verdicts.push(await restartAll(deployment));
  const restarted = await stopAll(restarting);
  verdicts.push(isFaultless('during the restart', restarted));
  const counted = addAll([meanwhile, restarted]);
  verdicts.push(await compareIncrease(deployment, { ...before, counted }));

  const killing = startLoad();
  verdicts.push(await killOne(deployment, killing[0].counts));
  await stopAll(killing);
  verdicts.push(isFaultless('at the frontend that repeats GET', killing[1].counts));
  const logged = deployment.replicas.reduce((sum, replica) => sum + replica.logged.bytes / replica.logged.lines, 0);
  console.log(`the access log has ${Math.round(logged / REPLICAS)} bytes a request`);
  return verdicts.every(verdict => verdict);
}

/** Every replica has answered before the counters are compared: `increase()` does not see the request that begins a series. */
async function warmUp(deployment: Deployment, startLoad: () => readonly SteadyLoad[]): Promise<Baseline> {
  const load = startLoad();
  await pause(2_000);
  const { good, refused } = await stopAll(load);
  await untilScraped(deployment, good);
  return { since: Date.now() / 1000, good, refused };
}

function isFaultless(when: string, counts: Counts): boolean {
  console.log(`requests ${when}: ${counts.sent}, failed ${sumFailed(counts)}`, counts.failed);
  return sumFailed(counts) === 0;
}

/** @returns what starts the load by both frontends. */
async function prepareLoad(deployment: Deployment) {
  const { balancer } = deployment;
  const [usual, siblingToken] = [await signFor(deployment, RESOURCE), await signFor(deployment, SIBLING)];
  return (token = usual): [SteadyLoad, SteadyLoad] => {
    const options = { rate: RATE, token, siblingToken };
    return [
      startSteadyLoad({ ...options, port: balancer.plainPort }),
      startSteadyLoad({ ...options, port: balancer.repeatingPort }),
    ];
  };
}

function signFor({ issuer }: Deployment, aud: string): Promise<string> {
  return issuer.sign({ claims: { aud, exp: Math.floor(Date.now() / 1000) + HOUR } });
}

const stopAll = async (loads: readonly SteadyLoad[]) => addAll(await Promise.all(loads.map(load => load.stop())));

function addAll(all: readonly Counts[]): Counts {
  const sum: Counts = { sent: 0, good: 0, refused: 0, failed: {} };
  for (const { sent, good, refused, failed } of all) {
    sum.sent += sent;
    sum.good += good;
    sum.refused += refused;
    for (const [what, count] of Object.entries(failed)) sum.failed[what] = (sum.failed[what] ?? 0) + count;
  }
  return sum;
}
