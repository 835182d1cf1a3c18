/**
 * The time of day that only a test puts forward, in another process, for `node --import`: the real one plus the milliseconds in the
 * file `shift` of the folder in this URL's query. The monotonic clock and timers are the real ones.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_INTERVAL = 3;
const folder = new URL(import.meta.url).searchParams.get('folder');
const RealDate = globalThis.Date;
let shift = 0;

class ShiftedDate extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(ShiftedDate.now());
    else super(...given);
  }

  static now() {
    return RealDate.now() + shift;
  }
}

globalThis.Date = ShiftedDate;

function read() {
  try {
    shift = Number(readFileSync(join(folder, 'shift'), 'utf8'));
  } catch {
    // Not put forward so far.
  }
}

read();
setInterval(read, POLL_INTERVAL).unref();
