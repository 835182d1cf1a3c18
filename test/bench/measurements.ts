/** All measurements, by name: side by side, latency, the authorizer, memory. */

import { measureAddedLatency } from './authorizer/added-latency.ts';
import { measureDecisions } from './authorizer/decisions.ts';
import { measureLatency } from './latency.ts';
import { measureMemory } from './memory.ts';
import type { Choice, Options } from './options.ts';
import { haproxy } from './peers/haproxy.ts';
import { createRateSection } from './report/rates.ts';
import type { Section } from './report/section.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { chooseGateways, choosePeers } from './selection.ts';
import { measureScenario } from './side-by-side.ts';
import type { TestBed } from './test-bed.ts';

export interface Measurement {
  readonly name: string;
  readonly title: string;
  /** The choices that include it, beside `all`. */
  readonly choices: readonly Choice[];
  measure(bed: TestBed, options: Options): Promise<Section>;
}

export const MEASUREMENTS: readonly Measurement[] = [
  ...SCENARIOS.map(
    (scenario): Measurement => ({
      name: scenario.name,
      title: scenario.title,
      choices: chooseFor(scenario),
      measure: async (bed, options) =>
        createRateSection(await measureScenario(scenario, choosePeers(scenario, options), bed, options)),
    }),
  ),
  {
    name: 'latency',
    title: 'latency at half of the peak',
    choices: ['targets'],
    measure: (bed, options) => measureLatency([...chooseGateways(options), haproxy], bed, options),
  },
  {
    name: 'authorizer',
    title: 'decisions of the authorizer on one core',
    choices: [],
    measure: measureDecisions,
  },
  {
    name: 'authorizer-envoy',
    title: 'what asking adds to Envoy, beside jwt_authn and a no-op',
    choices: [],
    measure: measureAddedLatency,
  },
  {
    name: 'memory',
    title: 'resident memory',
    choices: [],
    measure: (bed, options) => measureMemory(chooseGateways(options), bed, options.seconds),
  },
];

function chooseFor({ choices, targets, variants }: Scenario): readonly Choice[] {
  return variants.length === 0 && Object.keys(targets).length > 0 ? [...choices, 'targets'] : choices;
}

/** @returns the measurements that `options` name, in the order of the list. @throws where one does not exist. */
export function chooseMeasurements({ choice, scenarios }: Options): readonly Measurement[] {
  const unknown = scenarios.find(name => !MEASUREMENTS.some(measurement => measurement.name === name));
  if (unknown !== undefined) throw new Error(`there is no scenario "${unknown}"; see --list`);
  if (scenarios.length > 0) return MEASUREMENTS.filter(({ name }) => scenarios.includes(name));
  return MEASUREMENTS.filter(({ choices }) => choice === 'all' || choices.includes(choice));
}
