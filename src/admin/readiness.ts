/** Whether this process should be sent requests, for `/readyz` and the status page. */

/** The keys of a process's issuers, as far as readiness depends on them. Sent between processes as JSON, so it holds no Map, Set or Date. */
export interface KeyReadiness {
  /** Whether the first fetch of every issuer's keys is over, failed or not. */
  readonly isSettled: boolean;
  /** Whether some issuer has ever had a key; true where there are no issuers. */
  readonly hasHadKeys: boolean;
  /** Issuers that have no key now, with the error of their last fetch. */
  readonly without: readonly { readonly issuer: string; readonly error: string | undefined }[];
}

export interface Readiness {
  readonly ready: boolean;
  /** Issuers without a key. A process that was ready stays ready without them: the APIs of other issuers still work. */
  readonly waitingFor: readonly string[];
  /** By issuer, why there is no key. */
  readonly errors?: Readonly<Record<string, string>>;
  readonly draining: boolean;
  /** Workers that do not serve, or did not reply. */
  readonly missingWorkers?: number;
}

/** Opens when the first fetches are over and there was a key, and stays open: a later outage of issuers does not close it. */
export class ReadinessGate {
  #isOpen = false;

  /** @param keys of every process that serves. @returns whether the gate is open. */
  update(keys: readonly KeyReadiness[]): boolean {
    this.#isOpen ||= keys.length > 0 && keys.every(({ isSettled, hasHadKeys }) => isSettled && hasHadKeys);
    return this.#isOpen;
  }
}

/** @returns the issuers without keys in any of several processes, with their errors. */
export function describeKeys(keys: readonly KeyReadiness[]): Pick<Readiness, 'waitingFor' | 'errors'> {
  const without = keys.flatMap(each => each.without);
  const errors = without.flatMap(({ issuer, error }) => (error === undefined ? [] : [[issuer, error] as const]));
  return { waitingFor: [...new Set(without.map(({ issuer }) => issuer))], errors: Object.fromEntries(errors) };
}
