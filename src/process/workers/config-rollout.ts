/** Which configuration the workers serve: sends it to each worker that starts, and replaces it in all workers or in none. */

import { setImmediate } from 'node:timers/promises';
import { toPieces } from '../../config/loader/pieces.ts';
import { McpSessions } from '../../mcp-sessions.ts';
import type { ServingAddresses } from '../../server/server.ts';
import { TicketKeys } from '../../server/tls/ticket-keys.ts';
import type { StartOptions } from '../gateway-process.ts';
import type { LoadedConfig } from '../reload.ts';
import type { StartResult } from './calls.ts';
import { listParts } from './config-parts.ts';
import type { PooledWorker } from './pooled-worker.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Milliseconds. A worker prepares until the first fetch of a new issuer's keys has ended, after 15 s at the latest. */
const PREPARE_LIMIT = 30_000;
const COMMIT_LIMIT = 5_000;

export class ConfigRollout {
  readonly #pool: WorkerPool;
  /** The same for all workers, so that a session is resumed by another one than began it. */
  readonly #tickets = new TicketKeys();
  readonly #sessions = new McpSessions();
  #current: LoadedConfig;
  #loadedAt = new Date();
  /** `limits.headers` at the start. */
  readonly #headers: number;
  /** Where workers listen. Port 0 stays 0 while some worker holds the listening socket, which all workers share. */
  #addresses: ServingAddresses;
  /** Where the first workers listened, with the port that the kernel chose; set when the start is over. */
  #boundAddresses: ServingAddresses | undefined;
  /** Starts of workers and replacements run one after the other, so that no worker starts with a configuration just replaced. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ config, warnings }: StartOptions, pool: WorkerPool) {
    this.#pool = pool;
    this.#current = { config, warnings, pieces: toPieces(config) };
    this.#headers = config.limits.headers;
    const { listen, authorizer } = config;
    this.#addresses = authorizer ? { listen, authorizer: authorizer.listen } : { listen };
  }

  /** The configuration in use. */
  get current(): LoadedConfig {
    return this.#current;
  }

  get loadedAt(): Date {
    return this.#loadedAt;
  }

  /** Ends the start, in which workers start all at once. @param addresses where they listen. */
  finishStart(addresses: ServingAddresses): void {
    this.#boundAddresses = addresses;
  }

  /** Sends the configuration in use to a new worker, and makes it serve. @param limit milliseconds for each call. */
  startServing(worker: PooledWorker, limit: number): Promise<StartResult> {
    const start = () => this.#start(worker, limit);
    return this.#boundAddresses ? this.#enqueue(start) : start();
  }

  /**
   * Replaces the configuration in all workers, or in none. Workers that exit during the replacement are ignored, and those that
   * do not reply are stopped. The workers spawned in their place start with the configuration that is in use afterwards: `next`
   * if all others prepared it, or if no worker is left.
   *
   * @returns whether `next` is in use now.
   */
  replace(next: LoadedConfig): Promise<boolean> {
    return this.#enqueue(() => this.#replace(next));
  }

  async #start({ channel }: PooledWorker, limit: number): Promise<StartResult> {
    // The listening socket is closed with the last worker; for port 0 the kernel would choose another port then.
    if (this.#boundAddresses && this.#pool.serving.length === 0) this.#addresses = this.#boundAddresses;
    const fixed = { addresses: this.#addresses, headers: this.#headers };
    const { pieces } = this.#current;
    for (const part of listParts(pieces)) await channel.call('receiveConfig', part, limit);
    const shared = { tickets: this.#tickets.seed, sessionKey: this.#sessions.defaultKey };
    const options = { pieces: pieces.length, workers: this.#pool.size, fixed, ...shared };
    return channel.call('serve', options, limit);
  }

  async #replace(next: LoadedConfig): Promise<boolean> {
    for (const part of listParts(next.pieces)) await this.#pool.callAll('receiveConfig', part, PREPARE_LIMIT);
    const prepared = await this.#pool.callAll('prepare', next.pieces.length, PREPARE_LIMIT);
    const results = prepared.map(({ result }) => result);
    const isAgreed = prepared.length === 0 || (results.includes(true) && !results.includes(false));
    if (isAgreed) for (const { id, result } of prepared) if (result === undefined) this.#pool.stop(id);
    await this.#pool.callAll(isAgreed ? 'commit' : 'discard', null, COMMIT_LIMIT);
    if (!isAgreed) return false;
    this.#current = next;
    this.#loadedAt = new Date();
    return true;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    // The pool marks a worker as serving in a callback of `done`; the next entry must run after that.
    const pause = () => setImmediate();
    this.#queue = done.then(pause, pause);
    return done;
  }
}
