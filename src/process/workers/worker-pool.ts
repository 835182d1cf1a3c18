/** The workers as the primary sees them: started, asked together, replaced when they end by themselves. */

import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import { once } from 'node:events';
import { ListenError } from '../../server/listener.ts';
import type { Begun, PrimaryCalls, WorkerCalls } from './calls.ts';
import { type Answers, Channel } from './channel.ts';
import { HANG_LIMIT, watchHeartbeat } from './heartbeat.ts';
import { awaitArrival, forget, isSpawned, spawnWorker } from './spawn.ts';

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
  /** Puts a new worker to work. @param limit milliseconds. */
  readonly begin: (member: Member, limit: number) => Promise<Begun>;
  /** A worker could not be started, or does not answer any more. It is replaced. */
  readonly onFailure: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /** One ended; `isLoss`: by itself, and is about to be replaced. */
  readonly onEnd: (id: number, isLoss: boolean, how: Readonly<Record<string, unknown>>) => void;
  readonly onReplace: () => void;
}

/** A worker that ends sooner is replaced ever more slowly. */
const LONG_LIFE = 10_000;
const FIRST_DELAY = 100;
const LONGEST_DELAY = 30_000;
/** Milliseconds for a new process to be there; those that begin or serve do not wait for it. */
const ARRIVAL_LIMIT = 30_000;
/** Milliseconds for it to begin, while a reload waits: doubled after each worker that did not live long. */
const BEGIN_LIMIT = 15_000;
const LONGEST_BEGIN = 60_000;
const END_LIMIT = 1_000;

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

  /**
   * Starts every worker.
   *
   * @returns what came of each; those that failed are tried again.
   * @throws ListenError at the first that cannot listen.
   */
  start(): Promise<readonly Begun[]> {
    const start = async () => {
      const begun = await this.#hire();
      if (!begun.ok && begun.failure) throw new ListenError(begun.failure);
      return begun;
    };
    return Promise.all(Array.from({ length: this.size }, start));
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

  /** Whatever goes wrong here ends in another try. */
  async #hire(): Promise<Begun> {
    const hiredAt = performance.now();
    const worker = spawnWorker();
    if (worker instanceof Error) return this.#failToSpawn(worker, hiredAt);
    const { id } = worker;
    const { problem, announce } = awaitArrival(worker, ARRIVAL_LIMIT);
    const channel = new Channel<PrimaryCalls, WorkerCalls>(worker, { ...this.#events.answer(id), hello: announce });
    const hired: Hired = { id, worker, channel, hiredAt, isServing: false };
    this.#hired.set(id, hired);
    worker.once('exit', (code, signal) => this.#miss(hired, code, signal));
    return this.#employ(hired, await problem);
  }

  async #employ(hired: Hired, problem: string | undefined): Promise<Begun> {
    const limit = Math.min(BEGIN_LIMIT * 2 ** this.#shortLives, LONGEST_BEGIN);
    const silent = { ok: false, problem: `it did not begin within ${limit / 1000} s` } as const;
    const begun = problem === undefined ? await this.#events.begin(hired, limit).catch(() => silent) : refuse(problem);
    if (begun.ok && !this.#isDismissed) {
      hired.isServing = true;
      this.#watch(hired);
      return begun;
    }
    if (!begun.ok) this.#tell('worker could not start', hired, begun.problem);
    if (isSpawned(hired.worker)) hired.worker.kill('SIGKILL');
    else this.#dropUnspawned(hired);
    return begun;
  }

  /** node:cluster could not even make a process of it: too many descriptors or processes, no memory. */
  #failToSpawn({ message }: Error, hiredAt: number): Begun {
    this.#tell('worker could not start', undefined, message);
    this.#replaceLater(hiredAt);
    return refuse(message);
  }

  /** It will never exit. */
  #dropUnspawned({ id, worker, hiredAt }: Hired): void {
    this.#hired.delete(id);
    forget(worker);
    this.#replaceLater(hiredAt);
  }

  async #watch(hired: Hired): Promise<void> {
    const { id, channel, worker } = hired;
    const hangs = await watchHeartbeat(
      limit =>
        channel.ask('alive', null, limit).then(
          () => true,
          () => false,
        ),
      () => this.#hired.get(id) === hired,
    );
    if (!hangs) return;
    this.#tell('worker hangs', hired, `no answer for ${HANG_LIMIT / 1000} s`);
    worker.kill('SIGKILL');
  }

  #tell(message: string, hired: Hired | undefined, problem: string): void {
    if (this.#isDismissed) return;
    const { process: child } = hired?.worker ?? {};
    this.#events.onFailure(message, { worker: hired?.id, pid: child?.pid, problem });
  }

  #miss(hired: Hired, code: number | null, signal: string | null): void {
    const { id, worker, hiredAt } = hired;
    const { process: child } = worker;
    this.#hired.delete(id);
    const isLoss = !this.#isDismissed;
    this.#events.onEnd(id, isLoss, { pid: child.pid, code: code ?? undefined, signal: signal ?? undefined });
    this.#replaceLater(hiredAt);
  }

  #replaceLater(hiredAt: number): void {
    if (this.#isDismissed) return;
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

function refuse(problem: string): Begun {
  return { ok: false, problem };
}
