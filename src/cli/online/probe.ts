/** What `check --online` asks: each peer once, several at the same time, and all of it within a minute. */

import { setTimeout as wait } from 'node:timers/promises';
import type { DiagnosticSubject } from '../../config/diagnostics/diagnostic-collector.ts';
import type { OnlineCode } from '../../config/lint/check-codes.ts';
import type { Path } from '../../config/source/document.ts';

export interface Probe {
  /** Where the file names the peer. */
  readonly path: Path;
  readonly subject: DiagnosticSubject;
  readonly code: OnlineCode;
  /**
   * @param stopped ends it.
   * @returns what is wrong, to be read after the quotation of what the file has; `undefined` where the peer answers as it should.
   */
  readonly ask: (stopped: AbortSignal) => Promise<string | undefined>;
}

/** A probe that found something wrong. */
export interface ProbeFailure {
  readonly probe: Probe;
  readonly what: string;
}

export interface ProbeLimits {
  readonly parallel: number;
  /** Milliseconds for all of them. */
  readonly time: number;
}

/** A peer that does not answer holds its place for as long as its own time-out. */
const LIMITS: ProbeLimits = { parallel: 16, time: 60_000 };

/** @returns the probes that failed, in the order of `probes`; one that did not end within the limit is one of them. */
export async function runProbes(
  probes: readonly Probe[],
  { parallel, time } = LIMITS,
): Promise<readonly ProbeFailure[]> {
  const stopping = new AbortController();
  const failures = new Map<Probe, string>(probes.map(probe => [probe, `was not asked within ${time / 1000} s`]));
  const waiting = probes.values();
  const work = async () => {
    for (const probe of waiting) {
      failures.set(probe, `gave no answer within the ${time / 1000} s that all of it may take`);
      const what = await probe.ask(stopping.signal);
      if (stopping.signal.aborted) return;
      if (what === undefined) failures.delete(probe);
      else failures.set(probe, what);
    }
  };
  const ended = new AbortController();
  const overdue = wait(time, undefined, ended).catch(() => undefined);
  const all = Promise.all(Array.from({ length: parallel }, work));
  try {
    await Promise.race([all, overdue]);
  } finally {
    stopping.abort();
    ended.abort();
  }
  return [...failures].map(([probe, what]) => ({ probe, what }));
}
