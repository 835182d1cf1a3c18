/** New connections and tokens for an hour: whether a request costs the same at the end, and what stays in memory. */

import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from './clients.ts';
import { RESOURCE, startWorld, type World } from './world.ts';

/** An hour, unless LOAD_SECONDS says otherwise; reported in ten parts. */
const SECONDS = Number(process.env['LOAD_SECONDS'] ?? 3600);
const PARTS = 10;
const CLIENTS = 16;
/** Requests of one connection, with one token. */
const STAY = 5;
const FLAT = 1.25;
/** Limit of memory: a cache full of tokens is 141 MB live, and V8 keeps garbage beside it. */
const BOUND = 1024 * 1024 * 1024;

export async function showChurn(): Promise<boolean> {
  const world = await startWorld();
  const tally = { answered: 0, others: 0, isStopped: false };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, index) => comeAndGo(world, tally, index)));
  const costs: number[] = [];
  for (let part = 1; part <= PARTS; part++) {
    const before = { answered: tally.answered, cpu: await cpuOf(world) };
    await delay((SECONDS / PARTS) * 1000);
    const answered = tally.answered - before.answered;
    costs.push(((await cpuOf(world)) - before.cpu) / answered);
    const rss = Math.round(world.gateway.rss() / 1024 / 1024);
    console.log(
      `part ${part}: ${answered} answered, ${micros(costs.at(-1))} µs of CPU each, RSS ${rss} MiB, sockets ${world.gateway.sockets()}`,
    );
  }
  tally.isStopped = true;
  await clients;
  const [rss, failure] = [world.gateway.rss(), world.gateway.failure()];
  await world.close();
  // The first part warms up.
  const ratio = (costs.at(-1) ?? 0) / quantile(costs.slice(1), 0.5);
  console.log(`not 200: ${tally.others}; the last part cost ${ratio.toFixed(2)}x the median of all but the first`);
  return tally.others === 0 && failure === undefined && ratio < FLAT && rss < BOUND;
}

async function comeAndGo(
  { gateway, issuer }: World,
  tally: { answered: number; others: number; isStopped: boolean },
  client: number,
) {
  const exp = Math.floor(Date.now() / 1000) + SECONDS + 600;
  for (let visit = 0; !tally.isStopped; visit++) {
    const token = await issuer.sign({ claims: { aud: RESOURCE, exp, jti: `${client}-${visit}` } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let request = 0; request < STAY; request++) {
      const status = await statusOf(gateway.port, `/a/${client}/${visit}`, token, agent);
      tally.answered += 1;
      if (status !== 200) tally.others += 1;
    }
    agent.destroy();
  }
}

function statusOf(port: number, path: string, token: string, agent: Agent): Promise<number | undefined> {
  return new Promise(resolve => {
    const request = get({ port, path, agent, headers: { authorization: `Bearer ${token}` } }, response => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    request.once('error', () => resolve(undefined));
  });
}

/** Seconds so far. */
async function cpuOf({ gateway }: World): Promise<number> {
  return (await gateway.metrics()).sum('process_cpu_seconds_total');
}

function micros(seconds = Number.NaN): number {
  return Math.round(seconds * 1e6);
}
