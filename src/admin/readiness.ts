/** Whether requests should be sent to this process: what `/readyz` answers and the status page says first. */

/** What a process knows of the keys of its issuers. Survives JSON. */
export interface KeyReadiness {
  /** Whether the first fetch of every issuer's keys has come to an end, failed or not. */
  readonly isSettled: boolean;
  /** Whether some issuer has ever had a key; so it is where there are no issuers. */
  readonly hasHadKeys: boolean;
  /** Issuers that have no key now, with what went wrong last. */
  readonly without: readonly { readonly issuer: string; readonly error: string | undefined }[];
}

export interface Readiness {
  readonly ready: boolean;
  /** Issuers without a key. One of them alone takes no process out: the APIs of the others go on. */
  readonly waitingFor: readonly string[];
  /** By issuer, why there is no key. */
  readonly errors?: Readonly<Record<string, string>>;
  readonly draining: boolean;
  /** Workers that do not serve, or did not answer. */
  readonly missingWorkers?: number;
}

/** Not ready until the first fetches have ended and there was a key; then ready for good, whatever becomes of the issuers. */
export class ReadinessGate {
  #isOpen = false;

  /** @param keys of every process that serves. @returns whether requests should be sent here. */
  update(keys: readonly KeyReadiness[]): boolean {
    this.#isOpen ||= keys.length > 0 && keys.every(({ isSettled, hasHadKeys }) => isSettled && hasHadKeys);
    return this.#isOpen;
  }
}

/** @returns what is said of the issuers without keys, of which each process may miss others. */
export function describeKeys(keys: readonly KeyReadiness[]): Pick<Readiness, 'waitingFor' | 'errors'> {
  const without = keys.flatMap(each => each.without);
  const errors = without.flatMap(({ issuer, error }) => (error === undefined ? [] : [[issuer, error] as const]));
  return { waitingFor: [...new Set(without.map(({ issuer }) => issuer))], errors: Object.fromEntries(errors) };
}
