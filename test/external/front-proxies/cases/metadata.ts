/** The metadata documents through the proxy, and that nobody reaches audgate's own questions there. */

import { expect } from 'vitest';
import type { HeaderPair } from '../../../support/raw-http.ts';
import { eventually } from '../../../support/waiting.ts';
import { HOST, resourceOf, send, textOf } from '../world.ts';
import type { Case } from './case.ts';
import { tokenFor } from './decisions.ts';

const PLACE = '/.well-known/oauth-protected-resource';

/** What a proxy that matches normalised paths could send to audgate as it came. */
const DETOURS = [
  `/envoy/billing/../..${PLACE}/billing`,
  `/envoy/../${PLACE}/../billing`,
  `/envoy/billing/%2e%2e/%2e%2e${PLACE}/billing`,
  `/forwarded/..${PLACE}/billing`,
  `/original/..${PLACE}/billing`,
  `/forwarded?/..${PLACE}/billing`,
  `/original%2f..${PLACE}/billing`,
  `//envoy/billing/../..${PLACE}/billing`,
  `${PLACE}/../../envoy/billing`,
  `${PLACE}/../../forwarded`,
  `${PLACE}/../../original`,
  `${PLACE}/%2e%2e/%2e%2e/original`,
  `${PLACE}/..%2f..%2foriginal`,
  `${PLACE}/../original`,
  `/.audgate`,
  '/envoy/billing',
  '/forwarded',
  '/original',
];

const QUESTION: readonly HeaderPair[] = [
  ['X-Original-Method', 'GET'],
  ['X-Original-URI', '/billing'],
  ['X-Original-Host', HOST],
  ['X-Forwarded-Method', 'GET'],
  ['X-Forwarded-Uri', '/billing'],
  ['X-Forwarded-Host', HOST],
];

export const METADATA: readonly Case[] = [
  {
    name: 'metadata document',
    expected: 'served without a token',
    run: async world => {
      const answer = await send(world, `${PLACE}/billing`);
      expect(answer).toMatchObject({ status: 200, received: [] });
      expect(JSON.parse(answer.body.toString('utf8'))).toMatchObject({
        resource: resourceOf('billing'),
        authorization_servers: [world.issuer.issuer],
        scopes_supported: ['billing:read', 'billing:write'],
      });
      expect(textOf(answer, 'access-control-allow-origin')).toBe('*');
      const forged: HeaderPair[] = [
        ['X-Forwarded-For', '192.0.2.66'],
        ['X-Audgate-Client', '192.0.2.66'],
      ];
      await send(world, `${PLACE}/forged`, { headers: forged });
      const line = () => world.audgate.lines('request').find(({ path }) => path === `${PLACE}/forged`);
      await eventually(() => line() !== undefined);
      expect(line()).toMatchObject({ client: '127.0.0.1' });
      expect(await send(world, `${PLACE}/nowhere`)).toMatchObject({ status: 404, received: [] });
      return '200';
    },
  },
  {
    name: "audgate's own questions",
    expected: 'nobody outside can ask them',
    run: async world => {
      const token = await tokenFor(world, 'billing', { sub: 'asks-by-himself' });
      for (const path of DETOURS) {
        const { status, headers, body, received } = await send(world, path, { token, headers: QUESTION });
        const isDocument = status === 200 && body.toString('utf8').startsWith('{"resource":');
        expect({ path, isAnswered: status < 300 && !isDocument, count: received.length }).toEqual({
          ...{ path, isAnswered: false, count: 0 },
        });
        const told = headers.filter(([name]) => /^(x-user|audgate-remove|x-envoy-auth)/i.test(name));
        expect({ path, told }).toEqual({ path, told: [] });
      }
      return `${DETOURS.length} refused`;
    },
  },
];
