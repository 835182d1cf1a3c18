/** A ```console block: commands behind `$ `, each with what it printed. */

import { isShown } from './shown-output.ts';
import type { World } from './world.ts';

export interface Step {
  readonly command: string;
  /** Empty where nothing is shown: then nothing is compared. */
  readonly shown: string;
}

/** What ended between two commands, and how. It cannot be in an output: those are text. */
const MARK = '\u001e';

/** @returns the commands of a block in their order. A command goes on where its line ends with a backslash. */
export function readConsole(text: string): readonly Step[] {
  const steps: { command: string; shown: string }[] = [];
  let isOpen = false;
  for (const line of text.split('\n')) {
    const last = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), shown: '' });
    else if (last && isOpen) last.command += `\n${line}`;
    else if (last) last.shown += `${line}\n`;
    else if (line !== '') throw new Error(`output before the first command: ${line}`);
    isOpen = line.endsWith('\\') && (isOpen || line.startsWith('$ '));
  }
  return steps.map(({ command, shown }) => ({ command, shown: shown.trimEnd() }));
}

/**
 * Runs the commands of a block in one shell. One may end with another status than 0 only where `echo $?` comes next.
 *
 * @returns each command that did something else than the block shows, with what it printed.
 */
export async function findDifferences(world: Pick<World, 'run'>, text: string): Promise<readonly string[]> {
  const steps = readConsole(text);
  const script = steps.map(
    ({ command }) => `${command}\nstatus=$?; printf '${MARK}%s${MARK}' "$status"; (exit $status)`,
  );
  const { text: output } = await world.run(`set +e +o pipefail\n${script.join('\n')}\ntrue`);
  const parts = output.split(MARK);
  return steps.flatMap(({ command, shown }, index) => {
    const printed = parts[2 * index] ?? '';
    const status = parts[2 * index + 1] ?? 'none';
    const isExpected = status === '0' || steps[index + 1]?.command === 'echo $?';
    if (isExpected && (shown === '' || isShown(shown, printed))) return [];
    return [`$ ${command}\n${printed}\n(status ${status}; the page shows)\n${shown}`];
  });
}
