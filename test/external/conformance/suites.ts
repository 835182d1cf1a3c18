/** The conformance suites of MCP, run as their command is: `conformance server --url URL`. */

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SOURCE = join(import.meta.dirname, 'suites');
/** By lock file, so that a changed one is installed again. */
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/audgate-conformance');
const LOCK = 'package-lock.json';

const run = promisify(execFile);

/**
 * Installs the suites from their lock file, once for all runs.
 *
 * @returns their folder; `undefined` where the registry cannot be reached.
 */
export async function installSuites(): Promise<string | undefined> {
  if (isInstalled()) return CACHE;
  mkdirSync(join(CACHE, '..'), { recursive: true });
  const folder = mkdtempSync(`${CACHE}-`);
  try {
    for (const name of ['package.json', LOCK]) cpSync(join(SOURCE, name), join(folder, name));
    await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1'], { cwd: folder });
    rmSync(CACHE, { recursive: true, force: true });
    renameSync(folder, CACHE);
    return CACHE;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (isInstalled()) return CACHE; // Another process was faster.
    console.warn(`the conformance suites cannot be installed: ${String(error).slice(0, 500)}`);
    return undefined;
  }
}

function isInstalled(): boolean {
  const [here, wanted] = [join(CACHE, LOCK), join(SOURCE, LOCK)].map(file =>
    existsSync(file) ? readFileSync(file, 'utf8') : '',
  );
  return here !== '' && here === wanted;
}

export interface SuiteRun {
  /** As `conformance-0.1 server --url URL`. */
  readonly command: string;
  readonly code: number;
  /** By scenario: `2 passed, 0 failed`. */
  readonly scenarios: Readonly<Record<string, string>>;
  /** `Total: 40 passed, 0 failed` */
  readonly total: string;
  readonly output: string;
}

/**
 * Runs one suite against a server until it ends.
 *
 * @param name a dependency of `suites/package.json`.
 */
export async function runSuite(
  folder: string,
  name: string,
  url: string,
  options: readonly string[],
): Promise<SuiteRun> {
  const args = ['server', '--url', url, ...options];
  // It writes its results into the working directory.
  const cwd = mkdtempSync(join(tmpdir(), 'conformance-'));
  const program = join(folder, 'node_modules', name, 'dist/index.js');
  const { code, output } = await run(findNode(folder), [program, ...args], { cwd, timeout: 60_000 }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: typeof error.code === 'number' ? error.code : -1,
      output: `${error.stdout}\n${error.stderr}`,
    }),
  );
  rmSync(cwd, { recursive: true });
  const found = output.matchAll(/^[✓✗] (\S+): (\d+ passed, \d+ failed.*)$/gm);
  const scenarios = Object.fromEntries([...found].map(([, scenario = '', result = '']) => [scenario, result]));
  return { command: [name, ...args].join(' '), code, scenarios, total: /^Total: .*$/m.exec(output)?.[0] ?? '', output };
}

/** This Node.js, where it is new enough for the suites, else the one that was installed with them. */
function findNode(folder: string): string {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  return join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
}
