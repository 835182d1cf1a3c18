/** The command line of `npm run bench -- …`. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BUILT_GATEWAY } from './peers/gateway.ts';

export const USAGE = `npm run bench -- [options]
  --quick           2 s a cell, 3 rounds, the main scenarios, HAProxy and the bare pipe only; writes no files
  --scenario NAME   only this one; may be repeated
  --rounds N        default 5
  --seconds N       of a cell; default 5
  --gateway PATH    the dist/main.js to measure; default: this checkout's
  --against PATH    another dist/main.js, as a peer named "audgate (before)"
  --peers all       with --quick: Apache, fastify and express, too
  --write           with --quick or --scenario: write test/bench/results.md and .svg all the same
  --list            the scenarios
`;

export interface Options {
  readonly quick: boolean;
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
      quick: { type: 'boolean', default: false },
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
  const { quick, scenario } = values;
  return {
    quick,
    scenarios: scenario,
    rounds: readCount('rounds', values.rounds, quick ? 3 : 5),
    seconds: readCount('seconds', values.seconds, quick ? 2 : 5),
    gateway: resolve(values.gateway ?? BUILT_GATEWAY),
    against: values.against === undefined ? undefined : resolve(values.against),
    allPeers: !quick || values.peers === 'all',
    write: values.write || (!quick && scenario.length === 0),
    list: values.list,
  };
}

function readCount(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} needs a whole number from 1 on`);
  return count;
}
