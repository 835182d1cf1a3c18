/**
 * Loaded into the gateway's process before it (`node --import`): on SIGUSR2 it collects garbage and writes how many timers
 * and sockets are alive into the file that LOAD_LIVE_OBJECTS names.
 */

import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { Socket } from 'node:net';

export interface LiveObjects {
  readonly timers: number;
  readonly sockets: number;
}

const file = process.env['LOAD_LIVE_OBJECTS'] ?? '';
const timer = setTimeout(() => undefined, 0).unref();
Object.assign(globalThis, { loadPrototypes: [Object.getPrototypeOf(timer), Socket.prototype] });

process.on('SIGUSR2', () => {
  const session = new Session();
  session.connect();
  const live: LiveObjects = { timers: count(session, 0), sockets: count(session, 1) };
  session.disconnect();
  writeFileSync(`${file}~`, JSON.stringify(live));
  renameSync(`${file}~`, file);
});

/** The inspector collects garbage before it counts, and answers at once. */
function count(session: Session, index: number): number {
  let found = 0;
  session.post('Runtime.evaluate', { expression: `loadPrototypes[${index}]` }, (_error, { result }) => {
    const prototypeObjectId = result.objectId ?? '';
    session.post('Runtime.queryObjects', { prototypeObjectId }, (_fault, { objects }) => {
      session.post(
        'Runtime.callFunctionOn',
        { objectId: objects.objectId ?? '', functionDeclaration: 'function () { return this.length; }' },
        (_failure, response) => {
          found = Number(response.result.value);
        },
      );
    });
  });
  return found;
}
