/** The package as a user gets it: packed from a clean copy of the repository, installed into an empty folder. */

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Finished } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const execute = promisify(execFile);
/** npm writes to none of the folders of the user who runs the tests, but may read what is in its cache. */
const NPM_OPTIONS = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline'];

export interface Packed {
  readonly name: string;
  readonly version: string;
  /** Bytes of the archive. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

export interface InstalledPackage {
  readonly packed: Packed;
  /** A project that depends on the package and on nothing else. */
  readonly project: string;
  /** The folder of the package in that project. */
  readonly folder: string;
  /** The command `audgate` of the project. */
  readonly command: string;
  /** Installs further packages of the registry into the project. */
  install(...packages: readonly string[]): Promise<unknown>;
  /** Runs `command` in the project until it ends. */
  run(command: string, ...args: readonly string[]): Promise<Finished>;
  remove(): void;
}

/** @returns whether npm reaches the registry that it is configured for. */
export async function isRegistryReachable(): Promise<boolean> {
  return execute('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=20000'], { timeout: 30_000 }).then(
    () => true,
    () => false,
  );
}

/** Packs and installs. Needs npm, git and, for the dependencies of the package, the registry. */
export async function installPackage(): Promise<InstalledPackage> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'audgate-package-')));
  const source = join(base, 'source');
  const project = join(base, 'project');
  await copyRepository(source);
  const packed = await pack(source, base);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n');
  const archive = join(base, `${packed.name}-${packed.version}.tgz`);
  await execute('npm', ['install', '--ignore-scripts', ...NPM_OPTIONS, archive], { cwd: project });
  return {
    packed,
    project,
    folder: join(project, 'node_modules', packed.name),
    command: join(project, 'node_modules/.bin/audgate'),
    install: (...packages) =>
      execute('npm', ['install', '--ignore-scripts', ...NPM_OPTIONS, ...packages], { cwd: project }),
    run: (command, ...args) => runIn(project, command, args),
    remove: () => rmSync(base, { recursive: true }),
  };
}

/** What a clean clone holds, and with it the changes that are not committed yet. Neither `dist` nor anything else that is ignored. */
async function copyRepository(target: string): Promise<void> {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await execute('git', listing, { cwd: ROOT, maxBuffer: 2 ** 24 });
  const deleted = await execute('git', ['ls-files', '-z', '--deleted'], { cwd: ROOT, maxBuffer: 2 ** 24 });
  const missing = new Set(deleted.stdout.split('\0'));
  for (const file of new Set(stdout.split('\0'))) {
    if (file === '' || missing.has(file)) continue;
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(ROOT, file), join(target, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(target, 'node_modules'));
}

async function pack(source: string, destination: string): Promise<Packed> {
  const { stdout } = await execute('npm', ['pack', '--json', '--silent', '--pack-destination', destination], {
    cwd: source,
    maxBuffer: 2 ** 24,
  });
  const [packed] = JSON.parse(stdout) as Packed[];
  if (packed === undefined) throw new Error('npm packed nothing');
  return packed;
}

function runIn(cwd: string, command: string, args: readonly string[]): Promise<Finished> {
  return new Promise(resolve => {
    const child = execFile(command, args, { cwd }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}
