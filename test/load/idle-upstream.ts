/** A process of its own, because of its descriptors: accepts every WebSocket and event stream, sends one message, then nothing. */

import { type AddressInfo, createServer } from 'node:net';
import { SWITCHING } from '../support/switching.ts';

const STREAM =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n';

const upstream = createServer(socket => {
  socket.on('error', () => socket.destroy());
  socket.once('data', head => socket.write(/^upgrade: websocket/im.test(head.toString('latin1')) ? SWITCHING : STREAM));
});
upstream.listen(0, '127.0.0.1', () => console.log((upstream.address() as AddressInfo).port));
