/** The workers as the primary sees them: started, asked together, replaced when they end by themselves. */

import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import { once } from 'node:events';
import type { Begun, PrimaryCalls, WorkerCalls } from './calls.ts';
import { type Answers, Channel } from './channel.ts';

export interface Member {
  readonly id: number;
  readonly channel: Channel<PrimaryCalls, WorkerCalls>;
}

interface Hired extends Member {
  readonly worker: ClusterWorker;
  readonly hiredAt: number;
  isServing: boolean;
}

export interface CrewEvents {
  /** What a worker asks of the primary. */
  readonly answer: (id: number) => Omit<Answers<PrimaryCalls>, 'hello'>;
  /** Puts a new worker to work. */
  readonly begin: (member: Member) => Promise<Begun>;
  /** One ended; `isLoss`: by itself, and is about to be replaced. */
  readonly onEnd: (id: number, isLoss: boolean, how: Readonly<Record<string, unknown>>) => void;
  readonly onReplace: () => void;
}

/** A worker that ends sooner is replaced ever more slowly. */
const LONG_LIFE = 10_000;
const FIRST_DELAY = 100;
const LONGEST_DELAY = 30_000;
const ARRIVAL_LIMIT = 30_000;
const END_LIMIT = 1_000;
const ENDED: Begun = { ok: false, problem: 'the worker ended' };

export class Crew {
  readonly size: number;
  readonly #events: CrewEvents;
  readonly #hired = new Map<number, Hired>();
  readonly #delays = new Set<NodeJS.Timeout>();
  #shortLives = 0;
  #isDismissed = false;

  constructor(size: number, events: CrewEvents) {
    this.size = size;
    this.#events = events;
    // A worker takes connections from the one listening socket when it has time, and none is lost with a worker that ends.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
  }

  /** @returns those that serve. */
  get members(): readonly Member[] {
    return [...this.#hired.values()].filter(({ isServing }) => isServing);
  }

  /** Starts every worker. @returns what came of each. */
  start(): Promise<readonly Begun[]> {
    return Promise.all(Array.from({ length: this.size }, () => this.#hire()));
  }

  /** Asks all that serve. @returns the answers there were; `undefined` of those that ended or were late. */
  askAll<Name extends keyof WorkerCalls & string>(
    name: Name,
    ask: WorkerCalls[Name][0],
    limit: number,
  ): Promise<readonly { readonly id: number; readonly answer: WorkerCalls[Name][1] | undefined }[]> {
    return Promise.all(
      this.members.map(async ({ id, channel }) => ({
        id,
        answer: await channel.ask(name, ask, limit).catch(() => undefined),
      })),
    );
  }

  /** From now on nobody is replaced, and who does not serve yet never will. */
  dismiss(): void {
    this.#isDismissed = true;
    for (const delay of this.#delays) clearTimeout(delay);
    for (const { worker, isServing } of this.#hired.values()) if (!isServing) worker.kill('SIGKILL');
  }

  /** Ends a worker at once. Settles when it has. */
  async end(id: number): Promise<void> {
    const worker = this.#hired.get(id)?.worker;
    if (!worker) return;
    const { process: child } = worker;
    const exited = once(worker, 'exit');
    // A worker that has lost its primary exits, by a rule of node:cluster; one that hangs does not.
    const kill = setTimeout(() => worker.kill('SIGKILL'), END_LIMIT);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(kill);
  }

  async #hire(): Promise<Begun> {
    const worker = cluster.fork();
    const { id } = worker;
    let welcome: (isThere: boolean) => void = () => undefined;
    const arrived = new Promise<boolean>(resolve => {
      welcome = resolve;
      setTimeout(resolve, ARRIVAL_LIMIT, false).unref();
    });
    const hello = () => {
      welcome(true);
      return null;
    };
    const channel = new Channel<PrimaryCalls, WorkerCalls>(worker, { ...this.#events.answer(id), hello });
    const hired: Hired = { id, worker, channel, hiredAt: performance.now(), isServing: false };
    this.#hired.set(id, hired);
    worker.once('exit', (code, signal) => {
      welcome(false);
      this.#miss(hired, code, signal);
    });
    worker.on('error', () => undefined);
    return this.#employ(hired, await arrived);
  }

  async #employ(hired: Hired, isThere: boolean): Promise<Begun> {
    const begun = isThere ? await this.#events.begin(hired).catch(() => ENDED) : ENDED;
    if (begun.ok && !this.#isDismissed) hired.isServing = true;
    else hired.worker.kill('SIGKILL');
    return begun;
  }

  #miss(hired: Hired, code: number | null, signal: string | null): void {
    const { id, worker, hiredAt } = hired;
    const { process: child } = worker;
    this.#hired.delete(id);
    const isLoss = !this.#isDismissed;
    this.#events.onEnd(id, isLoss, { pid: child.pid, code: code ?? undefined, signal: signal ?? undefined });
    if (!isLoss) return;
    this.#shortLives = performance.now() - hiredAt < LONG_LIFE ? this.#shortLives + 1 : 0;
    const delay = this.#shortLives === 0 ? 0 : Math.min(FIRST_DELAY * 2 ** (this.#shortLives - 1), LONGEST_DELAY);
    const timer = setTimeout(() => {
      this.#delays.delete(timer);
      this.#events.onReplace();
      this.#hire();
    }, delay);
    this.#delays.add(timer);
  }
}
