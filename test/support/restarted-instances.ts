/**
 * Two instances of an API, each a process of its own, behind one route; one of them is killed and started again, over and over, while
 * clients send GET and POST. What an instance has begun is known from its standard output.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { reservePort } from './reserved-port.ts';
import { pause } from './waiting.ts';

export interface RestartFigures {
  readonly answered: { readonly GET: number; readonly POST: number };
  /** Not answered with 200, by method and what was seen instead. */
  readonly failed: Readonly<Record<string, number>>;
  readonly failedGet: number;
  readonly failedPost: number;
  /** Failed POST of which nothing was sent to an instance: there must be none, since the other one could have had it. */
  readonly unsentPost: number;
  /** Failed POST that a killed instance had begun; the others of those that were sent were in its receive buffer. */
  readonly begunPost: number;
  /** POST that was begun more than once, whatever became of it: there must be none. */
  readonly repeated: number;
}

/** Answers after up to 20 ms, and writes at once what it begins. */
const INSTANCE = `
const { writeSync } = require('node:fs');
require('node:http').createServer((req, res) => {
  const id = req.headers['x-id'];
  writeSync(1, 'begun ' + id + '\\n');
  req.resume();
  req.on('end', () => setTimeout(() => res.end('ok'), Math.random() * 20));
}).listen(Number(process.argv[1]), '127.0.0.1', () => writeSync(1, 'listening\\n'));
`;

interface Seen {
  readonly begun: Map<string, number>;
  /** The instances that have begun a request since they were taken out of it. */
  readonly latest: Set<ChildProcess | undefined>;
}

/**
 * @param startGateway with the YAML of its routes.
 * @param options how many clients send each method, and how often one of the instances is killed.
 */
export async function restartInstances(
  startGateway: (yaml: string) => Promise<{ readonly port: number }>,
  options: { readonly clients: number; readonly restarts: number },
): Promise<RestartFigures> {
  const ports = [await reservePort(), await reservePort()] as const;
  const seen: Seen = { begun: new Map(), latest: new Set() };
  const instances = await Promise.all(ports.map(port => startInstance(port, seen)));
  const urls = ports.map(port => `"http://127.0.0.1:${port}"`).join(', ');
  const gateway = await startGateway(`routes:\n  /: { public: true, upstream: [${urls}] }\n`);
  const clients = new Clients(gateway.port, options.clients);
  for (let count = 0; count < options.restarts; count += 1) {
    await pause(300);
    const index = count % 2;
    const killed = instances[index] as ChildProcess;
    killed.kill('SIGKILL');
    await once(killed, 'close');
    await pause(300);
    instances[index] = await startInstance(ports[index] ?? 0, seen);
    // Both are in turn again before the other one is killed.
    await untilServing(instances[index], seen);
  }
  const outcomes = await clients.stop();
  for (const instance of instances) instance.kill('SIGKILL');
  return summarize(outcomes, seen);
}

async function startInstance(port: number, { begun, latest }: Seen): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', INSTANCE, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', line => {
    const [what, id = ''] = line.split(' ');
    if (what === 'begun') {
      begun.set(id, (begun.get(id) ?? 0) + 1);
      latest.add(child);
    }
  });
  await once(lines, 'line');
  return child;
}

/** The port of an instance that was started again is tried after a pause of at least a second. */
async function untilServing(instance: ChildProcess | undefined, { latest }: Seen): Promise<void> {
  latest.delete(instance);
  while (!latest.has(instance)) await pause(20);
}

type Outcomes = ReadonlyMap<string, string>;

/** Each sends one request after the other, on a connection that is kept. */
class Clients {
  readonly #outcomes = new Map<string, string>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #loops: readonly Promise<void>[];
  #isStopped = false;

  constructor(port: number, count: number) {
    const each = Array.from({ length: count }, (_, index) => index);
    this.#loops = ['GET', 'POST'].flatMap(method => each.map(index => this.#loop(port, method, index)));
  }

  /** @returns what became of each request, by its id. */
  async stop(): Promise<Outcomes> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
    return this.#outcomes;
  }

  async #loop(port: number, method: string, client: number): Promise<void> {
    for (let count = 0; !this.#isStopped; count += 1) {
      const id = `${method}-${client}-${count}`;
      this.#outcomes.set(id, await this.#ask(port, method, id));
    }
  }

  #ask(port: number, method: string, id: string): Promise<string> {
    return new Promise(resolve => {
      const options = { port, host: '127.0.0.1', method, agent: this.#agent, headers: { 'x-id': id } };
      const sent = request(options, response => {
        let text = '';
        response.on('data', piece => {
          text += piece;
        });
        response.on('end', () => resolve(text === 'ok' ? '200' : `${response.statusCode} ${JSON.parse(text).reason}`));
        response.on('error', () => resolve('cut'));
      });
      sent.on('error', error => resolve('code' in error ? String(error.code) : 'error'));
      sent.end(method === 'POST' ? 'x'.repeat(1_000) : undefined);
    });
  }
}

function summarize(outcomes: Outcomes, { begun }: Seen): RestartFigures {
  const answered = { GET: 0, POST: 0 };
  const failed: Record<string, number> = {};
  const failedIds: string[] = [];
  for (const [id, outcome] of outcomes) {
    const method = id.startsWith('GET') ? 'GET' : 'POST';
    if (outcome === '200') answered[method] += 1;
    else {
      failed[`${method} ${outcome}`] = (failed[`${method} ${outcome}`] ?? 0) + 1;
      failedIds.push(id);
    }
  }
  const failedPosts = failedIds.filter(isPost);
  const posts = [...begun].filter(([id]) => isPost(id));
  return {
    answered,
    failed,
    failedGet: failedIds.length - failedPosts.length,
    failedPost: failedPosts.length,
    unsentPost: failedPosts.filter(id => outcomes.get(id) !== '502 bad_upstream_response').length,
    begunPost: failedPosts.filter(id => begun.has(id)).length,
    repeated: posts.filter(([, count]) => count > 1).length,
  };
}

function isPost(id: string): boolean {
  return id.startsWith('POST');
}
