/** One of several processes of the built gateway that read the same file, at ports that stay the same when it is started again. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { reservePort } from '../../support/reserved-port.ts';
import { pause } from '../../support/waiting.ts';

const MAIN = join(import.meta.dirname, '../../../dist/main.js');
const READY_WITHIN = 60_000;
const ANSWERED_WITHIN = 5_000;

export class Replica {
  readonly port: number;
  readonly adminPort: number;
  /** When each `configuration loaded` was read from its log, by `performance.now()`. */
  readonly loads: number[] = [];
  /** The lines about requests in its log, and their bytes. */
  readonly logged = { lines: 0, bytes: 0 };
  readonly #file: string;
  #child: ChildProcess | undefined;

  private constructor(file: string, port: number, adminPort: number) {
    this.#file = file;
    this.port = port;
    this.adminPort = adminPort;
  }

  /** @param file a configuration that takes its ports from PORT and ADMIN_PORT. */
  static async at(file: string): Promise<Replica> {
    return new Replica(file, await reservePort(), await reservePort());
  }

  /** Waits until `/readyz` answers 200. */
  async start(): Promise<void> {
    const env = { ...process.env, PORT: String(this.port), ADMIN_PORT: String(this.adminPort) };
    const child = spawn(process.execPath, [MAIN, '--config', this.#file], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    createInterface({ input: child.stdout }).on('line', line => {
      if (line.endsWith('"msg":"configuration loaded"}')) this.loads.push(performance.now());
      if (!line.endsWith('"msg":"request"}')) return;
      this.logged.lines += 1;
      this.logged.bytes += line.length + 1;
    });
    for (const end = Date.now() + READY_WITHIN; Date.now() < end; await pause(50)) {
      if (child.exitCode !== null) throw new Error(`a replica ended with ${child.exitCode}`);
      if ((await askStatus(this.adminPort, '/readyz')) === 200) return;
    }
    throw new Error(`a replica did not get ready: /readyz answers ${await askStatus(this.adminPort, '/readyz')}`);
  }

  /** Sends SIGTERM. @returns its exit status. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [status] = await exited;
    return status;
  }
}

/** @returns the status of a GET of `path`, 0 where there is no response. */
export async function askStatus(port: number, path: string): Promise<number> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(ANSWERED_WITHIN) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
