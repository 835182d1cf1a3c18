/** A server that is measured: pinned to its core, started anew for each scenario. */

import type { TestBed } from '../test-bed.ts';

export interface Peer {
  readonly name: string;
  /** Whether it verifies tokens: it is then tried with invalid ones before it is measured. */
  readonly verifiesTokens: boolean;
  /** @throws PeerMissing where it is not available on this machine; another error where it does not start. */
  start(bed: TestBed): Promise<RunningPeer>;
}

export interface RunningPeer {
  readonly port: number;
  readonly pid: number;
  /** What it asks on its core, where that is a process of its own. */
  readonly askedPid?: number;
  /** Whether it is asked by https. */
  readonly isSecure?: boolean;
  /** Hits and misses of its token cache so far, where it reports them. */
  cacheLookups?(): Promise<{ readonly hits: number; readonly misses: number }>;
  /** Called after each cell: truncates files that have grown. */
  tidy?(): void;
  end(): Promise<void>;
}

/** Its message says what is missing. */
export class PeerMissing extends Error {}
