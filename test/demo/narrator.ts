/** Tells the story on stdout, and remembers every promise that did not hold. Colours only for a person. */

import { styleText } from 'node:util';

export interface Narrator {
  /** A numbered step, in a sentence. */
  step(sentence: string): void;
  /** Something that really came over the wire. */
  show(...lines: string[]): void;
  /** States a promise, which holds when every one of its facts does. */
  promise(sentence: string, facts: Readonly<Record<string, boolean>>): void;
  say(...lines: string[]): void;
  /** The facts that were not as promised. */
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
