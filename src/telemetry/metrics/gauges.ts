/** What is measured at the moment it is read, in one process or in several together. */

import type { KeySetStatus } from '../../token/key-set.ts';
import { GAUGES, type GaugeFamily } from './families.ts';

/** A gauge with its samples. */
export interface Gauge extends GaugeFamily {
  readonly samples: readonly { readonly values: readonly string[]; readonly value: number }[];
}

/** Which program this is. */
export interface Build {
  readonly version: string;
  /** The version of Node.js that it runs on. */
  readonly node: string;
}

/** What one process measures of itself. Survives JSON. */
export interface Measured {
  readonly connections: { readonly http: number; readonly upgraded: number };
  readonly keySets: readonly Pick<KeySetStatus, 'issuer' | 'keys' | 'ageSeconds'>[];
}

/** What one process alone says for all. */
export interface Facts {
  readonly build: Build | undefined;
  /** Seconds since the epoch. */
  readonly loadedAt: number;
}

/** @returns the gauges of one process. */
export function listGauges({ connections, keySets }: Measured, { build, loadedAt }: Facts): readonly Gauge[] {
  return [
    { ...GAUGES.keys, samples: keySets.map(({ issuer, keys }) => ({ values: [issuer], value: keys })) },
    {
      ...GAUGES.keysAge,
      samples: keySets.flatMap(({ issuer, ageSeconds }) =>
        ageSeconds === undefined ? [] : [{ values: [issuer], value: ageSeconds }],
      ),
    },
    { ...GAUGES.loadedAt, samples: [{ values: [], value: loadedAt }] },
    {
      ...GAUGES.connections,
      samples: [
        { values: ['http'], value: connections.http },
        { values: ['upgraded'], value: connections.upgraded },
      ],
    },
    { ...GAUGES.build, samples: build ? [{ values: [build.version, build.node], value: 1 }] : [] },
  ];
}

/** @returns what several processes measure together: of connections the sum, of an issuer's keys the fewest and the oldest. */
export function mergeMeasured(all: readonly Measured[]): Measured {
  const keySets = new Map<string, Measured['keySets'][number]>();
  for (const keySet of all.flatMap(each => each.keySets)) {
    const other = keySets.get(keySet.issuer);
    keySets.set(keySet.issuer, other ? worseOf(other, keySet) : keySet);
  }
  const sumOf = (kind: keyof Measured['connections']) => all.reduce((sum, each) => sum + each.connections[kind], 0);
  return { connections: { http: sumOf('http'), upgraded: sumOf('upgraded') }, keySets: [...keySets.values()] };
}

/** What is alerted on is too few keys, and keys too old. */
function worseOf(one: Measured['keySets'][number], other: Measured['keySets'][number]): Measured['keySets'][number] {
  const ages = [one.ageSeconds, other.ageSeconds].filter(age => age !== undefined);
  return {
    issuer: one.issuer,
    keys: Math.min(one.keys, other.keys),
    ageSeconds: ages.length > 0 ? Math.max(...ages) : undefined,
  };
}
