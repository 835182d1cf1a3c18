/** A gateway that is drained, its upstream, and the limits that each drain must keep. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { destroyConnections } from '../../support/raw-connection.ts';
import { HANDSHAKE_FIELDS } from '../../support/switching.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../../support/upstream.ts';
import { pause } from '../../support/waiting.ts';

/** Long, where the drain must end before it. */
export const LONG = 10_000;
export const SHORT = 200;
/** Added to what the configuration says, for other load on this machine. */
const SLACK = 1500;

export const GET = 'GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n';
export const UPGRADE = `GET /x HTTP/1.1\r\nHost: a.example\r\n${HANDSHAKE_FIELDS}\r\n`;

export let upstream: Upstream;
export let gateway: RunningGateway;
export let isDrained: boolean;
let limit: number;
let delay: number;

/** Registers the hooks of a test file: an upstream for all tests, a gateway with a long limit for each. */
export function useDrainedGateway(): void {
  beforeAll(async () => {
    upstream = await startUpstream();
  });
  beforeEach(() => start(LONG));
  afterEach(async () => {
    if (!isDrained) await drain();
    destroyConnections();
    upstream.handle = answerWithWhatArrived;
    upstream.received.length = 0;
  });
  afterAll(() => upstream.close());
}

export async function start(limitMs: number, delayMs = 100): Promise<void> {
  isDrained = false;
  limit = limitMs;
  delay = delayMs;
  gateway = await startGateway(`
drain: { delay: ${delay}ms, limit: ${limit}ms }
timeouts: { keep_alive: 1m, headers: 1500ms, body: 1m }
routes:
  /x: { public: true, upstream: "${upstream.origin}" }
`);
}

/** Drains, and checks when it ended: after the delay; at a short limit, or well before a long one. */
export async function drain(): Promise<void> {
  const startedAt = performance.now();
  await gateway.close();
  isDrained = true;
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(delay - 5);
  expect(performance.now() - startedAt).toBeLessThan(limit === SHORT ? delay + SHORT + SLACK : LONG / 2);
}

/** Waits until no connection is accepted any more. */
export async function refusesConnections(): Promise<void> {
  const attempt = () =>
    new Promise<boolean>(resolve => {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.on('connect', () => resolve(false)).on('error', () => resolve(true));
      socket.on('connect', () => socket.destroy());
    });
  while (!(await attempt())) await pause(10);
}

export async function connected(socket: Socket): Promise<void> {
  if (socket.connecting) await once(socket, 'connect');
}

/** The upstream does not answer until it is released. */
export function hold(): () => void {
  const held: (() => void)[] = [];
  let isReleased = false;
  upstream.handle = (req, res, received) => {
    res.on('error', () => undefined);
    const go = () => answerWithWhatArrived(req, res, received);
    if (isReleased) go();
    else held.push(go);
  };
  return () => {
    isReleased = true;
    for (const go of held) go();
  };
}
