/** Answers each request with the same small response. Whole requests come in one piece, so none is parsed. */

import { createServer } from 'node:net';
import { announce } from './reports.ts';

const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Thu, 26 Nov 2026 10:00:00 GMT\r\nX-A: b\r\nContent-Length: 100\r\n\r\n';
const RESPONSE = `${HEAD}${'x'.repeat(100)}`;

const server = createServer({ noDelay: true }, socket => {
  socket.on('error', () => socket.destroy()).on('data', () => socket.write(RESPONSE, 'latin1'));
});
announce(server, () => 0);
