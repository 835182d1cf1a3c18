/**
 * A folder in which the commands of a tutorial run, with `audgate` as on the page. Each port that the page names is replaced by a free
 * one. Processes that the commands leave behind have their ids in `*.pid`.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { reservePort } from '../support/reserved-port.ts';
import { ROOT } from './markdown.ts';
import { writeExecutable } from './world.ts';
import { type Output, runScript } from './world-script.ts';

export interface Tutorial {
  readonly folder: string;
  /** From a port of the page to one that is free. */
  readonly ports: ReadonlyMap<string, string>;
  /** @returns `text` of the page, with the ports that are free here. */
  withFreePorts(text: string): string;
  /** Runs commands of the page. @returns what they print, with the ports of the page. */
  run(script: string): Promise<Output>;
  /** Ends what was started, and removes the folder. */
  close(): void;
}

/** @param named the ports of the page. */
export async function startTutorial(named: readonly string[]): Promise<Tutorial> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-tutorial-'));
  const ports = new Map<string, string>();
  for (const port of named) ports.set(port, String(await reservePort()));
  // Modules are found from the folder of the repository: the links are followed.
  for (const name of ['test', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name));
  writeExecutable(join(folder, 'bin', 'audgate'), `exec ${process.execPath} ${join(ROOT, 'dist/main.js')} "$@"`);
  const environment = { PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter), TZ: 'UTC' };
  const pattern = new RegExp(`\\b(?:${named.join('|')})\\b`, 'g');
  const withFreePorts = (text: string) => text.replace(pattern, port => ports.get(port) ?? port);
  return {
    ...{ folder, ports, withFreePorts },
    run: async script => {
      const { code, text } = await runScript(withFreePorts(script), folder, environment);
      const shown = [...ports].reduce((rest, [port, free]) => rest.replaceAll(`:${free}`, `:${port}`), text);
      return { code, text: shown };
    },
    close: () => {
      for (const name of readdirSync(folder).filter(each => each.endsWith('.pid'))) stop(join(folder, name));
      rmSync(folder, { recursive: true });
    },
  };
}

function stop(file: string): void {
  try {
    process.kill(Number(readFileSync(file, 'utf8')));
  } catch {
    // It has ended by itself.
  }
}
