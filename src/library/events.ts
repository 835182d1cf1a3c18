/** What happens beside the requests, as it is told to the caller: a message of ours and fields without secrets. */

import type { VerifierEvents } from '../token/verifier.ts';

type Tell = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/** @returns the events that an operator has to know; hits, misses and successes are none. */
export function createEvents(tell: Tell): VerifierEvents {
  return {
    onCacheLookup: () => undefined,
    onIntrospection: () => undefined,
    onFetch: (issuer, _outcome, error) => {
      if (error !== undefined) tell('keys could not be fetched', { issuer, error });
    },
    onRefusedKeys: (issuer, keys) => tell('keys of the issuer cannot be used', { issuer, keys: keys.length }),
    onIntrospectionFailure: (issuer, error) => tell('tokens could not be looked up', { issuer, error }),
  };
}

/** Without the message of the error: those of parsers quote their input. */
export function describeFault(fault: unknown): Readonly<Record<string, unknown>> {
  const { name, stack = '' } = fault instanceof Error ? fault : new Error('unknown');
  const frames = stack.split('\n').filter(line => line.startsWith('    at '));
  return { error: name, stack: frames.slice(0, 6).map(line => line.trim()) };
}
