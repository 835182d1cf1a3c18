/** A line on a terminal that says how far a replay has come, drawn over itself. */

import type { OnProgress } from './replay.ts';

const INTERVAL_MS = 200;
const CELLS = 30;
const CLEAR = '\r\x1b[K';

export interface Progress {
  readonly advance: OnProgress;
  /** Takes the line away. */
  end(): void;
}

/**
 * @param size bytes of the log; 0 where nobody knows, as on a pipe.
 * @param write to the terminal; `undefined` where there is none, and then nothing is drawn.
 */
export function createProgress(size: number, write: ((text: string) => void) | undefined): Progress {
  if (!write) return { advance: () => undefined, end: () => undefined };
  const startedAt = performance.now();
  let drawnAt = startedAt;
  return {
    advance: (bytes, lines) => {
      const now = performance.now();
      if (now - drawnAt < INTERVAL_MS) return;
      drawnAt = now;
      write(CLEAR + draw(bytes, size, (1000 * lines) / (now - startedAt)));
    },
    end: () => write(CLEAR),
  };
}

function draw(bytes: number, size: number, linesPerSecond: number): string {
  const rate = `${Math.round(linesPerSecond).toLocaleString('en')} lines/s`;
  if (size === 0) return `${Math.round(bytes / 1e6)} MB  ${rate}`;
  const share = Math.min(1, bytes / size);
  const filled = Math.round(share * CELLS);
  const percent = `${Math.floor(100 * share)}`.padStart(3);
  return `[${'#'.repeat(filled)}${'.'.repeat(CELLS - filled)}] ${percent} %  ${rate}`;
}
