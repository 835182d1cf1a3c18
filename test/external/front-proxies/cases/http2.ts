/** HTTP/2 without TLS, by prior knowledge, where the proxy speaks it: `:authority` beside Host, fields in pieces, odd paths. */

import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { expect } from 'vitest';
import { HOST, valuesLike, type World } from '../world.ts';
import type { Case } from './case.ts';
import { tokenFor } from './decisions.ts';

const PATHS = [
  '/billing/../profile',
  '/billing/%2e%2e/profile',
  '/profile/..%2fbilling',
  '//billing',
  '/billing;x',
  'billing',
  '*',
];

export const HTTP2: readonly Case[] = [
  {
    name: 'HTTP/2',
    expected: 'decided alike, where the proxy speaks it in clear text',
    run: async world => {
      const session = connect(`http://127.0.0.1:${world.proxy.port}`);
      session.on('error', () => undefined);
      if ((await statusOf(session, { ':path': '/open' })) !== 200) {
        session.destroy();
        return 'not spoken';
      }
      const right = await tokenFor(world, 'billing', { sub: 'alice' });
      const other = await world.issuer.sign({ claims: { aud: 'https://other.example.com/billing', sub: 'alice' } });
      const before = world.api.received.length;
      await ask(world, session, { token: right, host: HOST });
      for (const host of ['other.example.com', HOST]) {
        await ask(world, session, { token: right, host, fields: { host: 'other.example.com' } });
        await ask(world, session, { token: other, host, fields: { host: HOST } });
      }
      for (const path of PATHS) await ask(world, session, { token: right, host: HOST, path });
      for (const forged of [{ 'x-user': 'mallory' }, { x_user: 'mallory' }, { 'x-user': ['mallory', 'mallory'] }]) {
        await ask(world, session, { token: right, host: HOST, fields: forged });
      }
      session.destroy();
      expect(world.api.received.length).toBeGreaterThan(before + 1);
      return `${world.api.received.length - before} forwarded`;
    },
  },
];

interface Question {
  readonly token: string;
  /** `:authority` */
  readonly host: string;
  readonly path?: string;
  readonly fields?: OutgoingHttpHeaders;
}

/** What is forwarded has the Host that the token is for, its identity and no other, and a path of that route. */
async function ask(world: World, session: ClientHttp2Session, { token, host, path = '/billing', fields }: Question) {
  const before = world.api.received.length;
  await statusOf(session, { ':path': path, ':authority': host, authorization: `Bearer ${token}`, ...fields });
  const audience = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).aud;
  for (const seen of world.api.received.slice(before)) {
    expect(valuesLike(seen, 'x-user')).toEqual(['alice']);
    expect(valuesLike(seen, 'host').map(each => `https://${each}/billing`)).toEqual([audience]);
    expect(seen.url).toMatch(/^\/billing(?![^/?])/);
  }
}

/** @returns 0 where no response came. */
function statusOf(session: ClientHttp2Session, headers: OutgoingHttpHeaders): Promise<number> {
  if (session.destroyed) return Promise.resolve(0);
  const stream = session.request({ ':authority': HOST, ...headers });
  let status = 0;
  stream.on('error', () => undefined);
  stream.on('response', ({ ':status': found }) => {
    status = found ?? 0;
  });
  stream.setTimeout(10_000, () => stream.close());
  stream.resume();
  return new Promise(resolve => stream.on('close', () => resolve(status)));
}
