/**
 * A process of its own: what forwarding costs in this runtime without any check. node:http to the client, undici's
 * dispatch to the upstream, header fields passed on raw without the hop-by-hop ones, back-pressure in both directions,
 * cancellation from either side. No route, no log, no metric.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const [port, upstream] = process.argv.slice(2);
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade']);

class Pipe implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.once('close', () => {
      if (!response.writableFinished) this.#controller?.abort(new Error('the client left'));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    this.#response.writeHead(status, readFields(controller.rawHeaders as readonly Buffer[]));
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#response.write(piece)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy();
    else this.#response.writeHead(502).end();
  }
}

function readFields(raw: readonly Buffer[] | readonly string[]): string[] {
  const fields: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = String(raw[at]);
    if (!HOP_BY_HOP.has(name.toLowerCase())) fields.push(name, raw[at + 1]?.toString('latin1') ?? '');
  }
  return fields;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

const pool = new Pool(String(upstream), { headersTimeout: 60_000, bodyTimeout: 60_000, keepAliveTimeout: 60_000 });
createServer({ keepAliveTimeout: 75_000, highWaterMark: 64 * 1024 }, (request, response) => {
  pool.dispatch(
    {
      method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
      path: request.url ?? '/',
      headers: readFields(request.rawHeaders),
      body: hasBody(request) ? request : null,
    },
    new Pipe(response),
  );
}).listen(Number(port), '127.0.0.1', 4096);
