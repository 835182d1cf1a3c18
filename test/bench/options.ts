/** The command line of `npm run bench -- …`. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BUILT_GATEWAY } from './peers/gateway.ts';

export const USAGE = `npm run bench -- [options]
  --smoke           1 s a cell, 1 round, one token repeated and all different, HAProxy and the bare pipe only: 20 s
  --quick           2 s a cell, 3 rounds, the main scenarios, HAProxy and the bare pipe only
  --targets         what has a target, and the peers that it names: 15 to 20 minutes
  --scenario NAME   only this one; may be repeated
  --rounds N        default 5
  --seconds N       of a cell; default 5
  --gateway PATH    the dist/main.js to measure; default: this checkout's
  --against PATH    another dist/main.js, as a peer named "audgate (before)"
  --peers all       with --smoke or --quick: Envoy, Apache, fastify and express, too
  --write           with one of the options that choose: write test/bench/results.md and .svg all the same
  --list            the scenarios
`;

/** Which measurements, where no scenario is named. */
export type Choice = 'smoke' | 'quick' | 'targets' | 'all';

/** Rounds, seconds of a cell, by choice. */
const EXTENTS: Readonly<Record<Choice, readonly [number, number]>> = {
  smoke: [1, 1],
  quick: [3, 2],
  targets: [5, 5],
  all: [5, 5],
};

export interface Options {
  readonly choice: Choice;
  readonly scenarios: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly gateway: string;
  readonly against: string | undefined;
  readonly allPeers: boolean;
  readonly write: boolean;
  readonly list: boolean;
}

/** @throws with a readable message where the options are invalid. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      targets: { type: 'boolean', default: false },
      scenario: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      gateway: { type: 'string' },
      against: { type: 'string' },
      peers: { type: 'string' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const { scenario } = values;
  const choice = (['smoke', 'quick', 'targets'] as const).find(name => values[name]) ?? 'all';
  const [rounds, seconds] = EXTENTS[choice];
  return {
    choice,
    scenarios: scenario,
    rounds: readCount('rounds', values.rounds, rounds),
    seconds: readCount('seconds', values.seconds, seconds),
    gateway: resolve(values.gateway ?? BUILT_GATEWAY),
    against: values.against === undefined ? undefined : resolve(values.against),
    allPeers: choice === 'targets' || choice === 'all' || values.peers === 'all',
    write: values.write || (choice === 'all' && scenario.length === 0),
    list: values.list,
  };
}

function readCount(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} needs a whole number from 1 on`);
  return count;
}
