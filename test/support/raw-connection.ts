/** A TCP connection on which a test writes bytes and waits for text. */

import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  /** Writes `bytes` (Latin-1). */
  send(bytes: string): void;
  /** What has come so far, as Latin-1. */
  text(): string;
  /** Waits until `marker` has come. @throws where the connection closes before. */
  until(marker: string | RegExp): Promise<void>;
  /** Resolves with the time. */
  readonly closed: Promise<number>;
  /** Whether the peer has ended its side in order (FIN), and not by a reset. */
  isEnded(): boolean;
}

const opened = new Set<Socket>();

/** Connects to 127.0.0.1 and writes `bytes` (Latin-1). Does not wait for the connection. */
export function openConnection(port: number, bytes = ''): RawConnection {
  const socket = connect(port, '127.0.0.1');
  opened.add(socket.once('close', () => opened.delete(socket)));
  if (bytes !== '') socket.write(bytes, 'latin1');
  return recordText(socket);
}

/** As `openConnection`, and waits until it is connected. @throws where nothing listens. */
export async function openConnected(port: number, bytes = ''): Promise<RawConnection> {
  const connection = openConnection(port, bytes);
  await once(connection.socket, 'connect');
  return connection;
}

/** For `afterEach`: destroys every connection that this test file has opened. */
export function destroyConnections(): void {
  for (const socket of opened) socket.destroy();
}

/** Collects what comes on `socket`, from either side. Destroys it after an error. */
export function recordText(socket: Socket): RawConnection {
  const changes = new EventEmitter();
  const pieces: string[] = [];
  const closed = new Promise<number>(resolve => socket.once('close', () => resolve(Date.now())));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => changes.emit('change'));
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece.toString('latin1'));
    changes.emit('change');
  });
  let isEnded = false;
  socket.on('end', () => {
    isEnded = true;
  });
  const text = () => pieces.join('');
  const until = async (marker: string | RegExp) => {
    while (!contains(text(), marker)) {
      if (socket.destroyed) throw new Error(`closed before ${JSON.stringify(`${marker}`)}: ${JSON.stringify(text())}`);
      await once(changes, 'change');
    }
  };
  return { socket, send: bytes => void socket.write(bytes, 'latin1'), text, until, closed, isEnded: () => isEnded };
}

function contains(text: string, marker: string | RegExp): boolean {
  return typeof marker === 'string' ? text.includes(marker) : marker.test(text);
}
