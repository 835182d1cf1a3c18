import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createResponse } from '../../../src/client/local-reply.ts';

function openResponse() {
  const socket = new Socket();
  Object.defineProperty(socket, 'writable', { value: true });
  const response = createResponse(new IncomingMessage(socket), socket);
  const timeouts: Socket[] = [];
  response.on('timeout', timedOut => timeouts.push(timedOut));
  return { socket, response, timeouts };
}

test('read time-out of a socket that node:http no longer handles: emitted on its response', () => {
  const { socket, timeouts } = openResponse();
  socket.emit('timeout');
  expect(timeouts).toEqual([socket]);
});

test('time-out of a socket that has become a tunnel: not emitted on the response', () => {
  const { socket, response, timeouts } = openResponse();
  response.detachSocket(socket);
  socket.emit('timeout');
  expect(timeouts).toEqual([]);
});
