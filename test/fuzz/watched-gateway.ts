/** The built gateway as a child process, observed from outside: memory, sockets, log, metrics, exit. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const MAIN = join(import.meta.dirname, '../../dist/main.js');
const READY_WITHIN = 30_000;
const PAGE = 4096;

export interface WatchedGateway {
  readonly port: number;
  readonly log: LogFile;
  /** Why it no longer works: it ended, or wrote to stderr. */
  failure(): string | undefined;
  /** What it wrote to stderr; expected to be empty. */
  stderr(): string;
  /** Bytes in memory. */
  rss(): number;
  /** Open sockets, with listening ones. */
  sockets(): number;
  /** Open descriptors of every kind. */
  descriptors(): number;
  /** Writes `yaml` into its file and sends SIGHUP. */
  reload(yaml: string): void;
  signal(signal: NodeJS.Signals): void;
  metrics(): Promise<Exposition>;
  /** Sends SIGTERM. @returns how it ended: `0`, another status, a signal. */
  stop(): Promise<string>;
  kill(): void;
}

/** Starts it on free ports of 127.0.0.1, and waits until it has keys. @param args of Node.js. */
export async function startWatchedGateway(yaml: string, args: readonly string[] = []): Promise<WatchedGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-fuzz-'));
  const [config, logPath] = [join(folder, 'audgate.yaml'), join(folder, 'access.ndjson')];
  const configure = (text: string) => writeFileSync(config, `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n${text}`);
  configure(yaml);
  const output = openSync(logPath, 'a');
  const child = spawn(process.execPath, [...args, MAIN, '--config', config], { stdio: ['ignore', output, 'pipe'] });
  closeSync(output);
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  let stderr = '';
  let exit: string | undefined;
  child.stderr?.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  child.once('exit', (code, signal) => {
    exit = String(code ?? signal);
    process.off('exit', killWithUs);
    rmSync(folder, { recursive: true, force: true });
  });
  const log = new LogFile(logPath);
  const failure = () => {
    if (stderr !== '') return `it wrote to stderr:\n${stderr.slice(0, 4000)}`;
    return exit === undefined ? undefined : `it ended with ${exit}`;
  };
  const { listen, admin } = await waitUntilListening(log, failure);
  const proc = `/proc/${child.pid}`;
  return {
    port: listen.port,
    log,
    failure,
    stderr: () => stderr,
    rss: () => Number(readFileSync(`${proc}/statm`, 'utf8').split(' ')[1]) * PAGE,
    sockets: () => readdirSync(`${proc}/fd`).filter(fd => isSocket(`${proc}/fd/${fd}`)).length,
    descriptors: () => readdirSync(`${proc}/fd`).length,
    reload: text => {
      configure(text);
      child.kill('SIGHUP');
    },
    signal: signal => child.kill(signal),
    metrics: async () => new Exposition((await fetchText(admin.port, '/metrics')).text),
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await Promise.race([exited, delay(15_000, undefined, { ref: false })]);
      return exit ?? 'not at all';
    },
    kill: killWithUs,
  };
}

/** Reads stdout while it grows, and counts its lines. */
export class LogFile {
  requests = 0;
  /** Lines about a fault of the gateway, or with content that no line may have. */
  readonly faults: string[] = [];
  listening: { readonly listen: { readonly port: number }; readonly admin: { readonly port: number } } | undefined;
  readonly #path: string;
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(1 << 20);
  #at = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'r');
  }

  /** Reads what was appended. */
  read(): void {
    for (let length = 1; length > 0; ) {
      length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, this.#at);
      this.#at += length;
      const lines = (this.#rest + this.#buffer.toString('latin1', 0, length)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    }
  }

  /** Reads it, and empties the file: a run of hours would fill the disk. Lines of this very moment are lost. */
  clear(): void {
    this.read();
    truncateSync(this.#path);
    this.#at = 0;
    this.#rest = '';
  }

  #take(line: string): void {
    if (line.endsWith('"msg":"request"}')) this.requests += 1;
    else if (line.endsWith('"msg":"listening"}')) this.listening = JSON.parse(line);
    else if (line.endsWith('"msg":"fault"}')) this.faults.push(line);
    if (line.includes('Bearer ') || !line.endsWith('}')) this.faults.push(line);
  }
}

/** The text of `/metrics`. */
export class Exposition {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  }

  /** @returns the sum of the series of `name` that have all of `labels`, each as `key="value"`. */
  sum(name: string, ...labels: readonly string[]): number {
    return this.#lines
      .filter(
        line =>
          (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && labels.every(label => line.includes(label)),
      )
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }
}

async function waitUntilListening(log: LogFile, failure: () => string | undefined) {
  for (const end = Date.now() + READY_WITHIN; Date.now() < end; await delay(50)) {
    const reason = failure();
    if (reason !== undefined) throw new Error(reason);
    log.read();
    const found = log.listening;
    if (found && (await fetchText(found.admin.port, '/readyz')).status === 200) return found;
  }
  throw new Error('the gateway did not get ready');
}

/** On a new connection that is closed afterwards, since sockets are counted. */
function fetchText(port: number, path: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1', agent: false }, async response => {
      let text = '';
      for await (const piece of response.setEncoding('utf8')) text += piece;
      resolve({ status: response.statusCode ?? 0, text });
    }).on('error', reject);
  });
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('socket:');
  } catch {
    return false; // Closed since it was listed.
  }
}
