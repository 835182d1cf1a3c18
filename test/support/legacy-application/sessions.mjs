/** Sessions that every instance has: one file each. */

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class Sessions {
  #folder;

  constructor(data) {
    this.#folder = join(data, 'sessions');
    mkdirSync(this.#folder, { recursive: true });
  }

  /** @returns the session of a request's cookie, else `undefined`. */
  find(request) {
    const id = readCookies(request).get('session') ?? '';
    if (!/^[0-9a-f]{32}$/.test(id)) return undefined;
    try {
      return JSON.parse(readFileSync(join(this.#folder, id), 'utf8'));
    } catch {
      return undefined;
    }
  }

  create() {
    return this.save({ id: randomBytes(16).toString('hex'), visits: 0 });
  }

  save(session) {
    const file = join(this.#folder, session.id);
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(session));
    renameSync(draft, file);
    return session;
  }

  remove(session) {
    rmSync(join(this.#folder, session.id), { force: true });
  }
}

/** @returns the cookies of a request, by name. */
export function readCookies({ headers }) {
  const pairs = (headers.cookie ?? '').split(/; */).filter(Boolean);
  return new Map(pairs.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
