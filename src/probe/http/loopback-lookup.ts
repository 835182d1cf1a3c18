/** Names of this machine → its addresses, and no others: a resolver may answer `api.localhost` with any, whatever RFC 6761 section 6.3 says. */

import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isLoopback } from '../../config/values/address/host.ts';

type Resolve = (
  name: string,
  options: { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** @param resolve the resolver of the system. @returns what a connection to a loopback name finds its address with. */
export function createLoopbackLookup(resolve: Resolve = lookup): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      const own = error ? [] : addresses.filter(({ address }) => isLoopback(address));
      const [first] = own;
      if (!first) return done(error ?? new NotThisMachine(), []);
      return options.all ? done(null, own) : done(null, first.address, first.family);
    });
  };
}

class NotThisMachine extends Error {
  readonly code = 'its address is not of this machine';
}
