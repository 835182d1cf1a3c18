/** node:http, which has llhttp under other hands: its own framing, its own joining of cut values. On both sides over streams in memory. */

import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Question, Reader, TheirReading } from '../comparison.ts';
import type { ReadMessage } from '../reading.ts';

/** Gives some bytes, and then its end; what is written is dropped. */
class Given extends Duplex {
  readonly #bytes: Buffer;
  #isGiven = false;

  constructor(bytes: Buffer) {
    super({ allowHalfOpen: true });
    this.#bytes = bytes;
  }

  override _read(): void {
    if (this.#isGiven) return;
    this.#isGiven = true;
    this.push(this.#bytes);
    this.push(null);
  }

  override _write(_piece: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

export function startNodeHttp(): Reader {
  return {
    ask: questions => Promise.all(questions.map(each => (each.kind === 'request' ? readRequests : readResponse)(each))),
    describe: ({ start, fields }) => [start, ...fields].join('\n'),
    stop: async () => undefined,
  };
}

/** The connection stays open behind a fault, since its end would take what was read before from the handlers. */
function readRequests({ bytes }: Question): Promise<TheirReading> {
  return new Promise(resolve => {
    const messages: ReadMessage[] = [];
    let fault: string | null = null;
    const server = createServer({ requireHostHeader: false, insecureHTTPParser: false, maxHeaderSize: 65_536 });
    const take: Parameters<typeof server.on>[1] = (incoming: IncomingMessage, response: { end(): void }) => {
      const { method, url, httpVersion } = incoming;
      collect(messages, `${method} ${url} ${httpVersion}`, incoming);
      // It reads nothing more of the connection, although nobody listens for `upgrade`.
      if (/\bupgrade\b/i.test(incoming.headers.connection ?? '')) fault ??= 'upgrade';
      incoming.once('end', () => response.end());
    };
    server.on('request', take).on('checkContinue', take).on('checkExpectation', take);
    const socket = new Given(bytes);
    server.on('clientError', (error: NodeJS.ErrnoException) => {
      fault ??= error.code === 'HPE_INVALID_EOF_STATE' || error.code === 'ECONNRESET' ? 'cut' : (error.code ?? 'error');
    });
    server.emit('connection', socket as unknown as Socket);
    settle(socket, () => resolve({ messages, fault }));
  });
}

function readResponse({ bytes, method }: Question): Promise<TheirReading> {
  return new Promise(resolve => {
    const messages: ReadMessage[] = [];
    let fault: string | null = null;
    const socket = new Given(bytes);
    const agent = new Agent({ keepAlive: true });
    agent.keepSocketAlive = () => false;
    agent.createConnection = () => socket as unknown as Socket;
    const outgoing = request({ method, agent, insecureHTTPParser: false, maxHeaderSize: 65_536 });
    outgoing.on('response', incoming => collect(messages, String(incoming.statusCode), incoming));
    outgoing.on('upgrade', () => {
      fault = 'upgrade';
      socket.destroy();
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      fault ??= error.code === 'ECONNRESET' ? 'cut' : (error.code ?? 'error');
    });
    outgoing.end();
    settle(socket, () => resolve({ messages, fault }));
  });
}

function collect(messages: ReadMessage[], start: string, incoming: IncomingMessage): void {
  const fields: string[] = [];
  const { rawHeaders } = incoming;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    fields.push(`${rawHeaders[index]?.toLowerCase()}: ${rawHeaders[index + 1]}`);
  }
  const message: ReadMessage = { start, fields, body: '', isComplete: false };
  messages.push(message);
  incoming.setEncoding('latin1').on('data', piece => {
    message.body += piece;
  });
  incoming
    .on('error', () => undefined)
    .once('end', () => {
      message.isComplete = incoming.complete;
    });
}

/** Everything is in memory: a few turns of the event loop behind the end nothing more comes. */
function settle(socket: Duplex, done: () => void): void {
  const wait = (turns: number): void => {
    if (turns > 0) setImmediate(wait, turns - 1);
    else {
      socket.destroy();
      setImmediate(done);
    }
  };
  wait(8);
}
