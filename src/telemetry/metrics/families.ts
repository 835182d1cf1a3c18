/**
 * Every metric of our own: name, type, HELP text and labels. The code that counts, the page for Prometheus and the metrics
 * reference in the documentation all read this table. The metrics of the process and of Node.js are in runtime-metrics.ts.
 */

import { EXCUSABLE_REASONS, FAILURE_CAUSES, FAILURES, type Outcome } from '../../denial.ts';
import { MCP_METHODS } from '../../mcp/methods.ts';
import { OTHER } from '../mcp-record.ts';
import { END_CAUSES, HANDSHAKE_FAILURES } from './connection-causes.ts';

/** What the first label of a counter names: a route, an issuer, or nothing where the counter is of the gateway as a whole. */
export type Subject = 'route' | 'issuer' | 'gateway';

/** A label and, where it is a closed list, every value it can have. */
export interface Label {
  readonly name: string;
  readonly values?: readonly string[];
}

export interface CounterFamily {
  readonly subject: Subject;
  readonly name: string;
  readonly help: string;
  /** The labels after the one that names the subject, in the order in which their values are passed. */
  readonly labels: readonly Label[];
}

export interface GaugeFamily {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
}

/** Of a request, as in the log. */
const OUTCOMES = ['forwarded', 'denied', 'reported', 'failed'] as const satisfies readonly Outcome[];

const ACTION: Label = { name: 'action', values: ['refused', 'forwarded'] };
const SUCCESS_OR_FAILURE: Label = { name: 'outcome', values: ['success', 'failure'] };

