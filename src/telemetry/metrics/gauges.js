/** Gauges, whose values are measured when they are read: in one process, or in several and then merged. */
import { mergeEndpointStatus } from '../merged/endpoint-status.js';
import { GAUGES } from './families.js';
/** @returns the gauges with their samples. */
export function listGauges({ connections, keySets, upstreams }, { build, loadedAt, certificates }) {
    return [
        { ...GAUGES.keys, samples: keySets.map(({ issuer, keys }) => ({ values: [issuer], value: keys })) },
        {
            ...GAUGES.keysAge,
            samples: keySets.flatMap(({ issuer, ageSeconds }) => ageSeconds === undefined ? [] : [{ values: [issuer], value: ageSeconds }]),
        },
        { ...GAUGES.certificateExpiry, samples: listExpiries(certificates) },
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
export function mergeMeasured(all) {
    const keySets = new Map();
    for (const keySet of all.flatMap(each => each.keySets)) {
        const other = keySets.get(keySet.issuer);
        keySets.set(keySet.issuer, other ? worseOf(other, keySet) : keySet);
    }
    const sumOf = (kind) => all.reduce((sum, each) => sum + each.connections[kind], 0);
    return {
        connections: { http: sumOf('http'), upgraded: sumOf('upgraded') },
        keySets: [...keySets.values()],
        upstreams: mergeEndpointStatus(all.flatMap(each => each.upstreams)),
    };
}
/** Alerts look for too few keys, and for keys that are too old. */
function worseOf(one, other) {
    const ages = [one.ageSeconds, other.ageSeconds].filter(age => age !== undefined);
    return {
        issuer: one.issuer,
        keys: Math.min(one.keys, other.keys),
        ageSeconds: ages.length > 0 ? Math.max(...ages) : undefined,
    };
}
/** One sample for each name. */
function listExpiries(certificates) {
    const earliest = new Map();
    for (const { label, expiresAt } of certificates) {
        earliest.set(label, Math.min(expiresAt, earliest.get(label) ?? expiresAt));
    }
    return [...earliest].map(([label, expiresAt]) => ({ values: [label], value: expiresAt / 1000 }));
}
