/** Percentiles from the histograms that Prometheus scrapes, estimated as its histogram_quantile() does. Pure. */
import { listSamples } from './counter-sums.js';
/** @returns the latencies of the histogram `name` for each route of `wanted` that has an observation. */
export function readLatencies(report, name, wanted) {
    const routes = new Map();
    for (const sample of listSamples(report, name)) {
        const { le, route } = sample.labels;
        if (le === undefined || !wanted.has(String(route)))
            continue;
        const buckets = routes.get(String(route)) ?? [];
        buckets.push({ bound: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count: sample.value });
        routes.set(String(route), buckets);
    }
    const latencies = new Map();
    for (const [route, buckets] of routes) {
        buckets.sort((a, b) => a.bound - b.bound);
        if ((buckets.at(-1)?.count ?? 0) === 0)
            continue;
        latencies.set(route, { p50: estimate(buckets, 0.5), p99: estimate(buckets, 0.99) });
    }
    return latencies;
}
function estimate(buckets, quantile) {
    const rank = quantile * (buckets.at(-1)?.count ?? 0);
    const index = buckets.findIndex(({ count }) => count >= rank);
    const { bound: upper, count } = buckets[index] ?? { bound: 0, count: 0 };
    const { bound: lower, count: before } = buckets[index - 1] ?? { bound: 0, count: 0 };
    if (upper === Number.POSITIVE_INFINITY || count === before)
        return lower;
    return lower + (upper - lower) * ((rank - before) / (count - before));
}
