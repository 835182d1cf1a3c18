/**
 * `Date` of another process, for `node --import`, ahead of the real one by the milliseconds in the file `ahead` of the folder in this URL's query.
 * The file of this process's id has the number that it has seen.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_INTERVAL = 3;
const folder = new URL(import.meta.url).searchParams.get('folder');
const RealDate = globalThis.Date;
let ahead = readAhead();

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + ahead);
    else super(...parts);
  }

  static now() {
    return RealDate.now() + ahead;
  }
};

function readAhead() {
  try {
    return Number(readFileSync(join(folder, 'ahead'), 'utf8'));
  } catch {
    return 0;
  }
}

let acknowledged;
setInterval(() => {
  ahead = readAhead();
  if (ahead === acknowledged) return;
  acknowledged = ahead;
  writeFileSync(join(folder, String(process.pid)), String(ahead));
}, POLL_INTERVAL).unref();