/** Counters, in the order of the page. A label value is from the configuration or a closed list, never from a caller. */
export const COUNTERS = {
  requests: {
    subject: 'route',
    name: 'audgate_requests_total',
    help: 'Requests, by method and by the status sent to the client.',
    labels: [{ name: 'method' }, { name: 'status' }],
  },
  denials: {
    subject: 'route',
    name: 'audgate_denials_total',
    help: 'Denials: refused, or forwarded, since the mode only reports them or an exception excuses them.',
    labels: [{ name: 'reason' }, ACTION],
  },
  confusedDeputies: {
    subject: 'route',
    name: 'audgate_confused_deputy_rejections_total',
    help: 'Tokens that were valid in every other respect and were for another resource, refused or only reported (forwarded).',
    labels: [{ name: 'resource' }, { name: 'presented' }, { name: 'issuer' }, ACTION],
  },
  exceptionsUsed: {
    subject: 'route',
    name: 'audgate_exceptions_used_total',
    help: 'Denials that an exception excused, by the client that has it.',
    labels: [{ name: 'exception' }, { name: 'reason', values: EXCUSABLE_REASONS }],
  },
  multipleAudiences: {
    subject: 'route',
    name: 'audgate_multiple_audience_tokens_total',
    help: 'Requests with an accepted token for several audiences: all of them of this gateway (known), or not all (foreign).',
    labels: [{ name: 'outcome', values: ['known', 'foreign'] }],
  },
  mcpCalls: {
    subject: 'route',
    name: 'audgate_mcp_calls_total',
    help: 'Messages to MCP servers whose body was read for a rule, by method and by the name in the rule.',
    labels: [
      { name: 'mcp_method', values: [...MCP_METHODS, OTHER] },
      { name: 'tool' },
      { name: 'outcome', values: OUTCOMES },
    ],
  },
  upstreamFailures: {
    subject: 'route',
    name: 'audgate_upstream_failures_total',
    help: 'Requests that were allowed and got no usable response from their upstream.',
    labels: [
      { name: 'reason', values: Object.keys(FAILURES) },
      { name: 'cause', values: FAILURE_CAUSES },
    ],
  },
  jwksFetches: {
    subject: 'issuer',
    name: 'audgate_jwks_fetches_total',
    help: 'Fetches of the keys of an issuer.',
    labels: [SUCCESS_OR_FAILURE],
  },
  tokenExchanges: {
    subject: 'route',
    name: 'audgate_token_exchanges_total',
    help: 'Tokens that were exchanged for one of the upstream, by what came of it; hit: without a call.',
    labels: [{ name: 'outcome', values: ['hit', 'success', 'refused', 'failure'] }],
  },
  introspections: {
    subject: 'issuer',
    name: 'audgate_introspections_total',
    help: 'Tokens that an issuer was asked about, by its answer; hit: answered without a call.',
    labels: [{ name: 'outcome', values: ['hit', 'active', 'inactive', 'failure'] }],
  },
  cacheLookups: {
    subject: 'gateway',
    name: 'audgate_token_cache_lookups_total',
    help: 'Look-ups of verified tokens.',
    labels: [{ name: 'outcome', values: ['hit', 'miss'] }],
  },
  reloads: {
    subject: 'gateway',
    name: 'audgate_config_reloads_total',
    help: 'Reloads of the configuration.',
    labels: [SUCCESS_OR_FAILURE],
  },
  ended: {
    subject: 'gateway',
    name: 'audgate_connections_ended_total',
    help: 'Connections and streams that the gateway ended.',
    labels: [{ name: 'cause', values: END_CAUSES }],
  },
  handshakeFailures: {
    subject: 'gateway',
    name: 'audgate_tls_handshake_failures_total',
    help: 'Connections of clients that did not become secure. One that closes without a byte, such as a TCP probe, does not count.',
    labels: [{ name: 'cause', values: HANDSHAKE_FAILURES }],
  },
  restarts: {
    subject: 'gateway',
    name: 'audgate_worker_restarts_total',
    help: 'Workers that ended by themselves and were replaced.',
    labels: [],
  },
  droppedLines: {
    subject: 'gateway',
    name: 'audgate_log_lines_dropped_total',
    help: 'Access log lines that the reader of standard output did not take in time.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, CounterFamily>>;

export type CounterName = keyof typeof COUNTERS;
export const COUNTER_NAMES = Object.keys(COUNTERS) as readonly CounterName[];

/** Histograms of durations, one series for each route. */
export const HISTOGRAMS = {
  duration: {
    name: 'audgate_request_duration_seconds',
    help: 'From the head of the request to the end of the response, or of reading the body of the request where that is later.',
  },
  upstreamDuration: {
    name: 'audgate_upstream_duration_seconds',
    help: 'From dispatch to the head of the response.',
  },
} as const;

export type HistogramName = keyof typeof HISTOGRAMS;
export const HISTOGRAM_NAMES = Object.keys(HISTOGRAMS) as readonly HistogramName[];

/** Gauges, in the order of the page. */
export const GAUGES = {
  keys: { name: 'audgate_jwks_keys', help: 'Usable keys of an issuer.', labels: [{ name: 'issuer' }] },
  keysAge: {
    name: 'audgate_jwks_age_seconds',
    help: 'Time since the keys of an issuer were fetched.',
    labels: [{ name: 'issuer' }],
  },
  certificateExpiry: {
    name: 'audgate_certificate_expiry_timestamp_seconds',
    help: 'When a certificate of the data listener expires; of two with one name, the earlier one.',
    labels: [{ name: 'name' }],
  },
  exceptionExpiry: {
    name: 'audgate_exception_expiry_timestamp_seconds',
    help: 'When an exception lapses; of several of one client the next, or the last where all have lapsed.',
    labels: [{ name: 'route' }, { name: 'exception' }],
  },
  exceptionLastUsed: {
    name: 'audgate_exception_last_used_timestamp_seconds',
    help: 'When an exception was last used; 0: never since the start.',
    labels: [{ name: 'route' }, { name: 'exception' }],
  },
  loadedAt: {
    name: 'audgate_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration in use was loaded.',
    labels: [],
  },
  connections: {
    name: 'audgate_open_connections',
    help: 'Connections of clients.',
    labels: [{ name: 'kind', values: ['http', 'upgraded'] }],
  },
  available: {
    name: 'audgate_upstream_available',
    help: 'Whether an endpoint of an upstream that has several is sent requests: 0 while it cannot be connected to and is left out.',
    labels: [{ name: 'upstream' }],
  },
  build: {
    name: 'audgate_build_info',
    help: 'Which audgate this is, and on which Node.js it runs; always 1.',
    labels: [{ name: 'version' }, { name: 'node' }],
  },
} as const satisfies Readonly<Record<string, GaugeFamily>>;

/** @returns the names of `labels`, in their order. */
export function namesOf(labels: readonly Label[]): readonly string[] {
  return labels.map(({ name }) => name);
}

/** One metric as the reference shows it, with all of its labels. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'histogram' | 'gauge';
  readonly help: string;
  readonly labels: readonly Label[];
}

/** Every metric of our own, in the order of the page. */
export const METRIC_FAMILIES: readonly MetricFamily[] = [
  ...Object.values<CounterFamily>(COUNTERS).map(({ subject, name, help, labels }) => ({
    name,
    type: 'counter' as const,
    help,
    labels: subject === 'gateway' ? labels : [{ name: subject }, ...labels],
  })),
  ...Object.values(HISTOGRAMS).map(({ name, help }) => ({
    name,
    type: 'histogram' as const,
    help,
    labels: [{ name: 'route' }],
  })),
  ...Object.values<GaugeFamily>(GAUGES).map(({ name, help, labels }) => ({
    name,
    type: 'gauge' as const,
    help,
    labels,
  })),
];
