/** Programs that read Kubernetes files. Tests that need one that is not here are skipped, and say so. */

import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where .ci/run puts what it builds. */
const BUILT = join(homedir(), '.cache/audgate-tools');

/** The command that renders a kustomization, up to its folder; `undefined` where there is none. */
export const KUSTOMIZE =
  find(['kubectl', 'kustomize'], ['version', '--client']) ?? find(['kustomize', 'build'], ['version']);
export const HELM = find(['helm'], ['version']) ?? find([join(BUILT, 'bin/helm')], ['version']);
/** kubernetes-validate of PyPI, which has the schemas of Kubernetes itself. */
export const VALIDATE =
  find(['kubernetes-validate'], ['--version']) ??
  find([join(BUILT, 'kubernetes-validate/bin/kubernetes-validate')], ['--version']);

/** @returns `command`, where its program with `args` succeeds. */
function find(command: readonly string[], args: readonly string[]): readonly string[] | undefined {
  return spawnSync(command[0] ?? '', args).status === 0 ? command : undefined;
}

/** @returns what `command` printed. Throws with its errors where it fails, or where it is not here. */
export function run(command: readonly string[] | undefined, ...args: readonly string[]): string {
  const [program, ...first] = command ?? [];
  if (program === undefined) throw new Error('the program is not installed');
  const { status, stdout, stderr } = spawnSync(program, [...first, ...args], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}
