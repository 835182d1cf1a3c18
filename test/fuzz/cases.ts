/** From the number of a case to what is sent and what may follow. */

import { Random } from './prng.ts';
import {
  createHostileRequest,
  createOddRequest,
  createRawRequests,
  createTokenRequest,
  createUpgrade,
  type FuzzRequest,
} from './requests.ts';
import type { TokenPool } from './tokens.ts';

/**
 * `path`, `token` and `answer` are pipelined complete requests: each gets one final response. `raw` and `upgrade` are bytes: the
 * responses must be well-formed, and the connection must end.
 */
export type Kind = 'path' | 'token' | 'answer' | 'raw' | 'upgrade';

export interface Case {
  readonly iteration: number;
  readonly kind: Kind;
  /** Latin-1, written with pauses between the pieces. */
  readonly pieces: readonly string[];
  readonly requests: readonly FuzzRequest[];
  /** Whether every request is well-formed, so that each must get a response. */
  readonly isWhole: boolean;
  /** What the client does when no more data arrives. */
  readonly leave: 'keep' | 'end' | 'reset';
  /** Milliseconds without data until it does so. */
  readonly patience: number;
}

const PIPELINE = 8;
const HOSTILE_PIPELINE = 4;
const KINDS: readonly Kind[] = [
  ...(['path', 'path', 'path', 'path', 'path', 'token', 'token', 'token', 'token'] as const),
  ...([
    'answer',
    'answer',
    'answer',
    'answer',
    'answer',
    'answer',
    'answer',
    'raw',
    'raw',
    'raw',
    'raw',
    'upgrade',
  ] as const),
];

/** @returns case `iteration` of `seed`. Tokens are signed for each run, but chosen and changed the same way each time. */
export function createCase(seed: number, iteration: number, pool: TokenPool): Case {
  const random = new Random(seed, iteration);
  const kind = random.pick(KINDS);
  switch (kind) {
    case 'path':
      return pipeline(
        iteration,
        kind,
        random.many(1, PIPELINE, () => createOddRequest(random, pool)),
      );
    case 'token':
      return pipeline(
        iteration,
        kind,
        random.many(1, PIPELINE, () => createTokenRequest(random, pool)),
      );
    case 'answer':
      return pipeline(
        iteration,
        kind,
        random.many(1, HOSTILE_PIPELINE, index => createHostileRequest(random, iteration, index)),
      );
    case 'raw':
      return raw(random, iteration, kind, createRawRequests(random, pool));
    case 'upgrade':
      return raw(random, iteration, kind, createUpgrade(random, pool, iteration));
  }
}

function pipeline(iteration: number, kind: Kind, requests: readonly FuzzRequest[]): Case {
  const pieces = [requests.map(request => request.text).join('')];
  return { iteration, kind, pieces, requests, isWhole: true, leave: 'keep', patience: 0 };
}

function raw(random: Random, iteration: number, kind: Kind, request: FuzzRequest): Case {
  const at = random.below(request.text.length);
  const pieces = random.chance(70) ? [request.text] : [request.text.slice(0, at), request.text.slice(at)];
  const leave = random.chance(70) ? 'end' : 'reset';
  return { iteration, kind, pieces, requests: [request], isWhole: false, leave, patience: random.pick([4, 30, 100]) };
}
