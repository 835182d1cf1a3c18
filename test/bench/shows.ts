/** All measurements, by name: side by side, latency, memory. */

import { measureLatency } from './latency.ts';
import { chooseGateways, choosePeers } from './line-up.ts';
import { measureMemory } from './memory.ts';
import type { Options } from './options.ts';
import { haproxy } from './peers/haproxy.ts';
import { createRateSection } from './report/rates.ts';
import type { Section } from './report/section.ts';
import { SCENARIOS } from './scenarios.ts';
import { measureScenario } from './side-by-side.ts';
import type { Site } from './site.ts';

export interface Show {
  readonly name: string;
  readonly title: string;
  /** Whether a quick run includes it. */
  readonly main: boolean;
  measure(site: Site, options: Options): Promise<Section>;
}

export const SHOWS: readonly Show[] = [
  ...SCENARIOS.map(
    (scenario): Show => ({
      name: scenario.name,
      title: scenario.title,
      main: scenario.main,
      measure: async (site, options) =>
        createRateSection(await measureScenario(scenario, choosePeers(scenario, options), site, options)),
    }),
  ),
  {
    name: 'latency',
    title: 'latency at half of the peak',
    main: false,
    measure: (site, options) => measureLatency([...chooseGateways(options), haproxy], site, options),
  },
  {
    name: 'memory',
    title: 'resident memory',
    main: false,
    measure: (site, options) => measureMemory(chooseGateways(options), site, options.seconds),
  },
];

/** @returns the measurements that `options` name, in the order of the list. @throws where one does not exist. */
export function chooseShows({ quick, scenarios }: Options): readonly Show[] {
  const unknown = scenarios.find(name => !SHOWS.some(show => show.name === name));
  if (unknown !== undefined) throw new Error(`there is no scenario "${unknown}"; see --list`);
  if (scenarios.length > 0) return SHOWS.filter(({ name }) => scenarios.includes(name));
  return SHOWS.filter(({ main }) => main || !quick);
}
