import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type IncomingRequest, RequestQueues } from '../../../src/client/request-queue.ts';

function open() {
  const socket = new Socket();
  const served: IncomingRequest[] = [];
  const finish: (() => void)[] = [];
  let overflows = 0;
  const queues = new RequestQueues({
    serve: incoming => {
      served.push(incoming);
      return new Promise(resolve => finish.push(resolve));
    },
    onServed: () => undefined,
    onOverflow: () => {
      overflows += 1;
    },
  });
  const add = (): IncomingRequest => {
    const incoming = {
      kind: 'refused',
      request: new IncomingMessage(socket),
      socket,
      reason: 'malformed_request',
    } as const;
    queues.add(socket, incoming);
    return incoming;
  };
  return { socket, served, finish, queues, add, overflows: () => overflows };
}

test('a second request: served when the first has been served', async () => {
  const { socket, served, finish, queues, add } = open();
  const [first, second] = [add(), add()];
  expect(served).toEqual([first]);
  finish[0]?.();
  await Promise.resolve();
  expect(served).toEqual([first, second]);
  expect(queues.current(socket)).toBe(second);
});

test('a third request: the connection is closed, and counted once', () => {
  const { socket, add, overflows } = open();
  for (let count = 0; count < 4; count += 1) add();
  expect(socket.destroyed).toBe(true);
  expect(overflows()).toBe(1);
});
