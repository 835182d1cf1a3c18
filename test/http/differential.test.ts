/**
 * No input is read otherwise than a second, independent parser reads it, or it is refused: Python's h11, and node:http with the
 * same llhttp under other hands. `AUDGATE_HTTP_INPUTS` says how many inputs; h11 must be installed (`pip install h11`), else
 * that half is skipped, and says so.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../fuzz/prng.ts';
import { createRequests, createResponse } from './mutation.ts';
import { cut, type Reading, type ReadMessage, readRequests, readResponse } from './reading.ts';

const { AUDGATE_HTTP_INPUTS = '20000', AUDGATE_SEED = '2026' } = process.env;
const INPUTS = Number(AUDGATE_HTTP_INPUTS);
const BATCH = 500;
const hasH11 = spawnSync('python3', ['-c', 'import h11']).status === 0;

let h11: ReturnType<typeof startH11>;

beforeAll(() => {
  if (hasH11) h11 = startH11();
});
afterAll(() => h11?.stop());

interface Question {
  readonly kind: 'request' | 'response';
  readonly method: string;
  readonly bytes: Buffer;
  readonly ours: Reading;
}

function startH11() {
  const child = spawn('python3', [join(import.meta.dirname, 'h11_reading.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    ask: async (questions: readonly Question[]): Promise<Reading[]> => {
      const texts = questions.map(({ kind, method, bytes }) =>
        JSON.stringify({ kind, method, hex: bytes.toString('hex'), closed: true }),
      );
      child.stdin.write(`${texts.join('\n')}\n`);
      const readings: Reading[] = [];
      while (readings.length < questions.length) readings.push(JSON.parse((await lines.next()).value ?? 'null'));
      return readings;
    },
    stop: async () => {
      child.stdin.end();
      await once(child, 'close');
    },
  };
}

/** @returns what is wrong: a message of ours that h11 reads otherwise, or does not know of although it refuses nothing. */
function findDisagreement(ours: Reading, theirs: Reading): string | undefined {
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index];
    const hasRefused = theirs.fault !== null && theirs.fault !== 'cut';
    const difference = other
      ? compareMessages(message, other, hasRefused)
      : hasRefused
        ? ''
        : 'they have no such message';
    if (difference !== undefined) return difference && `${index}: ${difference}`;
  }
  const isMore = theirs.messages.length > ours.messages.length && ours.fault === undefined;
  return isMore ? 'they have one message more' : undefined;
}

/** @returns the difference; empty where one of them has refused the rest, so that nothing of it is passed on as whole. */
function compareMessages(ours: ReadMessage, theirs: ReadMessage, hasRefused: boolean): string | undefined {
  if (describeHead(theirs) !== describeHead(ours)) return 'head';
  if (!ours.isComplete) return '';
  if (!theirs.isComplete) return hasRefused ? '' : 'end';
  return theirs.body === ours.body ? undefined : 'body';
}

/** h11 gives the coding in lower case. */
function describeHead({ start, fields }: ReadMessage): string {
  const known = fields.map(field => (field.startsWith('transfer-encoding:') ? field.toLowerCase() : field));
  return [start, ...known].join('\n');
}

async function compare(make: (random: Random) => Question) {
  const counts = { inputs: 0, accepted: 0, refused: 0, stricter: 0 };
  const disagreements: unknown[] = [];
  for (let first = 0; first < INPUTS; first += BATCH) {
    const questions = Array.from({ length: BATCH }, (_, index) =>
      make(new Random(Number(AUDGATE_SEED), first + index)),
    );
    const readings = await h11.ask(questions);
    for (const [index, theirs] of readings.entries()) {
      const { bytes, ours } = questions[index] as Question;
      counts.inputs += 1;
      counts[ours.fault === undefined ? 'accepted' : 'refused'] += 1;
      if (ours.fault === undefined && theirs.fault) counts.stricter += 1;
      const disagreement = findDisagreement(ours, theirs);
      if (disagreement) disagreements.push({ disagreement, bytes: bytes.toString('latin1'), ours, theirs });
    }
  }
  return { counts, disagreements };
}

describe.skipIf(!hasH11)('against h11', () => {
  test('requests: none is read otherwise', async () => {
    const { counts, disagreements } = await compare(random => {
      const bytes = createRequests(random);
      const ours = readRequests(
        cut(
          bytes,
          random.many(0, 4, () => random.below(bytes.length)),
        ),
      );
      return { kind: 'request', method: '', bytes, ours };
    });
    process.stdout.write(`requests: ${JSON.stringify({ ...counts, disagreements: disagreements.length })}\n`);
    expect(disagreements.slice(0, 5)).toEqual([]);
    expect(counts.accepted).toBeGreaterThan(INPUTS / 8);
  });

  test('responses: none is read otherwise', async () => {
    const { counts, disagreements } = await compare(random => {
      const bytes = createResponse(random);
      const method = random.pick(['GET', 'GET', 'HEAD', 'POST']);
      const pieces = cut(
        bytes,
        random.many(0, 4, () => random.below(bytes.length)),
      );
      return { kind: 'response', method, bytes, ours: readResponse(pieces, method, true) };
    });
    process.stdout.write(`responses: ${JSON.stringify({ ...counts, disagreements: disagreements.length })}\n`);
    expect(disagreements.slice(0, 5)).toEqual([]);
    expect(counts.accepted).toBeGreaterThan(INPUTS / 8);
  });
});
