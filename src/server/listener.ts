/** Opens and closes a listener, and explains why one cannot be opened. */

import { chmodSync } from 'node:fs';
import type { Server } from 'node:net';
import type { DataAddress } from '../config/listener-config.ts';
import { formatAddress } from '../config/values/address/listen-address.ts';

/** Why a listener could not be opened, for the log, as values of JSON. */
export interface ListenFailure {
  /** The key of the address in the configuration. */
  readonly key: 'listen' | 'admin' | 'authorizer';
  /** As in the YAML: `host:port`, or `unix:` and a path. */
  readonly address: string;
  /** The error code of the system call, such as EADDRINUSE. */
  readonly code: string;
  /** What is wrong, and what to do. */
  readonly problem: string;
}

export class ListenError extends Error {
  readonly failure: ListenFailure;

  constructor(failure: ListenFailure) {
    super(`${failure.key}: ${failure.address}: ${failure.problem} (${failure.code})`);
    this.failure = failure;
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there: stop it, or write another port',
  EACCES:
    'the user of this process may not listen there: write a port from 1024 on, or grant CAP_NET_BIND_SERVICE; for a unix socket, let it write to the folder',
  ENOENT: 'the folder of the socket does not exist: create it',
  EADDRNOTAVAIL: 'this machine has no such address: write one of its own, or 0.0.0.0 for all of them',
  ENOTFOUND: 'the name has no address: write an IP address, or 0.0.0.0 for all of this machine',
  EAI_AGAIN: 'the name could not be resolved: write an IP address, or 0.0.0.0 for all of this machine',
};

/** Who may connect to a unix socket: its owner and its group. */
const SOCKET_MODE = 0o660;

/** @returns the error of `code`, which a system call for `address` gave. @param key of the configuration that holds it. */
export function createListenError(key: ListenFailure['key'], address: DataAddress, code = 'unknown'): ListenError {
  const problem = PROBLEMS[code] ?? 'the system does not allow it';
  return new ListenError({ key, address: formatAddress(address), code, problem });
}

/**
 * @param key of the configuration that holds the address.
 * @returns where it listens: with port 0, the port that was found.
 * @throws ListenError where it cannot listen there.
 */
export function openListener<Address extends DataAddress>(
  server: Server,
  key: ListenFailure['key'],
  address: Address,
): Promise<Address> {
  return new Promise((resolve, reject) => {
    const refuse = ({ code }: NodeJS.ErrnoException) => reject(createListenError(key, address, code));
    server.once('error', refuse);
    server.listen({ ...address }, () => {
      server.off('error', refuse);
      if ('path' in address) chmodSync(address.path, SOCKET_MODE);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound ? { ...address, port: bound.port } : address);
    });
  });
}

/** Settles when the last connection has ended; at once where it never listened. */
export function closeListener(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
  });
}
