/** Prints the steps of the demo on stdout, and records every expectation that failed. Colours only on a terminal. */

import { styleText } from 'node:util';

export interface DemoOutput {
  /** Prints a numbered step, in a sentence. */
  step(sentence: string): void;
  /** Prints something that was received over the network. */
  show(...lines: string[]): void;
  /** Prints an expectation, which holds where each of its facts does. */
  check(sentence: string, facts: Readonly<Record<string, boolean>>): void;
  print(...lines: string[]): void;
  /** The facts that did not hold. */
  readonly failures: readonly string[];
}

type Style = Parameters<typeof styleText>[0];

export function createDemoOutput(): DemoOutput {
  const failures: string[] = [];
  let steps = 0;
  const print = (...lines: string[]) => console.log(lines.join('\n'));
  return {
    step(sentence) {
      steps += 1;
      print(paint('bold', `${steps}. ${sentence}`));
    },
    show: (...lines) => print(...lines.map(line => `     ${line}`)),
    check(sentence, facts) {
      const wrong = Object.keys(facts).filter(fact => !facts[fact]);
      failures.push(...wrong.map(fact => `${sentence}: ${fact}`));
      print(wrong.length === 0 ? `   ${paint('green', `✓ ${sentence}`)}` : `   ${paint('red', `✗ ${sentence}`)}`);
    },
    print,
    failures,
  };
}

function paint(style: Style, text: string): string {
  return process.stdout.isTTY && !process.env['NO_COLOR'] ? styleText(style, text) : text;
}
