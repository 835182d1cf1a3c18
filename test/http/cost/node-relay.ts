/** A relay over node:http and undici, in the way that costs least: raw fields, a small body in one write with its head. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { announce } from './reports.ts';

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: null });
let served = 0;

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  #first: Buffer | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  onConnect(): void {
    // Nothing is aborted.
  }

  onHeaders(status: number, raw: Buffer[]): boolean {
    this.#response.writeHead(
      status,
      raw.map(field => field.toString('latin1')),
    );
    return true;
  }

  onData(piece: Buffer): boolean {
    if (this.#first) return this.#response.write(piece);
    this.#first = piece;
    return true;
  }

  onComplete(): void {
    served += 1;
    if (this.#first) this.#response.end(this.#first.toString('latin1'), 'latin1');
    else this.#response.end();
  }

  onError(): void {
    this.#response.destroy();
  }
}

function keepFields(raw: readonly string[]): string[] {
  const kept = ['X-Forwarded-For', '127.0.0.1'];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (name.length !== 10 || name.toLowerCase() !== 'connection') kept.push(name, raw[index + 1] ?? '');
  }
  return kept;
}

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const { method = 'GET', url = '/', rawHeaders } = request;
  const body = method === 'GET' ? null : request;
  pool.dispatch(
    { method: method as Dispatcher.HttpMethod, path: url, headers: keepFields(rawHeaders), body },
    new Relay(response),
  );
});
announce(server, () => served);
