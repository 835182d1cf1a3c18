import { expect, test } from 'vitest';
import { readClient } from '../../../src/token/client.ts';

test.each<[string, Readonly<Record<string, unknown>>, string | undefined]>([
  ['client_id (RFC 9068)', { cid: 'd', appid: 'c', azp: 'b', client_id: 'a' }, 'a'],
  ['azp (OpenID Connect)', { cid: 'd', appid: 'c', azp: 'b' }, 'b'],
  ['appid (Entra ID v1)', { cid: 'd', appid: 'c' }, 'c'],
  ['cid (Okta)', { cid: 'd' }, 'd'],
  ['no claim', { sub: 'alice' }, undefined],
  ['a number', { client_id: 7, azp: 'b' }, undefined],
  ['an empty text', { client_id: '', azp: 'b' }, undefined],
  ['null', { client_id: null, azp: 'b' }, undefined],
  ['a list', { azp: ['b'], cid: 'd' }, undefined],
  ['a claim that only the prototype has', Object.create({ client_id: 'a' }), undefined],
])('client: %s', (_, claims, client) => expect(readClient(claims)).toBe(client));
