import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Network } from '../../../src/config/config.ts';
import { readRequestHead } from '../../../src/route/request-head.ts';
import { createTrustedProxies, readClientInfo } from '../../../src/upstream/client-info.ts';

const NETWORKS: readonly Network[] = [
  { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
  { address: '192.0.2.1', prefix: 32, family: 'ipv4' },
  { address: 'fd00::', prefix: 8, family: 'ipv6' },
];
const CLAIMED = {
  'x-forwarded-for': '203.0.113.9',
  'x-forwarded-host': 'public.example',
  'x-forwarded-proto': 'https',
};

function read(address: string | undefined, fields: Readonly<Record<string, string>>, networks = NETWORKS) {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: address });
  const request = new IncomingMessage(socket);
  Object.assign(request.headers, fields);
  const head = readRequestHead({ method: 'GET', target: '/', version: '1.1', fields: ['Host', 'api.example'] });
  if (!head.ok) throw new Error(head.reason);
  return readClientInfo(createTrustedProxies(networks), request, head);
}

describe('fields of a peer that is no trusted proxy: ignored', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['11.0.0.1', '11.0.0.1'],
    ['192.0.2.2', '192.0.2.2'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    [undefined, ''],
  ])('%s', (address, forwardedFor) => {
    expect(read(address, CLAIMED)).toEqual({ forwardedFor, authority: 'api.example', protocol: 'http' });
  });

  test('no trusted_proxies: fields of every peer ignored', () => {
    expect(read('127.0.0.1', CLAIMED, [])).toEqual({
      forwardedFor: '127.0.0.1',
      authority: 'api.example',
      protocol: 'http',
    });
  });
});

describe('fields of a trusted proxy: used, and its address added to X-Forwarded-For', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['192.0.2.1', '192.0.2.1'],
    ['fd12::1', 'fd12::1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
  ])('%s', (address, last) => {
    const isFromTrustedProxy = true;
    const expected = {
      isFromTrustedProxy,
      forwardedFor: `203.0.113.9, ${last}`,
      authority: 'public.example',
      protocol: 'https',
    };
    expect(read(address, CLAIMED)).toEqual(expected);
  });

  test.each([
    ['absent', {}, '10.0.0.1'],
    ['empty', { 'x-forwarded-for': '' }, '10.0.0.1'],
    ['two', { 'x-forwarded-for': '203.0.113.9,198.51.100.4' }, '203.0.113.9, 198.51.100.4, 10.0.0.1'],
    ['IPv6', { 'x-forwarded-for': '2001:db8::9' }, '2001:db8::9, 10.0.0.1'],
    ['text before an address', { 'x-forwarded-for': 'unknown, 203.0.113.9' }, '203.0.113.9, 10.0.0.1'],
    ['text after an address', { 'x-forwarded-for': '203.0.113.9, <script>' }, '10.0.0.1'],
    ['a forged parameter', { 'x-forwarded-for': '203.0.113.9;proto=https' }, '10.0.0.1'],
    ['a quote', { 'x-forwarded-for': '"203.0.113.9"' }, '10.0.0.1'],
  ])('X-Forwarded-For %s', (_, fields, forwardedFor) => {
    expect(read('10.0.0.1', fields).forwardedFor).toBe(forwardedFor);
  });

  test.each([['a"b'], ['a b'], ['user@public.example'], ['public.example, other.example'], ['public.example/x'], ['']])(
    'invalid X-Forwarded-Host %j: the request’s Host is used',
    host => {
      expect(read('10.0.0.1', { 'x-forwarded-host': host }).authority).toBe('api.example');
    },
  );

  test.each([
    ['https', 'https'],
    ['http', 'http'],
    ['ftp', 'http'],
    ['https, http', 'http'],
    ['https;host=x', 'http'],
    ['', 'http'],
  ])('X-Forwarded-Proto %j: %s', (protocol, read_) => {
    expect(read('10.0.0.1', { 'x-forwarded-proto': protocol }).protocol).toBe(read_);
  });
});
