/** The names of the checks, and what a check compared. Facts are only shown; nothing is decided by them. */

import type { Difference } from './difference.ts';
import type { PathAmbiguity } from './path-ambiguity.ts';

/** In the order in which the gateway makes them. */
export const CHECKS = [
  'request',
  'path',
  'route',
  'method',
  'credentials',
  'form',
  'issuer',
  'algorithm',
  'key',
  'signature',
  'active',
  'kind',
  'claims',
  'revocation',
  'time',
  'issuer here',
  'type',
  'audience',
  'required claims',
  'scope',
] as const;

export type CheckName = (typeof CHECKS)[number];

export type Fact = string | readonly string[];

/** What a check compared, as far as it is known. */
export interface Facts {
  /** From the configuration. */
  readonly expected?: Fact | undefined;
  /** From the request. */
  readonly actual?: Fact | undefined;
  readonly note?: string | undefined;
  /** Only for a failed comparison: the difference from the most similar expected value. */
  readonly difference?: Difference | undefined;
  /** Only for a path with several readings. */
  readonly ambiguity?: PathAmbiguity | undefined;
}

/** @returns the texts in a claim that is a text or a list. */
export function listTexts(claim: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return list.filter(value => typeof value === 'string');
}
