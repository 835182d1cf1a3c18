/** The metrics of the process and of Node.js, as prom-client collects them. */

import {
  AggregatorRegistry,
  collectDefaultMetrics,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';

/** Those of one process as values. Survives JSON. */
export type RuntimeValues = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Gauges that prom-client names like counters, which `promtool check metrics` refuses. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** @returns a registry that measures this process from here on. */
export function createRuntimeRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  for (const metric of registry.getMetricsAsArray()) {
    // Of several processes the first that started, and the one that is busiest.
    if (metric.name === 'process_start_time_seconds') metric.aggregator = 'min';
    if (metric.aggregator === 'average') metric.aggregator = 'max';
  }
  return registry;
}

/** @returns those of several processes as those of one. */
export function mergeRuntime(all: readonly RuntimeValues[]): Pick<Registry, 'metrics'> {
  return AggregatorRegistry.aggregate(all.map(metrics => [...metrics]));
}

/** @returns what processes that ended have counted; what they measured went with them. */
export function keepCounted(all: readonly RuntimeValues[]): RuntimeValues {
  const merged = AggregatorRegistry.aggregate(all.map(metrics => metrics.filter(metric => !isGauge(metric))));
  return merged.getMetricsAsArray().flatMap(metric => (isMerged(metric) ? [metric] : []));
}

/** prom-client's types have a number where it gives a word. */
function isGauge({ type }: { readonly type: unknown }): boolean {
  return type === 'gauge';
}

/** What prom-client merged has its values at hand; its types do not say so. */
function isMerged(metric: object): metric is RuntimeValues[number] {
  return 'values' in metric && Array.isArray(metric.values);
}
