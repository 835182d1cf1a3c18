/**
 * What checking costs, on this machine, beside what would be used instead: `npm run bench`. The built gateway and its peers
 * each on the one core, upstream and load on the other, in turn, in rounds. `--quick` for a first look.
 */

import { type Options, readOptions, USAGE } from './options.ts';
import { createGatewayPeer } from './peers/gateway.ts';
import { haproxy } from './peers/haproxy.ts';
import type { Peer } from './peers/peer.ts';
import { barePipe } from './peers/pipe.ts';
import { alignColumns, createRows, formatNotes, formatRow, HEADINGS, OURS } from './report/table.ts';
import { type PeerName, SCENARIOS, type Scenario } from './scenarios.ts';
import { measureScenario, type Outcome } from './side-by-side.ts';
import { openSite } from './site.ts';

const PEERS: Readonly<Partial<Record<PeerName, Peer>>> = { HAProxy: haproxy, 'bare pipe': barePipe };
const QUICK_PEERS: readonly PeerName[] = ['HAProxy', 'bare pipe'];

async function main(options: Options): Promise<void> {
  if (options.list) return console.log(SCENARIOS.map(({ name, title }) => `${name}: ${title}`).join('\n'));
  const site = await openSite();
  const outcomes: Outcome[] = [];
  try {
    for (const scenario of chooseScenarios(options)) {
      console.log(`\n== ${scenario.name}: ${scenario.title}`);
      const outcome = await measureScenario(scenario, choosePeers(scenario, options), site, options);
      printOutcome(outcome);
      outcomes.push(outcome);
    }
  } finally {
    await site.close();
  }
}

function chooseScenarios({ quick, scenarios }: Options): readonly Scenario[] {
  const unknown = scenarios.find(name => !SCENARIOS.some(scenario => scenario.name === name));
  if (unknown !== undefined) throw new Error(`there is no scenario "${unknown}"; see --list`);
  if (scenarios.length > 0) return SCENARIOS.filter(({ name }) => scenarios.includes(name));
  return SCENARIOS.filter(({ main }) => main || !quick);
}

function choosePeers({ peers }: Scenario, { gateway, against, allPeers }: Options): Peer[] {
  const chosen = peers.filter(name => allPeers || QUICK_PEERS.includes(name));
  return [
    createGatewayPeer({ name: OURS, main: gateway }),
    ...(against === undefined ? [] : [createGatewayPeer({ name: 'audgate (before)', main: against })]),
    ...chosen.flatMap(name => PEERS[name] ?? []),
  ];
}

function printOutcome(outcome: Outcome): void {
  const rows = createRows(outcome);
  for (const line of alignColumns([HEADINGS, ...rows.map(formatRow)])) console.log(line);
  for (const note of formatNotes(outcome, rows)) console.log(`  ${note}`);
}

try {
  await main(readOptions(process.argv.slice(2)));
  process.exit();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(1);
}
