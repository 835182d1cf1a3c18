/** The gateway as a process, an upstream that answers with arbitrary bytes, and clients that disconnect in several ways. */

import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { request } from '../../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../../support/raw-upstream.ts';
import { HANDSHAKE_FIELDS } from '../../support/switching.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

/** The fields of a handshake. */
export const HANDSHAKE = `Host: a\r\n${HANDSHAKE_FIELDS}`;

export let raw: RawUpstream;
let upstream: Upstream;
let gateway: GatewayProcess;

/**
 * Registers the hooks of a test file: after each test the process must still run, serve, and have logged no fault. A process that
 * has ended fails only the test in which it did: the next one gets a new process.
 */
export function useWatchedProcess(): void {
  let seen = 0;
  const start = async () => {
    seen = 0;
    gateway = await startGatewayProcess(`
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
  /raw: { public: true, upstream: "${raw.origin}", timeouts: { connect: 1s, response: 500ms, idle: 500ms } }
`);
  };

  beforeAll(async () => {
    [upstream, raw] = await Promise.all([startUpstream(), startRawUpstream({ respondsOnce: true })]);
    await start();
  });

  afterEach(async () => {
    const response = await request(gateway.port, { path: '/open/alive' }).catch(() => undefined);
    const faults = gateway.lines('fault').slice(seen);
    const { exitCode, signalCode } = gateway.child;
    const stderr = gateway.stderr();
    seen += faults.length;
    upstream.received.length = 0;
    if (exitCode !== null || signalCode !== null || stderr !== '') {
      await gateway.close();
      await start();
    }
    expect({ exitCode, signalCode, stderr }).toEqual({ exitCode: null, signalCode: null, stderr: '' });
    expect(response).toMatchObject({ status: 200, complete: true });
    expect(faults).toEqual([]);
  });

  afterAll(async () => {
    gateway.child.kill('SIGTERM');
    const code = await gateway.exit;
    await Promise.all([gateway.close(), upstream.close(), raw.close()]);
    expect(code).toBe(0);
  });
}

/** Sends, and resets as soon as the bytes are written. */
export async function resetAtOnce(bytes: string): Promise<void> {
  const socket = open();
  const closed = closeOf(socket);
  socket.write(bytes, 'latin1', () => socket.resetAndDestroy());
  await closed;
}

/** Sends, closes its side, and reads the response. */
export async function endThenRead(bytes: string): Promise<void> {
  const socket = open();
  const closed = closeOf(socket);
  socket.end(bytes, 'latin1');
  await closed;
}

/** Sends, and resets at the first byte of a response; where none arrives, after a while. */
export async function resetOnResponse(bytes: string): Promise<void> {
  const socket = open();
  const closed = closeOf(socket);
  socket.setTimeout(200, () => socket.resetAndDestroy()).once('data', () => socket.resetAndDestroy());
  socket.write(bytes, 'latin1');
  await closed;
}

/** Sends, and waits until the gateway closes; closes an open tunnel after a while. */
export async function readToEnd(bytes: string): Promise<void> {
  const socket = open();
  const closed = closeOf(socket);
  socket.setTimeout(1000, () => socket.destroy());
  socket.write(bytes, 'latin1');
  await closed;
}

/** Not `once`, which rejects on an error: a reset is one of the expected ends. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise(resolve => socket.once('close', resolve));
}

function open(): Socket {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  return socket.resume();
}
