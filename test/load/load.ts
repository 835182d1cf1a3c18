/**
 * Load tests of the built gateway: `npm run load -- drain | restarts | instances | replicas | idle | slow | reloads | churn | memory | sequences | soak | flood`.
 * Prints figures; the exit status is 0 only where they are within their limits.
 */

import { showChurn } from './churn.ts';
import { showMemory } from './connections/memory.ts';
import { showSequences } from './connections/sequences.ts';
import { showSoak } from './connections/soak.ts';
import { showDrain } from './drain.ts';
import { showFlood } from './flood.ts';
import { showIdleConnections } from './idle.ts';
import { showInstances } from './instances.ts';
import { showReloads } from './reloads.ts';
import { showReplicas } from './replicas/replicas.ts';
import { showRestarts } from './restarts.ts';
import { showSlowClients } from './slow.ts';

const SHOWS: Readonly<Record<string, () => Promise<boolean>>> = {
  drain: showDrain,
  restarts: showRestarts,
  instances: showInstances,
  replicas: showReplicas,
  idle: showIdleConnections,
  slow: showSlowClients,
  reloads: showReloads,
  churn: showChurn,
  memory: showMemory,
  sequences: showSequences,
  soak: showSoak,
  flood: showFlood,
};

const names = process.argv.slice(2);
let isWithinLimits = true;
for (const name of names.length > 0 ? names : Object.keys(SHOWS)) {
  const show = SHOWS[name];
  if (!show) throw new Error(`there is no show "${name}", only ${Object.keys(SHOWS).join(', ')}`);
  console.log(`== ${name}`);
  isWithinLimits = (await show()) && isWithinLimits;
}
process.exit(isWithinLimits ? 0 : 1);
