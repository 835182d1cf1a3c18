/** Random sequences through the gateway for an hour, ten million exchanges where the machine is free: none may see bytes of another. */

import { startGatewayWorld } from '../../http/sequences/gateway.ts';
import { formatSequences, runSequences, startSequences } from '../../http/sequences/run.ts';

/** An hour, unless LOAD_SECONDS says otherwise. AUDGATE_SEED repeats what was sent, though not when. */
const SECONDS = Number(process.env['LOAD_SECONDS'] ?? 3600);
const SEED = Number(process.env['AUDGATE_SEED'] ?? Date.now() % 1e9);
const REPORTED_EVERY = 60_000;
const SHOWN = 5;

export async function showSequences(): Promise<boolean> {
  console.log(`seed ${SEED}, ${SECONDS} s`);
  const { gateway, upstream, close } = await startGatewayWorld(SEED);
  const totals = startSequences(upstream);
  const report = () => {
    gateway.log.clear();
    console.log(
      `${new Date().toISOString()} ${formatSequences(totals, upstream)}; RSS ${mebibytes(gateway.rss())} MiB`,
    );
    for (const what of totals.crossed.slice(0, SHOWN)) console.log(`  CROSSED ${what}`);
  };
  const reporting = setInterval(report, REPORTED_EVERY);
  await runSequences(gateway.port, upstream, { seed: SEED, seconds: SECONDS }, totals);
  clearInterval(reporting);
  if (gateway.failure() === undefined) report();
  gateway.log.read();
  const faults = [gateway.failure(), ...gateway.log.faults].filter(fault => fault !== undefined);
  for (const fault of faults.slice(0, SHOWN)) console.log(`  FAULT ${fault}`);
  await close();
  return totals.crossed.length === 0 && totals.stalled === 0 && faults.length === 0;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
