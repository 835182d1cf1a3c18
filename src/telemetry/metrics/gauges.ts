/** Gauges, whose values are measured when they are read: in one process, or in several and then merged. */

import type { ListenerCertificate } from '../../config/listener-config.ts';
import type { KeySetStatus } from '../../token/keys/key-set.ts';
import type { EndpointStatus } from '../../upstream/endpoints/endpoint-status.ts';
import { mergeEndpointStatus } from '../merged/endpoint-status.ts';
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

/** `expiresAt` is in milliseconds since the epoch. */
export type CertificateExpiry = Pick<ListenerCertificate, 'label' | 'expiresAt'>;

type KeySetSize = Pick<KeySetStatus, 'issuer' | 'keys' | 'ageSeconds'>;

/** What each process measures of itself. Sent between processes as JSON, so it holds no Map, Set or Date. */
export interface Measured {
  readonly connections: { readonly http: number; readonly upgraded: number };
  readonly keySets: readonly KeySetSize[];
  /** The endpoints of upstreams that have several, one label once. */
  readonly upstreams: readonly EndpointStatus[];
}

/** What is the same for all processes of a gateway. */
export interface GatewayFacts {
  readonly build: Build | undefined;
  /** When the configuration was loaded, in seconds since the epoch. */
  readonly loadedAt: number;
  /** Of the data listener. */
  readonly certificates: readonly CertificateExpiry[];
  readonly exceptions: readonly Gauge[];
}

/** @returns the gauges with their samples. */
export function listGauges(
  { connections, keySets, upstreams }: Measured,
  { build, loadedAt, certificates, exceptions }: GatewayFacts,
): readonly Gauge[] {
  return [
    { ...GAUGES.keys, samples: keySets.map(({ issuer, keys }) => ({ values: [issuer], value: keys })) },
    {
      ...GAUGES.keysAge,
      samples: keySets.flatMap(({ issuer, ageSeconds }) =>
        ageSeconds === undefined ? [] : [{ values: [issuer], value: ageSeconds }],
      ),
    },
    { ...GAUGES.certificateExpiry, samples: listExpiries(certificates) },
    ...exceptions,
    { ...GAUGES.loadedAt, samples: [{ values: [], value: loadedAt }] },
    {
      ...GAUGES.connections,
      samples: [
        { values: ['http'], value: connections.http },
        { values: ['upgraded'], value: connections.upgraded },
      ],
    },
    {
      ...GAUGES.available,
      samples: upstreams.map(({ upstream, cause }) => ({ values: [upstream], value: cause === undefined ? 1 : 0 })),
    },
    { ...GAUGES.build, samples: build ? [{ values: [build.version, build.node], value: 1 }] : [] },
  ];
}

/** @returns the measurements of several processes as one: the sum of the connections, of an issuer's keys the fewest and the oldest; an endpoint is available where all say so. */
export function mergeMeasured(all: readonly Measured[]): Measured {
  const keySets = new Map<string, KeySetSize>();
  for (const keySet of all.flatMap(each => each.keySets)) {
    const other = keySets.get(keySet.issuer);
    keySets.set(keySet.issuer, other ? worseOf(other, keySet) : keySet);
  }
  const sumOf = (kind: keyof Measured['connections']) => all.reduce((sum, each) => sum + each.connections[kind], 0);
  return {
    connections: { http: sumOf('http'), upgraded: sumOf('upgraded') },
    keySets: [...keySets.values()],
    upstreams: mergeEndpointStatus(all.flatMap(each => each.upstreams)),
  };
}

/** Alerts look for too few keys, and for keys that are too old. */
function worseOf(one: KeySetSize, other: KeySetSize): KeySetSize {
  const ages = [one.ageSeconds, other.ageSeconds].filter(age => age !== undefined);
  return {
    issuer: one.issuer,
    keys: Math.min(one.keys, other.keys),
    ageSeconds: ages.length > 0 ? Math.max(...ages) : undefined,
  };
}

/** One sample for each name. */
function listExpiries(certificates: readonly CertificateExpiry[]): Gauge['samples'] {
  const earliest = new Map<string, number>();
  for (const { label, expiresAt } of certificates) {
    earliest.set(label, Math.min(expiresAt, earliest.get(label) ?? expiresAt));
  }
  return [...earliest].map(([label, expiresAt]) => ({ values: [label], value: expiresAt / 1000 }));
}
