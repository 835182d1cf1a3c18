/** What is measured: something that listens, pinned to its core, started afresh for each scenario. */

import type { Site } from '../site.ts';

export interface Peer {
  readonly name: string;
  /** Whether it looks at tokens at all: it is then tried with bad ones before it is measured. */
  readonly judges: boolean;
  /** @throws PeerMissing where it cannot be had on this machine; anything else where it does not start. */
  start(site: Site): Promise<RunningPeer>;
}

export interface RunningPeer {
  readonly port: number;
  readonly pid: number;
  /** Hits and misses of its token cache so far, where it tells. */
  cacheLookups?(): Promise<{ readonly hits: number; readonly misses: number }>;
  /** Called after each cell: empties what grew on the disk. */
  tidy?(): void;
  end(): Promise<void>;
}

/** The message says what is missing, for people. */
export class PeerMissing extends Error {}
