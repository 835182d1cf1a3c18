/** Runs commands of a page in bash. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Output {
  readonly code: number | null;
  /** Standard output and standard error; without the folder. */
  readonly text: string;
}

/** Runs `script` in bash within `folder`. It ends at the first command that fails. */
export async function runScript(script: string, folder: string, env: NodeJS.ProcessEnv): Promise<Output> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${script}`], { cwd: folder, env });
  child.stdin.end();
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { code, text: printed.replaceAll(`${folder}/`, '') };
}
