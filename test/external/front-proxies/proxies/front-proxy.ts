/** Starts a real proxy with its recipe of `config/recipes`, on a port and in a folder of its own. Only addresses are replaced. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../../docs/markdown.ts';
import { isListening } from '../../../support/listener.ts';
import { sendRaw } from '../../../support/raw-http.ts';
import { reservePort } from '../../../support/reserved-port.ts';
import { eventually } from '../../../support/waiting.ts';

/** The addresses that each recipe names. */
const LISTEN = '8080';
const AUTHORIZER = '9191';
const API = '8081';

export interface Ports {
  readonly listen: number;
  readonly authorizer: number;
  readonly api: number;
}

export interface FrontProxyKind {
  readonly name: string;
  /** The path of its program; `undefined` where it is not installed. */
  readonly program: string | undefined;
  /** What it answers while audgate is down. */
  readonly statusWhenDown: number;
  /** Milliseconds after which it gives up on an audgate that does not answer, by its recipe. */
  readonly patience: number;
  /** Whether it sends the body along with the question, for tool rules. */
  readonly sendsBody: boolean;
  /** What it answers while its routes are not loaded yet, though it listens. */
  readonly unready?: string;
  /** @param recipe reads a file of `config/recipes`, with the addresses of the test. */
  define(folder: string, recipe: ReadRecipe): ProxyDefinition;
}

export type ReadRecipe = (file: string) => string;

export interface ProxyDefinition {
  readonly args: readonly string[];
  /** By name, written into the folder. */
  readonly files: Readonly<Record<string, string>>;
}

export interface RunningFrontProxy {
  readonly port: number;
  /** What it wrote to both of its outputs. */
  output(): string;
  close(): Promise<void>;
}

const running = new Set<RunningFrontProxy>();

/** @returns once it accepts connections. */
export async function startFrontProxy(
  kind: FrontProxyKind,
  upstreams: Omit<Ports, 'listen'>,
): Promise<RunningFrontProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'front-proxy-'));
  const port = await reservePort();
  const definition = kind.define(folder, file => readRecipe(file, { ...upstreams, listen: port }));
  for (const [name, text] of Object.entries(definition.files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const written = join(folder, 'output');
  const output = openSync(written, 'w');
  const environment = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child = spawn(kind.program ?? '', definition.args, { stdio: ['ignore', output, output], env: environment });
  closeSync(output);
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()).once('error', () => resolve()));
  const proxy: RunningFrontProxy = {
    port,
    output: () => readFileSync(written, 'utf8'),
    close: async () => {
      running.delete(proxy);
      await end(child, exited);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  running.add(proxy);
  await eventually(() => {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${kind.name} ended: ${proxy.output()}`);
    return isListening(port);
  });
  await eventually(async () => kind.unready === undefined || !(await ask(port)).includes(kind.unready));
  return proxy;
}

/** For `afterAll`: ends every proxy that this test file has started. */
export async function closeFrontProxies(): Promise<void> {
  await Promise.all([...running].map(proxy => proxy.close()));
}

/** @throws where the recipe names none of the addresses: then the test would reach something else. */
function readRecipe(file: string, ports: Ports): string {
  const text = readFileSync(join(ROOT, 'config/recipes', file), 'utf8');
  const replaced = text
    .replace(/(\b127\.0\.0\.1:|port_value: )(9191|8081)\b/g, (_, before: string, port: string) => {
      return before + (port === AUTHORIZER ? ports.authorizer : ports.api);
    })
    .replace(/^( *listen | *address: ")(?::|)8080\b/gm, `$1127.0.0.1:${ports.listen}`)
    .replace(/^http:\/\/:8080 \{$/m, `http://:${ports.listen} {\n\tbind 127.0.0.1`)
    .replace(/address: 0\.0\.0\.0, port_value: 8080\b/, `address: 127.0.0.1, port_value: ${ports.listen}`);
  for (const left of [LISTEN, AUTHORIZER, API]) {
    if (replaced.includes(left)) throw new Error(`${file} still names port ${left}`);
  }
  return replaced;
}

/** @returns what it answers; nothing where it waits for audgate. */
async function ask(port: number): Promise<string> {
  const bytes = 'GET / HTTP/1.1\r\nHost: ready\r\nConnection: close\r\n\r\n';
  const received = await sendRaw(port, bytes, { timeout: 1000 }).catch(() => Buffer.alloc(0));
  return received.toString('latin1');
}

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.pid !== undefined) child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 1000);
  await exited;
  clearTimeout(killer);
}
