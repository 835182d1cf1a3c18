/** The file of a unix socket that an earlier process has left: the system never removes it, and nobody can listen there again. */

import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import type { DataAddress } from '../config/listener-config.ts';
import { createListenError, type ListenFailure } from './listener.ts';

/**
 * Call it once before the process listens, also for all of its workers. Removes a socket on which nobody answers; another kind of file
 * stays, and so listening fails.
 *
 * @param key of the configuration that holds the address; `undefined`: it has none.
 * @throws ListenError where another process answers there, or the file cannot be removed.
 */
export async function removeStaleSocket(key: ListenFailure['key'], address: DataAddress | undefined): Promise<void> {
  if (!address || !('path' in address) || !isSocket(address.path)) return;
  const code = await findConnectError(address.path);
  if (code !== 'ECONNREFUSED' && code !== 'ENOENT') throw createListenError(key, address, 'EADDRINUSE');
  try {
    unlinkSync(address.path);
  } catch (error) {
    const { code: reason } = error as NodeJS.ErrnoException;
    if (reason !== 'ENOENT') throw createListenError(key, address, reason);
  }
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

/** @returns why there is no connection to `path`; `undefined` where there is one. A full backlog is somebody, too. */
function findConnectError(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ path });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'));
    socket.once('connect', () => {
      resolve(undefined);
      socket.destroy();
    });
  });
}
