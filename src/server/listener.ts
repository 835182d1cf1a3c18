/** Opens and closes a listener, and explains why one cannot be opened. */

import { isIPv6, type Server } from 'node:net';
import type { ListenAddress } from '../config/config.ts';

/** Why a listener could not be opened, for the log, as values of JSON. */
export interface ListenFailure {
  /** The key of the address in the configuration. */
  readonly key: 'listen' | 'admin';
  /** `host:port` */
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
  EACCES: 'the user of this process may not listen there: write a port from 1024 on, or grant CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine has no such address: write one of its own, or 0.0.0.0 for all of them',
  ENOTFOUND: 'the name has no address: write an IP address, or 0.0.0.0 for all of this machine',
  EAI_AGAIN: 'the name could not be resolved: write an IP address, or 0.0.0.0 for all of this machine',
};

/**
 * @param key of the configuration that holds the address.
 * @returns where it listens: with port 0, the port that was found.
 * @throws ListenError where it cannot listen there.
 */
export function openListener(
  server: Server,
  key: ListenFailure['key'],
  { host, port }: ListenAddress,
): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const refuse = ({ code = 'unknown' }: NodeJS.ErrnoException) => {
      const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
      reject(new ListenError({ key, address, code, problem: PROBLEMS[code] ?? 'the system does not allow it' }));
    };
    server.once('error', refuse);
    server.listen({ host, port }, () => {
      server.off('error', refuse);
      const address = server.address();
      resolve({ host, port: typeof address === 'object' && address ? address.port : port });
    });
  });
}

/** Settles when the last connection has ended; at once where it never listened. */
export function closeListener(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
  });
}
