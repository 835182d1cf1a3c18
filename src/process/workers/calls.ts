/** The calls between the primary and its workers. Arguments and results are sent as JSON by node:cluster. */

import type { KeyReadiness } from '../../admin/readiness.ts';
import type { Issuer } from '../../config/config.ts';
import type { ListenFailure } from '../../server/listener.ts';
import type { ServingAddresses } from '../../server/server.ts';
import type { TicketSeed } from '../../server/tls/ticket-keys.ts';
import type { ProcessMetrics } from '../../telemetry/metrics/metrics.ts';
import type { Report } from '../../telemetry/report.ts';
import type { LastKeys, SharedFetch } from '../../token/keys/key-fetch-error.ts';
import type { FetchedKeys, FetchNeed } from '../../token/keys/key-source.ts';

/** By name: the argument and the result of a call. */
export type Calls = { readonly [name: string]: readonly [argument: unknown, result: unknown] };

/** Calls that a worker handles. */
export type WorkerCalls = {
  /** Returns at once: proves that the event loop is not blocked. */
  readonly ping: readonly [null, null];
  /** Keeps a part of a configuration, for `serve` or `prepare`. */
  readonly receiveConfig: readonly [ConfigPart, null];
  /** Starts to serve the configuration that was received, which must have this many pieces. */
  readonly serve: readonly [ServeOptions, StartResult];
  /** Gets ready to serve the configuration that was received, of this many pieces. The result says whether it could. */
  readonly prepare: readonly [number, boolean];
  /** Serves the configuration that was prepared. */
  readonly commit: readonly [null, null];
  /** Drops the configuration that was prepared, since another worker could not prepare it. */
  readonly discard: readonly [null, null];
  /** Takes over the keys of an issuer: the primary has fetched them. */
  readonly takeOverKeys: readonly [string, null];
  /** Reads the keys that are in files again. */
  readonly rereadKeyFiles: readonly [null, null];
  readonly keyReadiness: readonly [null, KeyReadiness];
  /** Returns what was counted since a version of the counts, one part per call; see `Counts.changes`. */
  readonly readMetrics: readonly [{ readonly since: number; readonly from: number }, ProcessMetrics];
  /** Returns what the status page shows beside the metrics. */
  readonly readReport: readonly [null, Omit<Report, 'metrics' | 'exceptions'>];
  /** Finishes the requests that were accepted. Returns the final counts, when every line of the log is written. */
  readonly drain: readonly [null, ProcessMetrics];
};

/** Some pieces of a configuration, in base64. */
export interface ConfigPart {
  /** Drop the pieces received so far: they belong to an earlier configuration that was not completed. */
  readonly isFirst: boolean;
  readonly pieces: readonly string[];
}

export interface ServeOptions {
  readonly pieces: number;
  /** How many workers share the limits of the configuration. */
  readonly workers: number;
  readonly fixed: FixedSettings;
  readonly tickets: TicketSeed;
  /** `McpSessions.defaultKey`: a session goes on in every worker. */
  readonly sessionKey: string;
}

/** Settings of the listeners that only a restart changes, as they were when the primary started. */
export interface FixedSettings {
  readonly addresses: ServingAddresses;
  /** `limits.headers`. */
  readonly headers: number;
}

export type StartResult =
  | { readonly ok: true; readonly addresses: ServingAddresses }
  /** `failure` is set where its address cannot be listened on. */
  | { readonly ok: false; readonly problem: string; readonly failure?: ListenFailure };

/** Calls that the primary handles. */
export type PrimaryCalls = {
  /** The worker listens for messages now; those sent earlier are lost. */
  readonly ready: readonly [null, null];
  readonly fetchKeys: readonly [KeyRequest, KeyResult];
  /** Takes the counts of a worker that is about to exit because of an uncaught exception. */
  readonly finalCounts: readonly [ProcessMetrics, null];
};

export interface KeyRequest extends Pick<Issuer, 'issuer' | 'keySource' | 'keys'>, FetchNeed {}

export type KeyResult =
  | ({ readonly ok: true } & FetchedKeys)
  /** `last`: the keys of the latest fetch that succeeded, for a worker that has none. */
  | ({ readonly ok: false; readonly error: string; readonly age: number; readonly last?: LastKeys } & SharedFetch);
