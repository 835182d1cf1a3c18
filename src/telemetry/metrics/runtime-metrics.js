/** The metrics of the process and of Node.js, as prom-client collects them. */
import { AggregatorRegistry, collectDefaultMetrics, Registry, } from 'prom-client';
/** Gauges that prom-client names like counters, which `promtool check metrics` refuses. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];
/** @returns a registry that measures this process from here on. */
export function createRuntimeRegistry() {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    for (const name of MISNAMED)
        registry.removeSingleMetric(name);
    for (const metric of registry.getMetricsAsArray()) {
        // For several processes: the start of the first process, and averages (of the event loop's delay) of the busiest one.
        if (metric.name === 'process_start_time_seconds')
            metric.aggregator = 'min';
        if (metric.aggregator === 'average')
            metric.aggregator = 'max';
    }
    return registry;
}
/** @returns the metrics of several processes merged into one set. */
export function mergeRuntime(all) {
    return AggregatorRegistry.aggregate(all.map(metrics => [...metrics]));
}
/** @returns the merged counters of processes that have exited; their gauges are dropped. */
export function keepCounted(all) {
    const merged = AggregatorRegistry.aggregate(all.map(metrics => metrics.filter(metric => !isGauge(metric))));
    return merged.getMetricsAsArray().flatMap(metric => (isMerged(metric) ? [metric] : []));
}
/** The types of prom-client say that `type` is a number; it is a string. */
function isGauge({ type }) {
    return type === 'gauge';
}
/** The merged metrics of prom-client have `values`, which its types do not declare. */
function isMerged(metric) {
    return 'values' in metric && Array.isArray(metric.values);
}
