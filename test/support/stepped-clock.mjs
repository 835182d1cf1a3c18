/**
 * A monotonic clock that only a test puts forward, in another process, for `node --import`. `performance.now()` stands still at
 * the milliseconds in the file `ahead` of the folder in this URL's query. Timers that the keys of issuers are fetched by follow
 * that clock, all others the real one. When what was due has been fetched, the file of this process's id has the same number.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_INTERVAL = 3;
const folder = new URL(import.meta.url).searchParams.get('folder');
const { setTimeout: setRealTimeout, clearTimeout: clearRealTimeout } = globalThis;
let ahead = readAhead();

/** In the order in which they were set. Each set of keys has one, but while it fetches. */
const timers = new Set();
let most = 0;

class SteppedTimer {
  constructor(run, delay) {
    this.run = run;
    this.dueAt = performance.now() + delay;
    timers.add(this);
    most = Math.max(most, timers.size);
  }

  unref() {
    return this;
  }
}

performance.now = () => ahead;

globalThis.setTimeout = (run, delay, ...more) => {
  const [, , caller = ''] = (new Error('where').stack ?? '').split('\n');
  const isOfKeys = /[/\\]token[/\\]keys[/\\]key-set\.js/.test(caller);
  return isOfKeys ? new SteppedTimer(run, delay) : setRealTimeout(run, delay, ...more);
};

globalThis.clearTimeout = timer => {
  if (timer instanceof SteppedTimer) timers.delete(timer);
  else clearRealTimeout(timer);
};

function runDue() {
  for (const timer of timers) {
    if (timer.dueAt > performance.now()) continue;
    timers.delete(timer);
    timer.run();
  }
}

function readAhead() {
  try {
    return Number(readFileSync(join(folder, 'ahead'), 'utf8'));
  } catch {
    return 0;
  }
}

let acknowledged = -1;
setInterval(() => {
  ahead = Math.max(ahead, readAhead());
  runDue();
  if (ahead === acknowledged || timers.size < most) return;
  acknowledged = ahead;
  writeFileSync(join(folder, String(process.pid)), String(ahead));
}, POLL_INTERVAL).unref();
