/** The two instances of `legacy-application/main.mjs`, as processes on fixed ports, so that each can be restarted. */

import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, createAuthority } from './certificates.ts';
import { reservePort } from './reserved-port.ts';

/** In the certificate of both instances. */
export const APPLICATION_NAME = 'app.internal';

export interface LegacyApplicationOptions {
  /** Where its pages begin: `/app`, or nothing. */
  readonly base: string;
  /** Whether it believes X-Forwarded-Host and X-Forwarded-Prefix. */
  readonly proxyHeaders: boolean;
}

export interface Instance {
  readonly port: number;
  /** Until the last of its requests has ended. */
  stop(): Promise<void>;
  /** At once, with the requests that are under way. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface LegacyApplication {
  readonly instances: readonly [Instance, Instance];
  /** Its certificates. */
  readonly authority: Authority;
  /** The next upload to either is not read beyond its first piece. */
  holdUpload(): HeldUpload;
  /** @returns the instance that accepts the next WebSocket. */
  nextWebSocket(): Promise<Instance>;
  close(): Promise<void>;
}

export interface HeldUpload {
  /** Where it arrived. */
  readonly instance: Promise<Instance>;
  release(): void;
}

/** Starts both. */
export async function startLegacyApplication(options: LegacyApplicationOptions): Promise<LegacyApplication> {
  const folder = mkdtempSync(join(tmpdir(), 'legacy-application-'));
  const authority = createAuthority(folder);
  const { cert, key } = authority.issue(`DNS:${APPLICATION_NAME}`);
  writeFileSync(join(folder, 'tls.crt'), cert);
  writeFileSync(join(folder, 'tls.key'), key);
  const [first, second] = [await reservePort(), await reservePort()];
  const create = (port: number) =>
    new InstanceProcess(port, folder, { ...options, installed: `https://127.0.0.1:${first}` });
  const instances = [create(first), create(second)] as const;
  await Promise.all(instances.map(instance => instance.start()));
  const whichTells = (event: string) =>
    Promise.race(instances.map(instance => instance.event(event).then(() => instance)));
  return {
    ...{ instances, authority },
    holdUpload: () => {
      for (const instance of instances) instance.send('hold');
      const release = () => {
        for (const instance of instances) instance.send('release');
      };
      return { instance: whichTells('upload'), release };
    },
    nextWebSocket: () => whichTells('websocket'),
    close: async () => {
      await Promise.all(instances.map(instance => instance.kill()));
      rmSync(folder, { recursive: true });
    },
  };
}

interface InstanceOptions extends LegacyApplicationOptions {
  /** The origin that was typed in when the application was installed: that of the first instance. */
  readonly installed: string;
}

const MAIN = join(import.meta.dirname, 'legacy-application/main.mjs');

class InstanceProcess implements Instance {
  readonly port: number;
  readonly #arguments: readonly string[];
  /** Of all processes that it has had: `listening`, `upload`, `websocket`. */
  readonly #events = new EventEmitter();
  #child: ChildProcess | undefined;

  constructor(port: number, folder: string, { base, installed, proxyHeaders }: InstanceOptions) {
    this.port = port;
    const files = ['--cert', join(folder, 'tls.crt'), '--key', join(folder, 'tls.key'), '--data', folder];
    const names = ['--base', base, '--installed', `${installed}${base}`, ...(proxyHeaders ? ['--proxy-headers'] : [])];
    this.#arguments = ['--port', `${port}`, ...files, ...names];
  }

  async start(): Promise<void> {
    const child = fork(MAIN, this.#arguments, { execArgv: [] });
    this.#child = child;
    child.on('message', ({ event }: { readonly event: string }) => this.#events.emit(event));
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the application ended with ${code}`);
    });
    await Promise.race([this.event('listening'), ended]);
  }

  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  send(message: string): void {
    if (this.#child?.connected) this.#child.send(message);
  }

  async event(event: string): Promise<void> {
    await once(this.#events, event);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
}
