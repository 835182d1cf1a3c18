/** A reader in another language: a program that answers each line of JSON with one. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Question, Reader } from '../comparison.ts';

/** @param describe as `Reader.describe`. */
export function startProgram(command: string, args: readonly string[], describe: Reader['describe']): Reader {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} has ended`);
    return JSON.parse(value);
  };
  return {
    describe,
    ask: async questions => {
      child.stdin.write(`${questions.map(formatQuestion).join('\n')}\n`);
      const readings = [];
      while (readings.length < questions.length) readings.push(await next());
      return readings;
    },
    stop: async () => {
      const closed = once(child, 'close');
      child.stdin.end();
      await closed;
    },
  };
}

/** The connection ends behind the bytes. */
function formatQuestion({ kind, method, bytes }: Question): string {
  return JSON.stringify({ kind, method, hex: bytes.toString('hex'), closed: true });
}
