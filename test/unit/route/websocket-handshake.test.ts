import { describe, expect, test } from 'vitest';
import { readHandshake, type UpgradeRequest } from '../../../src/route/websocket-handshake.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** The sample handshake of RFC 6455 section 1.2. */
const HANDSHAKE: UpgradeRequest = {
  method: 'GET',
  fields: ['Host', 'api.example', 'Sec-WebSocket-Key', KEY, 'Sec-WebSocket-Version', '13'],
  body: 'none',
  protocol: 'websocket',
};

const outcomeOf = (request: Partial<UpgradeRequest>) => {
  const handshake = readHandshake({ ...HANDSHAKE, ...request });
  return typeof handshake === 'string' ? handshake : handshake.reason;
};
const fieldsWith = (...fields: readonly string[]) => ({ fields: ['Host', 'api.example', ...fields] });
const versionOf = (version: string) => fieldsWith('Sec-WebSocket-Version', version, 'Sec-WebSocket-Key', KEY);
const keyOf = (key: string) => fieldsWith('Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', key);

describe('websocket', () => {
  test.each<readonly [string, Partial<UpgradeRequest>]>([
    ['the handshake of RFC 6455', {}],
    ['in another case', { protocol: 'WebSocket' }],
    ['names in another case', fieldsWith('sec-websocket-version', '13', 'SEC-WEBSOCKET-KEY', KEY)],
    ['with an empty body', { body: 0 }],
    ['with a subprotocol', { fields: [...HANDSHAKE.fields, 'Sec-WebSocket-Protocol', 'chat'] }],
    ['listed behind another protocol (RFC 6455 section 4.1)', { protocol: 'foo, websocket' }],
    ['listed before another protocol', { protocol: 'websocket,h2c' }],
  ])('%s', (_, request) => {
    expect(outcomeOf(request)).toBe('websocket');
  });
});

describe('none: the request is served as if it had no Upgrade (RFC 9110 section 7.8)', () => {
  test.each([
    [undefined],
    [''],
    ['h2c'],
    ['TLS/1.2'],
    ['TLS/1.2, HTTP/1.1'],
    ['teleport/1'],
    ['websocket/13'],
    ['websockets'],
    ['x-websocket'],
  ])('%j', protocol => {
    expect(outcomeOf({ protocol })).toBe('none');
    expect(outcomeOf({ protocol, method: 'POST', body: 5, fields: [] })).toBe('none');
  });
});

describe('upgrade_required: a version that is not 13 (RFC 6455 section 4.4)', () => {
  test.each(['0', '6', '7', '8', '12', '14', '25', '130', '255'])('%s', version => {
    expect(outcomeOf(versionOf(version))).toBe('upgrade_required');
  });

  test('whatever its key is, since other versions have other keys', () => {
    expect(outcomeOf(fieldsWith('Sec-WebSocket-Version', '6'))).toBe('upgrade_required');
  });
});

describe('malformed_request: a handshake that is not valid', () => {
  test.each<readonly [string, Partial<UpgradeRequest>]>([
    ['POST', { method: 'POST' }],
    ['a method in lower case', { method: 'get' }],
    ['no version', fieldsWith('Sec-WebSocket-Key', KEY)],
    ['an empty version', versionOf('')],
    ['a version that is no number', versionOf('draft-76')],
    ['a version with a zero before it', versionOf('013')],
    ['a version with a sign', versionOf('+13')],
    ['a list of versions', versionOf('13, 8')],
    [
      'two versions',
      fieldsWith('Sec-WebSocket-Version', '13', 'Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', KEY),
    ],
    ['no key', fieldsWith('Sec-WebSocket-Version', '13')],
    ['two keys', { fields: [...HANDSHAKE.fields, 'sec-websocket-key', KEY] }],
    ['an empty key', keyOf('')],
    ['a short key', keyOf('dGhlIHNhbXBsZQ==')],
    ['a long key', keyOf('dGhlIHNhbXBsZSBub25jZSBsb25nZXI=')],
    ['a key that is not base64', keyOf('!!!!!!!!!!!!!!!!!!!!!!==')],
    ['a chunked body', { body: 'unknown' }],
    ['a body', { body: 5 }],
    ['a body, and another version', { ...versionOf('8'), body: 5 }],
  ])('%s', (_, request) => {
    expect(outcomeOf(request)).toBe('malformed_request');
  });
});
