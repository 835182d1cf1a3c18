/**
 * A real Keycloak: `KEYCLOAK_HOME` is the folder of an unpacked distribution (org.keycloak:keycloak-quarkus-dist of Maven
 * Central), which is started on a free port with a database in memory. `KEYCLOAK_URL` instead is one that runs already, whose
 * temporary administrator is admin/admin.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { reservePort } from '../../support/reserved-port.ts';

const { KEYCLOAK_HOME: home = '', KEYCLOAK_URL: url } = process.env;
const PROGRAM = join(home, 'bin/kc.sh');

export const isKeycloakHere = url !== undefined || (home !== '' && existsSync(PROGRAM));
export const ADMINISTRATOR = 'admin';

export interface KeycloakServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Starts the server: half a minute the first time, when it also builds itself.
 *
 * @param more options beside those of the addresses, such as `--features=cimd`; not for one that runs already.
 * @throws with its output where it ends.
 */
export async function startKeycloak(...more: readonly string[]): Promise<KeycloakServer> {
  if (url !== undefined) return { origin: url, close: async () => undefined };
  const port = await reservePort();
  const options = ['start-dev', '--http-host=127.0.0.1', `--http-port=${port}`, '--db=dev-mem', ...more];
  const child = spawn('sh', [PROGRAM, ...options], {
    env: {
      ...process.env,
      KC_BOOTSTRAP_ADMIN_USERNAME: ADMINISTRATOR,
      KC_BOOTSTRAP_ADMIN_PASSWORD: ADMINISTRATOR,
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await untilListening(child);
  return { origin: `http://127.0.0.1:${port}`, close: () => stop(child) };
}

async function untilListening(child: ChildProcess): Promise<void> {
  const output: string[] = [];
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) {
    output.push(line);
    if (line.includes('Listening on:')) break;
  }
  // Nobody reads on, and a full pipe would stop the server.
  child.stdout.resume();
  if (!output.at(-1)?.includes('Listening on:')) throw new Error(`Keycloak ended:\n${output.join('\n')}`);
}

/** The script passes the signal on to the virtual machine. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
