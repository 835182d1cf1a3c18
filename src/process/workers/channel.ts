/** Questions and answers between two processes. */

import type { Worker } from 'node:cluster';
import type { Calls } from './calls.ts';

/** What this side answers. */
export type Answers<Ours extends Calls> = {
  readonly [Name in keyof Ours]: (ask: Ours[Name][0]) => Promise<Ours[Name][1]> | Ours[Name][1];
};

type Message =
  | { readonly kind: 'ask'; readonly id: number; readonly name: string; readonly ask: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly ok: boolean; readonly answer: unknown };

/** The other process ended, or did not answer in time. */
export class NoAnswer extends Error {}

export class Channel<Ours extends Calls, Theirs extends Calls> {
  readonly #peer: Worker;
  readonly #answers: Answers<Ours>;
  readonly #waiting = new Map<number, (message: Extract<Message, { kind: 'answer' }> | undefined) => void>();
  #asked = 0;

  constructor(peer: Worker, answers: Answers<Ours>) {
    this.#peer = peer;
    this.#answers = answers;
    peer.on('message', message => {
      if (isMessage(message)) this.#receive(message);
    });
    const giveUp = () => this.#giveUp();
    peer.once('disconnect', giveUp).once('exit', giveUp);
  }

  /**
   * @param limit milliseconds to wait.
   * @throws NoAnswer where there is none: the other process has ended, failed, or is late.
   */
  async ask<Name extends keyof Theirs & string>(
    name: Name,
    ask: Theirs[Name][0],
    limit: number,
  ): Promise<Theirs[Name][1]> {
    this.#asked += 1;
    const id = this.#asked;
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<Extract<Message, { kind: 'answer' }> | undefined>(resolve => {
      this.#waiting.set(id, resolve);
      timer = setTimeout(() => resolve(undefined), limit);
      if (!this.#send({ kind: 'ask', id, name, ask })) resolve(undefined);
    });
    const message = await answered;
    clearTimeout(timer);
    this.#waiting.delete(id);
    if (!message?.ok) throw new NoAnswer(name);
    return message.answer as Theirs[Name][1];
  }

  #receive(message: Message): void {
    if (message.kind === 'answer') this.#waiting.get(message.id)?.(message);
    else this.#answer(message.id, message.name, message.ask);
  }

  async #answer(id: number, name: string, ask: unknown): Promise<void> {
    try {
      const answer = await this.#answers[name]?.(ask);
      this.#send({ kind: 'answer', id, ok: true, answer });
    } catch {
      this.#send({ kind: 'answer', id, ok: false, answer: null });
    }
  }

  #send(message: Message): boolean {
    if (!this.#peer.isConnected()) return false;
    // A peer that ends meanwhile is told of by its own events.
    this.#peer.send(message, () => undefined);
    return true;
  }

  #giveUp(): void {
    for (const resolve of this.#waiting.values()) resolve(undefined);
  }
}

/** node:cluster has messages of its own. */
function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'kind' in message && 'id' in message;
}
