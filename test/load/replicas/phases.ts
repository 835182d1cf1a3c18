/** What happens to the replicas while they are under load: keys, a reload, a rolling restart, one that is killed. */

import { pause } from '../../support/waiting.ts';
import { type Deployment, KEYS, RESOURCE } from './deployment.ts';
import { askStatus, type Replica } from './replica.ts';
import type { Counts } from './steady-load.ts';

const WATCHED = 11_000;
const UNKNOWN_KEYS = 300;
const AT_ONCE = 2;
/** How many requests a replica has under way, of both frontends, when it is killed. */
const UNDER_WAY = 3;
const LOADED_WITHIN = 15_000;

/** Watches two rounds of fetches. @returns whether there were no more than the interval and its jitter allow. */
export async function watchKeys({ fetches, fetchesAtStart, replicas }: Deployment): Promise<boolean> {
  console.log(`keys fetched by ${replicas.length} replicas until all were ready: ${fetchesAtStart}`);
  const from = fetches.length;
  await pause(WATCHED);
  const times = fetches.slice(from);
  const most = replicas.length * Math.ceil(WATCHED / (900 * KEYS.refresh));
  console.log(
    `in the ${WATCHED / 1000} s after that, with refresh ${KEYS.refresh} s: ${times.length} (at most ${most})`,
  );
  console.log(`seconds: ${times.map(time => ((time - (times[0] ?? 0)) / 1000).toFixed(2)).join(' ')}`);
  return times.length <= most;
}

/** Sends tokens whose `kid` nobody knows, each another one. @returns whether fetches were bounded by replicas, not by tokens. */
export async function floodWithUnknownKeys(deployment: Deployment): Promise<boolean> {
  const { fetches, replicas, balancer, issuer } = deployment;
  const tokens = await Promise.all(
    Array.from({ length: UNKNOWN_KEYS }, (_, index) =>
      issuer.sign({ header: { kid: `unknown-${index}` }, claims: { aud: RESOURCE } }),
    ),
  );
  const [from, startedAt] = [fetches.length, performance.now()];
  const url = `http://127.0.0.1:${balancer.plainPort}/b/x`;
  const statuses = await Promise.all(
    tokens.map(async token => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status),
  );
  const took = performance.now() - startedAt;
  const fetched = fetches.length - from;
  const most = replicas.length * (2 + Math.ceil(took / 1000 / KEYS.cooldown));
  const refused = statuses.filter(status => status === 401).length;
  console.log(
    `${UNKNOWN_KEYS} tokens with as many unknown key ids in ${(took / 1000).toFixed(1)} s: ${refused} got 401; keys fetched ${fetched} times (at most ${most})`,
  );
  return refused === UNKNOWN_KEYS && fetched <= most;
}

/** @returns whether all replicas loaded a new file, and serve its new route. */
export async function reload({ replicas, configure }: Deployment): Promise<boolean> {
  const writtenAt = performance.now();
  configure(1);
  const loadedAt = ({ loads }: Replica) => loads.find(time => time > writtenAt);
  for (const end = Date.now() + LOADED_WITHIN; Date.now() < end && !replicas.every(loadedAt); ) await pause(10);
  const times = replicas.map(replica => Math.round((loadedAt(replica) ?? Number.NaN) - writtenAt));
  const statuses = await Promise.all(replicas.map(({ port }) => askStatus(port, '/v1')));
  console.log(
    `a new file was loaded by all within ${Math.max(...times)} ms (${times.sort((a, b) => a - b).join(' ')})`,
  );
  console.log(`its new route, asked at each replica: ${statuses.join(' ')}`);
  return statuses.every(status => status === 200);
}

/** Two at a time, each only when those before it serve again. @returns whether each ended with 0. */
export async function restartAll({ replicas, serves }: Deployment): Promise<boolean> {
  const startedAt = performance.now();
  const statuses: (number | null)[] = [];
  for (let at = 0; at < replicas.length; at += AT_ONCE) {
    const restart = async (replica: Replica) => {
      statuses.push(await replica.stop());
      const served = serves(replica);
      await replica.start();
      await served;
    };
    await Promise.all(replicas.slice(at, at + AT_ONCE).map(restart));
  }
  const took = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`all restarted, ${AT_ONCE} at a time, in ${took} s; ended with ${statuses.join(' ')}`);
  return statuses.every(status => status === 0);
}

/** @param counts of the load by the frontend that does not repeat. @returns whether no more failed than was under way. */
export async function killOne(deployment: Deployment, counts: Counts): Promise<boolean> {
  const [killed] = deployment.replicas;
  if (!killed) return false;
  const open = () => deployment.underWay.get(String(killed.adminPort))?.size ?? 0;
  while (open() < UNDER_WAY) await pause(1);
  const underWay = open();
  const failedBefore = sumFailed(counts);
  await killed.kill();
  await pause(2_000);
  const failed = sumFailed(counts) - failedBefore;
  console.log(
    `one killed with ${underWay} requests under way at the upstream; failed at the plain frontend ${failed}`,
    counts.failed,
  );
  return failed <= underWay;
}

export const sumFailed = ({ failed }: Counts) => Object.values(failed).reduce((sum, count) => sum + count, 0);
