/** All measurements, by name: side by side, latency, memory. */

import { measureLatency } from './latency.ts';
import { measureMemory } from './memory.ts';
import type { Options } from './options.ts';
import { haproxy } from './peers/haproxy.ts';
import { createRateSection } from './report/rates.ts';
import type { Section } from './report/section.ts';
import { SCENARIOS } from './scenarios.ts';
import { chooseGateways, choosePeers } from './selection.ts';
import { measureScenario } from './side-by-side.ts';
import type { TestBed } from './test-bed.ts';

export interface Measurement {
  readonly name: string;
  readonly title: string;
  /** Whether a quick run includes it. */
  readonly main: boolean;
  measure(bed: TestBed, options: Options): Promise<Section>;
}

export const MEASUREMENTS: readonly Measurement[] = [
  ...SCENARIOS.map(
    (scenario): Measurement => ({
      name: scenario.name,
      title: scenario.title,
      main: scenario.main,
      measure: async (bed, options) =>
        createRateSection(await measureScenario(scenario, choosePeers(scenario, options), bed, options)),
    }),
  ),
  {
    name: 'latency',
    title: 'latency at half of the peak',
    main: false,
    measure: (bed, options) => measureLatency([...chooseGateways(options), haproxy], bed, options),
  },
  {
    name: 'memory',
    title: 'resident memory',
    main: false,
    measure: (bed, options) => measureMemory(chooseGateways(options), bed, options.seconds),
  },
];

/** @returns the measurements that `options` name, in the order of the list. @throws where one does not exist. */
export function chooseMeasurements({ quick, scenarios }: Options): readonly Measurement[] {
  const unknown = scenarios.find(name => !MEASUREMENTS.some(measurement => measurement.name === name));
  if (unknown !== undefined) throw new Error(`there is no scenario "${unknown}"; see --list`);
  if (scenarios.length > 0) return MEASUREMENTS.filter(({ name }) => scenarios.includes(name));
  return MEASUREMENTS.filter(({ main }) => main || !quick);
}
