/** Prints the steps of the demo on stdout, and records every expectation that failed. Colours only on a terminal. */

import { styleText } from 'node:util';

export interface Narrator {
  /** Prints a numbered step, in a sentence. */
  step(sentence: string): void;
  /** Prints something that was received over the network. */
  show(...lines: string[]): void;
  /** Prints an expectation, which holds where each of its facts does. */
  promise(sentence: string, facts: Readonly<Record<string, boolean>>): void;
  say(...lines: string[]): void;
  /** The facts that did not hold. */
  readonly broken: readonly string[];
}

type Style = Parameters<typeof styleText>[0];

export function createNarrator(): Narrator {
  const broken: string[] = [];
  let steps = 0;
  const say = (...lines: string[]) => console.log(lines.join('\n'));
  return {
    step(sentence) {
      steps += 1;
      say(paint('bold', `${steps}. ${sentence}`));
    },
    show: (...lines) => say(...lines.map(line => `     ${line}`)),
    promise(sentence, facts) {
      const wrong = Object.keys(facts).filter(fact => !facts[fact]);
      broken.push(...wrong.map(fact => `${sentence}: ${fact}`));
      say(wrong.length === 0 ? `   ${paint('green', `✓ ${sentence}`)}` : `   ${paint('red', `✗ ${sentence}`)}`);
    },
    say,
    broken,
  };
}

function paint(style: Style, text: string): string {
  return process.stdout.isTTY && !process.env['NO_COLOR'] ? styleText(style, text) : text;
}
