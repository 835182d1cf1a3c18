/** Every metric of our own: its name, what it says, and its labels. Those of the process and of Node.js are in runtime-metrics.ts. */

/** What the first label of a series names: a route, an issuer, or nothing, for what the gateway as a whole counts. */
export type Subject = 'route' | 'issuer' | 'gateway';

export interface Family {
  readonly subject: Subject;
  readonly name: string;
  readonly help: string;
  /** Behind the one that names the subject. */
  readonly labels: readonly string[];
}

/** Counters, in the order of the page. Every label value is of the configuration or of a closed list; none is the caller's. */
export const COUNTERS = {
  requests: {
    subject: 'route',
    name: 'audgate_requests_total',
    help: 'Requests, by what the client was answered.',
    labels: ['method', 'status'],
  },
  denials: {
    subject: 'route',
    name: 'audgate_denials_total',
    help: 'Denials: refused, or only reported and forwarded.',
    labels: ['reason', 'action'],
  },
  confusedDeputies: {
    subject: 'route',
    name: 'audgate_confused_deputy_rejections_total',
    help: 'Tokens that verified in every other respect and were for another resource: whose, and where they were used.',
    labels: ['resource', 'presented', 'issuer', 'action'],
  },
  multipleAudiences: {
    subject: 'route',
    name: 'audgate_multiple_audience_tokens_total',
    help: 'Requests with an accepted token for several audiences: all of this gateway (known), or not (foreign).',
    labels: ['outcome'],
  },
  upstreamFailures: {
    subject: 'route',
    name: 'audgate_upstream_failures_total',
    help: 'Requests that were allowed and could not be carried.',
    labels: ['reason', 'cause'],
  },
  jwksFetches: {
    subject: 'issuer',
    name: 'audgate_jwks_fetches_total',
    help: 'Fetches of the keys of an issuer.',
    labels: ['outcome'],
  },
  cacheLookups: {
    subject: 'gateway',
    name: 'audgate_token_cache_lookups_total',
    help: 'Look-ups of verified tokens.',
    labels: ['outcome'],
  },
  reloads: {
    subject: 'gateway',
    name: 'audgate_config_reloads_total',
    help: 'Reloads of the configuration.',
    labels: ['outcome'],
  },
  ended: {
    subject: 'gateway',
    name: 'audgate_connections_ended_total',
    help: 'Connections and streams that the gateway ended.',
    labels: ['cause'],
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
} as const satisfies Readonly<Record<string, Family>>;

export type CounterName = keyof typeof COUNTERS;
export const COUNTER_NAMES = Object.keys(COUNTERS) as readonly CounterName[];

/** Durations of requests, by route. */
export const HISTOGRAMS = {
  duration: {
    name: 'audgate_request_duration_seconds',
    help: 'From the head of the request to the end of the answer.',
  },
  upstreamDuration: {
    name: 'audgate_upstream_duration_seconds',
    help: 'From dispatch to the head of the answer.',
  },
} as const;

export type HistogramName = keyof typeof HISTOGRAMS;
export const HISTOGRAM_NAMES = Object.keys(HISTOGRAMS) as readonly HistogramName[];

export const END_CAUSES = [
  'connection_limit',
  'pipeline_limit',
  'slow_headers',
  'slow_reader',
  'idle_tunnel',
  'token_expired',
  'drain',
  'drain_limit',
] as const;

/** Why the gateway ended a connection or a stream that was not a refusal. */
export type EndCause = (typeof END_CAUSES)[number];
