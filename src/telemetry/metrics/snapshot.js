/** The metrics as values, for the status page. Series at 0 are left out. */
import { setImmediate } from 'node:timers/promises';
import { BUCKET_BOUNDS } from './duration-histogram.js';
import { COUNTER_NAMES, COUNTERS, HISTOGRAM_NAMES, HISTOGRAMS, namesOf, } from './families.js';
/** Reading so many takes about a millisecond, after which requests are served. */
const TALLIES_AT_A_TIME = 50;
/** @returns all metrics as values. */
export async function takeSnapshot(counts, gauges) {
    const metrics = [];
    for (const counter of COUNTER_NAMES)
        metrics.push(await readCounter(counter, counts));
    for (const histogram of HISTOGRAM_NAMES)
        metrics.push(await readHistogram(histogram, counts));
    for (const gauge of gauges)
        metrics.push(readGauge(gauge));
    return metrics;
}
async function readCounter(counter, counts) {
    const { subject, name, help, labels } = COUNTERS[counter];
    const names = namesOf(labels);
    const values = await readInSteps(counts.list(subject), tally => {
        const first = subject === 'gateway' ? {} : { [subject]: tally.name };
        return Array.from(tally.series(counter), ({ values: found, count }) => ({
            labels: { ...first, ...nameValues(names, found) },
            value: count,
        }));
    });
    return { name, help, type: 'counter', values };
}
async function readHistogram(histogram, counts) {
    const { name, help } = HISTOGRAMS[histogram];
    const values = await readInSteps(counts.list('route'), tally => {
        const durations = tally.histogram(histogram);
        return durations ? listSamples(name, tally.name, durations) : [];
    });
    return { name, help, type: 'histogram', values };
}
function readGauge({ name, help, labels, samples }) {
    const names = namesOf(labels);
    const values = samples.map(({ values: found, value }) => ({ labels: nameValues(names, found), value }));
    return { name, help, type: 'gauge', values };
}
function listSamples(name, route, { counts, sum, count }) {
    let total = 0;
    const buckets = counts.map((each, index) => {
        total += each;
        return { metricName: `${name}_bucket`, labels: { le: BUCKET_BOUNDS[index] ?? '+Inf', route }, value: total };
    });
    return [
        ...buckets,
        { metricName: `${name}_sum`, labels: { route }, value: sum },
        { metricName: `${name}_count`, labels: { route }, value: count },
    ];
}
async function readInSteps(tallies, read) {
    const lists = [];
    for (const tally of tallies) {
        lists.push(read(tally));
        if (lists.length % TALLIES_AT_A_TIME === 0)
            await setImmediate();
    }
    return lists.flat();
}
function nameValues(names, values) {
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
