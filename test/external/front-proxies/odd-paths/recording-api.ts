/** An API that reads no path: it keeps each head byte for byte, and answers 200 to whatever it is. */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { listenOnLoopback } from '../../../support/listener.ts';

/** A request as the proxy wrote it (RFC 9112 section 3), one character a byte. */
export interface WrittenRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
}

export interface RecordingApi {
  readonly port: number;
  /** In the order in which they came. */
  readonly written: readonly WrittenRequest[];
  close(): Promise<void>;
}

export async function startRecordingApi(): Promise<RecordingApi> {
  const written: WrittenRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', piece => {
      text += piece.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        written.push(readHead(text.slice(0, end)));
        text = text.slice(end + 4);
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      }
    });
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    written,
    close: async () => {
      const closed = once(server.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The target is all between the first and the last space of the request line. */
function readHead(head: string): WrittenRequest {
  const [line = '', ...fields] = head.split('\r\n');
  const parts = /^(\S*) (.*) HTTP\/1\.[01]$/s.exec(line);
  const hosts = fields.filter(field => /^host:/i.test(field)).map(field => field.slice(5).trim());
  return { method: parts?.[1] ?? '', target: parts?.[2] ?? line, host: hosts.join(', ') };
}
