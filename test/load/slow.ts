/** slowhttptest with 500 connections, in its modes H, B and R, beside ordinary clients: how much these slow down. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile, startClients } from './clients.ts';
import { startWorld, type World } from './world.ts';

const ATTACK_SECONDS = Number(process.env['LOAD_SECONDS'] ?? 60);
const CALM_SECONDS = 10;
const MODES = { H: 'slow header fields', B: 'slow body', R: 'slow reading' } as const;

export async function showSlowClients(): Promise<boolean> {
  if (spawnSync('slowhttptest', ['-h']).error) {
    console.log('slowhttptest is not installed: nothing was shown');
    return false;
  }
  const world = await startWorld();
  world.upstream.handle = (request, response) => {
    request.resume();
    response.end(request.url === '/open/large' ? Buffer.alloc(512 * 1024) : 'ok');
  };
  const calm = await measure(world, CALM_SECONDS);
  console.log(`before: ${calm.answered} answered, p50 ${calm.p50} ms, p99 ${calm.p99} ms`);
  let isWithinLimits = true;
  for (const [mode, name] of Object.entries(MODES)) {
    const attack = spawn('slowhttptest', argumentsFor(mode, world), { stdio: 'ignore' });
    const ended = once(attack, 'exit');
    await delay(3_000);
    const during = await measure(world, ATTACK_SECONDS - 6);
    await ended;
    const ratio = (during.p99 / calm.p99).toFixed(2);
    console.log(
      `${mode}, ${name}: ${during.answered} answered, p99 ${during.p99} ms, ${ratio}x; not 200: ${during.others}`,
    );
    isWithinLimits &&= during.others === 0;
  }
  const failure = world.gateway.failure();
  await world.close();
  return isWithinLimits && failure === undefined;
}

/** slowhttptest cannot send Authorization, so it attacks the public route. */
function argumentsFor(mode: string, { gateway }: World): string[] {
  const url = `http://127.0.0.1:${gateway.port}/open/${mode === 'R' ? 'large' : 'x'}`;
  const common = ['-u', url, '-c', '500', '-r', '200', '-l', String(ATTACK_SECONDS)];
  const reading = ['-X', '-w', '64', '-y', '128', '-n', '5', '-z', '32', '-k', '1'];
  if (mode === 'R') return [...reading, ...common];
  return [`-${mode}`, '-i', '10', '-s', '8192', '-x', '24', ...common];
}

async function measure(world: World, seconds: number) {
  const clients = startClients(world.gateway.port, 10, world.token);
  await delay(seconds * 1000);
  const { answered, latencies, statuses, failures } = await clients.stop();
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const round = (value: number) => Number(value.toFixed(2));
  return {
    answered,
    others: answered - (statuses['200'] ?? 0) + failed,
    p50: round(quantile(latencies, 0.5)),
    p99: round(quantile(latencies, 0.99)),
  };
}
