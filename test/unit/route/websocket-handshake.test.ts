import { describe, expect, test } from 'vitest';
import { type HandshakeHead, isWebSocketHandshake } from '../../../src/route/websocket-handshake.ts';

const HEADERS = {
  host: 'api.example',
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
const HANDSHAKE: HandshakeHead = { method: 'GET', httpVersion: '1.1', headers: HEADERS };

/** The sample handshake of RFC 6455 section 1.2, with other or further fields. */
const withFields = (fields: HandshakeHead['headers']) => ({ ...HANDSHAKE, headers: { ...HEADERS, ...fields } });
const without = (name: keyof typeof HEADERS): HandshakeHead => {
  const { [name]: _, ...headers } = HEADERS;
  return { ...HANDSHAKE, headers };
};

describe('WebSocket handshake', () => {
  test.each([
    ['the handshake of RFC 6455', HANDSHAKE],
    ['in another case', withFields({ upgrade: 'WebSocket' })],
    ['with an empty body', withFields({ 'content-length': '0' })],
    ['with a protocol', withFields({ 'sec-websocket-protocol': 'chat' })],
  ])('accepted: %s', (_, head) => {
    expect(isWebSocketHandshake(head)).toBe(true);
  });

  test.each([
    ['h2c smuggling', withFields({ upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' })],
    ['TLS', withFields({ upgrade: 'TLS/1.0' })],
    ['a list of protocols', withFields({ upgrade: 'websocket, h2c' })],
    ['no Upgrade', without('upgrade')],
    ['POST', { ...HANDSHAKE, method: 'POST' }],
    ['no method', { ...HANDSHAKE, method: undefined }],
    ['HTTP/1.0', { ...HANDSHAKE, httpVersion: '1.0' }],
    ['an older version', withFields({ 'sec-websocket-version': '8' })],
    ['no version', without('sec-websocket-version')],
    ['no key', without('sec-websocket-key')],
    ['an empty key', withFields({ 'sec-websocket-key': '' })],
    ['a short key', withFields({ 'sec-websocket-key': 'dGhlIHNhbXBsZQ==' })],
    ['a long key', withFields({ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZSBsb25nZXI=' })],
    ['a key that is not base64', withFields({ 'sec-websocket-key': '!!!!!!!!!!!!!!!!!!!!!!==' })],
    ['a chunked body', withFields({ 'transfer-encoding': 'chunked' })],
    ['a body', withFields({ 'content-length': '5' })],
    ['a length that is none', withFields({ 'content-length': 'x' })],
  ])('refused: %s', (_, head) => {
    expect(isWebSocketHandshake(head)).toBe(false);
  });
});
