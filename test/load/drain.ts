/** SIGTERM while 200 clients send requests: no accepted request may fail. */

import { setTimeout as delay } from 'node:timers/promises';
import { startClients } from './clients.ts';
import { startWorld } from './world.ts';

const IN_FLIGHT = 200;
const ANSWER_TIME = 150;

export async function showDrain(): Promise<boolean> {
  const world = await startWorld('drain: { delay: 1s, limit: 20s }');
  world.upstream.handle = (_request, response) => setTimeout(() => response.end('ok'), ANSWER_TIME);
  const clients = startClients(world.gateway.port, IN_FLIGHT, world.token);
  await delay(2_000);
  const startedAt = performance.now();
  const exit = await world.gateway.stop();
  const drained = performance.now() - startedAt;
  const { answered, statuses, refused, failures } = await clients.stop();
  await world.close();
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  console.log(`${IN_FLIGHT} in flight; answered ${answered}`, statuses);
  console.log(`accepted and failed ${failed}`, failures, `; not accepted any more ${refused}`);
  console.log(`exit ${exit} after ${Math.round(drained)} ms`);
  return failed === 0 && exit === '0' && Object.keys(statuses).join() === '200';
}
