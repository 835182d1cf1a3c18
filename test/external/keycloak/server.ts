/**
 * A real Keycloak: `KEYCLOAK_HOME` is the folder of an unpacked distribution (org.keycloak:keycloak-quarkus-dist of Maven
 * Central), which is started on a free port with a database in memory. `KEYCLOAK_URL` instead is one that runs already, whose
 * temporary administrator is admin/admin.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createAuthority } from '../../support/certificates.ts';
import { reservePort } from '../../support/reserved-port.ts';

const { KEYCLOAK_HOME: home = '', KEYCLOAK_URL: url } = process.env;
const PROGRAM = join(home, 'bin/kc.sh');

export const isKeycloakHere = url !== undefined || (home !== '' && existsSync(PROGRAM));
export const ADMINISTRATOR = 'admin';

export interface KeycloakServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Whose certificates it trusts, where it was started here. */
  readonly authority: ReturnType<typeof createAuthority>;
  stop(): Promise<void>;
}

let running: Promise<KeycloakServer> | undefined;

/**
 * Starts the server, the first time: half a minute, since it also builds itself. Each caller has a realm of its own.
 *
 * @throws with its output where it ends.
 */
export function startKeycloak(): Promise<KeycloakServer> {
  running ??= start();
  return running;
}

/** Called once, after all tests. */
export async function stopKeycloak(): Promise<void> {
  const server = await running;
  await server?.stop();
}

async function start(): Promise<KeycloakServer> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-keycloak-'));
  const authority = createAuthority(folder);
  const removeFolder = () => rmSync(folder, { recursive: true });
  if (url !== undefined) return { origin: url, authority, stop: async () => removeFolder() };
  const port = await reservePort();
  const more = ['--features=cimd', `--truststore-paths=${authority.file}`];
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
  return { origin: `http://127.0.0.1:${port}`, authority, stop: () => stop(child).then(removeFolder) };
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
