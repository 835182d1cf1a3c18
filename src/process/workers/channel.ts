/** Remote calls between two processes, in both directions, over the messages of node:cluster. */

import type { Worker } from 'node:cluster';
import type { Calls } from './calls.ts';

/** The functions that handle the incoming calls. */
export type Handlers<Incoming extends Calls> = {
  readonly [Name in keyof Incoming]: (argument: Incoming[Name][0]) => Promise<Incoming[Name][1]> | Incoming[Name][1];
};

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly ok: boolean; readonly result: unknown };

type Result = Extract<Message, { kind: 'result' }>;

/** The other process exited, its handler threw, or there was no result in time. */
export class CallFailed extends Error {}

export class Channel<Incoming extends Calls, Outgoing extends Calls> {
  readonly #peer: Worker;
  readonly #handlers: Handlers<Incoming>;
  readonly #pending = new Map<number, (result: Result | undefined) => void>();
  #calls = 0;

  constructor(peer: Worker, handlers: Handlers<Incoming>) {
    this.#peer = peer;
    this.#handlers = handlers;
    peer.on('message', message => {
      if (isMessage(message)) this.#receive(message);
    });
    const failPending = () => this.#failPending();
    peer.once('disconnect', failPending).once('exit', failPending);
  }

  /**
   * @param limit milliseconds to wait for the result.
   * @throws CallFailed where there is none: the other process exited, its handler threw, or it is late.
   */
  async call<Name extends keyof Outgoing & string>(
    name: Name,
    argument: Outgoing[Name][0],
    limit: number,
  ): Promise<Outgoing[Name][1]> {
    this.#calls += 1;
    const id = this.#calls;
    let timer: NodeJS.Timeout | undefined;
    const settled = new Promise<Result | undefined>(resolve => {
      this.#pending.set(id, resolve);
      timer = setTimeout(() => resolve(undefined), limit);
      if (!this.#send({ kind: 'call', id, name, argument })) resolve(undefined);
    });
    const message = await settled;
    clearTimeout(timer);
    this.#pending.delete(id);
    if (!message?.ok) throw new CallFailed(name);
    return message.result as Outgoing[Name][1];
  }

  #receive(message: Message): void {
    if (message.kind === 'result') this.#pending.get(message.id)?.(message);
    else this.#handle(message.id, message.name, message.argument);
  }

  async #handle(id: number, name: string, argument: unknown): Promise<void> {
    try {
      const result = await this.#handlers[name]?.(argument);
      this.#send({ kind: 'result', id, ok: true, result });
    } catch {
      this.#send({ kind: 'result', id, ok: false, result: null });
    }
  }

  #send(message: Message): boolean {
    if (!this.#peer.isConnected()) return false;
    // If the peer exits meanwhile, its disconnect and exit events fail the call, so this error is not needed.
    this.#peer.send(message, () => undefined);
    return true;
  }

  #failPending(): void {
    for (const resolve of this.#pending.values()) resolve(undefined);
  }
}

/** node:cluster sends messages of its own over the same channel. */
function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'kind' in message && 'id' in message;
}
