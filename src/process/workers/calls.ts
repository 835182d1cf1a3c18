/** What the primary and its workers ask of each other. Everything of it survives JSON. */

import type { KeyReadiness } from '../../admin/readiness.ts';
import type { Issuer, ListenAddress } from '../../config/config.ts';
import type { ListenFailure } from '../../server/listener.ts';
import type { ProcessMetrics } from '../../telemetry/metrics/metrics.ts';
import type { Report } from '../../telemetry/report.ts';
import type { FetchCause, FetchedKeys, LastKeys } from '../../token/key-source.ts';

/** By name: what is asked, and what is answered. */
export type Calls = { readonly [name: string]: readonly [ask: unknown, answer: unknown] };

/** Asked of a worker. */
export type WorkerCalls = {
  /** Whether its event loop turns. */
  readonly alive: readonly [null, null];
  /** To take in a part of the configuration that it is to begin with, or to prepare. */
  readonly take: readonly [ConfigPart, null];
  /** To serve what was taken in, so many pieces, as one of `workers`, with what only a restart changes. */
  readonly begin: readonly [{ readonly pieces: number; readonly workers: number; readonly fixed: Fixed }, Begun];
  /** To get ready to serve exactly what was taken in, so many pieces; the answer says whether it could. */
  readonly prepare: readonly [number, boolean];
  /** To serve what was prepared. */
  readonly commit: readonly [null, null];
  /** To let go of what was prepared: another worker could not. */
  readonly abandon: readonly [null, null];
  /** An issuer's keys are others now: to ask for them. */
  readonly keysChanged: readonly [string, null];
  readonly keyReadiness: readonly [null, KeyReadiness];
  /** What it counted since a version of its counts, a part at a time; see `Counts.changes`. */
  readonly scrape: readonly [{ readonly since: number; readonly from: number }, ProcessMetrics];
  /** For the status page. */
  readonly report: readonly [null, Omit<Report, 'metrics'>];
  /** To finish what was accepted; answered with its last counts, when all lines of its log are out. */
  readonly drain: readonly [null, ProcessMetrics];
};

/** Some of the pieces of a configuration, in base64. */
export interface ConfigPart {
  /** Whether it is the first: what came before belongs to a configuration that is not wanted any more. */
  readonly isFirst: boolean;
  readonly pieces: readonly string[];
}

/** Settings of the data listener, as they were when the primary started. */
export interface Fixed {
  readonly listen: ListenAddress;
  /** `limits.headers`. */
  readonly headers: number;
}

export type Begun =
  | { readonly ok: true; readonly listen: ListenAddress }
  /** `failure`: its address cannot be listened on. */
  | { readonly ok: false; readonly problem: string; readonly failure?: ListenFailure };

/** Asked of the primary. */
export type PrimaryCalls = {
  /** To begin: what is sent to a process that does not listen yet is lost. */
  readonly hello: readonly [null, null];
  readonly fetchKeys: readonly [KeyRequest, KeyAnswer];
  /** The counts of a worker that is about to end by a fault. */
  readonly lastWord: readonly [ProcessMetrics, null];
};

export interface KeyRequest extends Pick<Issuer, 'issuer' | 'keySource' | 'keys'> {
  readonly cause: FetchCause;
}

export type KeyAnswer =
  | ({ readonly ok: true } & FetchedKeys)
  /** `last`: the keys that were fetched before it failed, for a worker that has none. */
  | { readonly ok: false; readonly error: string; readonly isShared: boolean; readonly last?: LastKeys };
