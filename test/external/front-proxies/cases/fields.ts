/** Fields with which a client may try to be somebody else, or to have something else decided than what is forwarded. */

import { expect } from 'vitest';
import type { HeaderPair } from '../../../support/raw-http.ts';
import { type Answer, HOST, send, valuesLike, type World } from '../world.ts';
import type { Case } from './case.ts';
import { tokenFor } from './decisions.ts';

/** Some with the name of an identity field, some that servers may take for it. */
const FORGED: readonly (readonly HeaderPair[])[] = [
  [['X-User', 'mallory']],
  [['x-user', 'mallory']],
  [
    ['X-User', 'mallory'],
    ['X-User', 'mallory'],
  ],
  [['X_User', 'mallory']],
  [['X.User', 'mallory']],
  [['x_USER', 'mallory']],
  [['X-User', '']],
  [
    ['X-User', 'mallory'],
    ['Connection', 'X-User'],
  ],
  [
    ['X_User', 'mallory'],
    ['Connection', 'X_User, close'],
  ],
];

const OVERRIDES: readonly HeaderPair[] = [
  ['X-Original-URI', '/profile/x'],
  ['X-Original-URL', `http://${HOST}/profile/x`],
  ['X-Original-Method', 'OPTIONS'],
  ['X-Original-Host', 'other.example.com'],
  ['X-Forwarded-Uri', '/profile/x'],
  ['X-Forwarded-Method', 'OPTIONS'],
  ['X-Forwarded-Host', 'other.example.com'],
  ['X-Forwarded-Prefix', '/profile'],
  ['X-Rewrite-URL', '/profile/x'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['x-envoy-original-path', '/profile/x'],
  ['x-envoy-auth-partial-body', 'false'],
  [':path', '/profile/x'],
];

/** Names that no API behind audgate should see from a client, since some frameworks take path, host or method from them. */
const GONE = ['x-original-uri', 'x-original-url', 'x-original-method', 'x-original-host', 'x-rewrite-url'];

/** @returns whether it was forwarded, once what the API got is checked: this user and nobody else. */
function isForwardedAs(user: readonly string[], { status, received }: Answer, what: unknown): boolean {
  const users = received.map(seen => valuesLike(seen, 'x-user'));
  if (received.length === 0) {
    expect({ what, isRefused: status >= 400 }).toEqual({ what, isRefused: true });
    return false;
  }
  expect({ what, users }).toEqual({ what, users: [user] });
  return true;
}

export const FIELDS: readonly Case[] = [
  {
    name: 'forged identity',
    expected: "only the token's arrives",
    run: async world => {
      const token = await tokenFor(world, 'billing', { sub: 'alice' });
      let forwarded = 0;
      for (const headers of FORGED) {
        const answer = await send(world, '/billing', { token, headers });
        forwarded += Number(isForwardedAs(['alice'], answer, headers));
      }
      expect(forwarded).toBeGreaterThan(FORGED.length / 3);
      return `${forwarded}/${FORGED.length} forwarded`;
    },
  },
  {
    name: 'forged identity, public',
    expected: 'neither that nor a token arrives',
    run: async world => {
      const token = await tokenFor(world, 'billing');
      let forwarded = 0;
      for (const headers of FORGED) {
        const answer = await send(world, '/open', { token, headers });
        forwarded += Number(isForwardedAs([], answer, headers));
        expect(answer.received.flatMap(seen => valuesLike(seen, 'authorization'))).toEqual([]);
      }
      expect(forwarded).toBeGreaterThan(FORGED.length / 3);
      return `${forwarded}/${FORGED.length} forwarded`;
    },
  },
  {
    name: 'Connection: X-User',
    expected: 'does not take the identity away',
    run: async world => {
      const token = await tokenFor(world, 'billing', { sub: 'alice' });
      for (const value of ['X-User', 'x-user, close', 'keep-alive, X-User', 'Authorization, X-User']) {
        const answer = await send(world, '/billing', { token, headers: [['Connection', value]] });
        isForwardedAs(['alice'], answer, value);
      }
      return 'kept';
    },
  },
  {
    name: 'Upgrade: h2c',
    expected: 'does not reach the API',
    run: async world => {
      const token = await tokenFor(world, 'billing', { sub: 'alice' });
      const headers: HeaderPair[] = [
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'AAMAAABkAAQCAAAAAAIAAAAA'],
        ['Connection', 'Upgrade, HTTP2-Settings'],
      ];
      const statuses = new Set<number>();
      for (const upgrade of ['h2c', 'H2C', 'h2c, websocket', 'websocket, h2c', 'foo/2']) {
        const answer = await send(world, '/billing', { token, headers: [['Upgrade', upgrade], ...headers.slice(1)] });
        isForwardedAs(['alice'], answer, upgrade);
        const left = answer.received.flatMap(seen => [
          ...valuesLike(seen, 'http2-settings'),
          ...valuesLike(seen, 'upgrade'),
        ]);
        expect({ upgrade, left }).toEqual({ upgrade, left: [] });
        statuses.add(answer.status);
      }
      return [...statuses].sort().join(', ');
    },
  },
  {
    name: 'two Authorization fields',
    expected: 'refused',
    run: async world => {
      const [right, sibling] = [await tokenFor(world, 'billing'), await tokenFor(world, 'profile')];
      const field = (token: string): HeaderPair => ['Authorization', `Bearer ${token}`];
      const statuses = new Set<number>();
      for (const headers of [
        [field(right), field(sibling)],
        [field(sibling), field(right)],
        [field(right), field(right)],
      ]) {
        const answer = await send(world, '/billing', { headers });
        expect(answer.received).toEqual([]);
        statuses.add(answer.status);
      }
      expect([...statuses]).toEqual([400]);
      return '400';
    },
  },
  {
    name: "the client's X-Original-*",
    expected: 'nothing is decided by them, and they do not arrive',
    run: async world => {
      const [right, sibling] = [await tokenFor(world, 'billing', { sub: 'alice' }), await tokenFor(world, 'profile')];
      for (const headers of [...OVERRIDES.map(one => [one]), OVERRIDES.slice(0, -1)]) {
        const refused = await send(world, '/billing', { token: sibling, headers });
        expect({ headers, count: refused.received.length }).toEqual({ headers, count: 0 });
        const answer = await send(world, '/billing', { token: right, headers });
        if (!isForwardedAs(['alice'], answer, headers)) continue;
        const left = GONE.filter(name => answer.received.some(seen => valuesLike(seen, name).length > 0));
        expect({ headers, left }).toEqual({ headers, left: [] });
      }
      return 'ignored';
    },
  },
  {
    name: 'absolute-form, other Host',
    expected: 'decided for the Host that the API gets',
    run: world => compareHosts(world),
  },
  {
    name: 'preflight',
    expected: 'reaches the API with no identity',
    run: async world => {
      const preflight: HeaderPair[] = [
        ['Origin', 'https://app.example.com'],
        ['Access-Control-Request-Method', 'GET'],
        ['X-User', 'mallory'],
      ];
      const token = await tokenFor(world, 'profile');
      const answer = await send(world, '/profile', { method: 'OPTIONS', token, headers: preflight });
      expect(answer).toMatchObject({ status: 200, received: [{ method: 'OPTIONS' }] });
      isForwardedAs([], answer, preflight);
      expect(answer.received.flatMap(seen => valuesLike(seen, 'authorization'))).toEqual([]);
      return '200';
    },
  },
];

const NAMES = [HOST, 'other.example.com'];

/** Every pair of target and Host, with a token for either: the API must get the Host of the resource that the token is for. */
async function compareHosts(world: World): Promise<string> {
  const tokens = [
    [HOST, await tokenFor(world, 'billing', { sub: 'alice' })],
    ['other.example.com', await world.issuer.sign({ claims: { aud: 'https://other.example.com/billing' } })],
  ] as const;
  const pairs = NAMES.flatMap(named => NAMES.map(host => ({ named, host })));
  const found = new Set<string>();
  for (const { named, host, owner, token } of pairs.flatMap(pair =>
    tokens.map(([owner, token]) => ({ ...pair, owner, token })),
  )) {
    const { received } = await send(world, `http://${named}/billing`, { token, headers: [['Host', host]] });
    const strange = received.flatMap(seen => valuesLike(seen, 'host')).filter(each => each !== owner);
    expect({ named, host, owner, strange }).toEqual({ named, host, owner, strange: [] });
    if (named !== host && received.length > 0) found.add(owner === named ? "the target's" : "the field's");
  }
  return [...found].join(', ') || 'refused';
}
