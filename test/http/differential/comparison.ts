/** Compares what `src/http` reads with what a second, independent reader reads: alike, or refused by us. */

import { Random } from '../../fuzz/prng.ts';
import { createRequests, createResponse } from './mutation.ts';
import { cut, type Reading, type ReadMessage, readRequests, readResponse } from './reading.ts';

export interface Question {
  readonly kind: 'request' | 'response';
  /** Of the request that a response answers. */
  readonly method: string;
  readonly bytes: Buffer;
}

/** What the reader gives: `cut` as the fault of a message whose end is missing, anything else where it refuses. */
export interface TheirReading {
  readonly messages: readonly ReadMessage[];
  readonly fault: string | null;
}

/** Another implementation of HTTP/1.1. */
export interface Reader {
  /** @returns the reading of each, in order. */
  ask(questions: readonly Question[]): Promise<TheirReading[]>;
  /** What of a message both of them tell, since some libraries drop or merge fields. */
  describe(message: ReadMessage): string;
  stop(): Promise<void>;
}

export interface Comparison {
  inputs: number;
  accepted: number;
  refused: number;
  /** Accepted by us, and refused or found cut by the reader. */
  stricter: number;
  readonly disagreements: unknown[];
}

const BATCH = 500;

/** Inputs `0` to `count - 1` of `seed`, cut at random places for us. */
export async function compare(reader: Reader, kind: Question['kind'], seed: number, count: number) {
  const result: Comparison = { inputs: 0, accepted: 0, refused: 0, stricter: 0, disagreements: [] };
  for (let first = 0; first < count; first += BATCH) {
    const pairs = Array.from({ length: BATCH }, (_, index) => createPair(kind, new Random(seed, first + index)));
    const readings = await reader.ask(pairs.map(([question]) => question));
    for (const [index, theirs] of readings.entries()) {
      const [{ bytes }, ours] = pairs[index] as readonly [Question, Reading];
      result.inputs += 1;
      result[ours.fault === undefined ? 'accepted' : 'refused'] += 1;
      if (ours.fault === undefined && theirs.fault !== null) result.stricter += 1;
      const disagreement = findDisagreement(reader, ours, theirs);
      if (disagreement) result.disagreements.push({ disagreement, bytes: bytes.toString('latin1'), ours, theirs });
    }
  }
  return result;
}

/** One line for the log of a run. */
export function formatComparison(name: string, { disagreements, ...counts }: Comparison): string {
  return `${name}: ${JSON.stringify({ ...counts, disagreements: disagreements.length })}\n`;
}

function createPair(kind: Question['kind'], random: Random): readonly [Question, Reading] {
  const bytes = kind === 'request' ? createRequests(random) : createResponse(random);
  const method = kind === 'request' ? '' : random.pick(['GET', 'GET', 'HEAD', 'POST']);
  const places = random.many(0, 4, () => random.below(bytes.length));
  const pieces = cut(bytes, places);
  const ours = kind === 'request' ? readRequests(pieces) : readResponse(pieces, method, true);
  return [{ kind, method, bytes }, ours];
}

/** @returns what is wrong: a message of ours that they read otherwise, or do not know of although they refuse nothing. */
function findDisagreement(reader: Reader, ours: Reading, theirs: TheirReading): string | undefined {
  const hasRefused = theirs.fault !== null && theirs.fault !== 'cut';
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index];
    if (!other) return hasRefused ? undefined : `${index}: they have no such message`;
    const difference = compareMessages(reader, message, other, hasRefused);
    if (difference !== undefined) return difference && `${index}: ${difference}`;
  }
  const isMore = theirs.messages.length > ours.messages.length && ours.fault === undefined;
  return isMore ? 'they have one message more' : undefined;
}

/** @returns the difference; empty where one of them has refused the rest, so that nothing of it is passed on as whole. */
function compareMessages(reader: Reader, ours: ReadMessage, theirs: ReadMessage, hasRefused: boolean) {
  if (reader.describe(theirs) !== reader.describe(ours)) return 'head';
  if (!ours.isComplete) return '';
  if (!theirs.isComplete) return hasRefused ? '' : 'end';
  return theirs.body === ours.body ? undefined : 'body';
}
