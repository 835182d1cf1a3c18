/** Until when a request may go on, as a table: what the route says × the method × what was asked for. */

import { describe, expect, test } from 'vitest';
import type { ProtectedRoute } from '../../../src/config/config.ts';
import { buildMcp } from '../../../src/config/mcp-config.ts';
import { mcp as mcpSchema } from '../../../src/config/schema/mcp-schema.ts';
import { findExpiry } from '../../../src/upstream/expiry.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';
import { exampleToken } from '../token/example-token.ts';

const EXP = 1_000_000;
const AT = EXP * 1000;
/** `timeouts.after_expiry` of the example. */
const LATER = AT + 20_000;
const NEVER = undefined;

const mcp = buildMcp(mcpSchema.parse(true));
const sse = buildMcp(mcpSchema.parse({ sse: true }));
const identity = { ...exampleToken(), validUntil: EXP };
type Fields = Partial<ProtectedRoute>;
type Asked = 'GET' | 'HEAD' | 'DELETE' | 'PUT' | 'POST' | 'listen';

/** Without a response; an event stream; another response. */
type Ends = readonly [request: number | undefined, events: number | undefined, others: number | undefined];

const find = (fields: Fields, asked: Asked, lapsesAt?: number) => {
  const isSubscription = asked === 'listen';
  const route = protectedRoute({ prefix: '/a', ...fields });
  return findExpiry({ identity, isSubscription, lapsesAt, match: { route } }, isSubscription ? 'POST' : asked);
};

const rows: readonly (readonly [name: string, Fields, Readonly<Partial<Record<Asked, Ends>>>])[] = [
  ['a route', {}, { GET: [NEVER, AT, NEVER], POST: [NEVER, AT, NEVER], listen: [NEVER, AT, NEVER] }],
  ['end_at_expiry', { endAtExpiry: true }, { GET: [AT, AT, AT], POST: [AT, AT, AT] }],
  ['no end_at_expiry', { endAtExpiry: false }, { GET: [NEVER, NEVER, NEVER], POST: [NEVER, NEVER, NEVER] }],
  [
    'mcp',
    { mcp },
    {
      GET: [NEVER, AT, NEVER],
      HEAD: [NEVER, AT, NEVER],
      DELETE: [NEVER, AT, NEVER],
      PUT: [NEVER, AT, NEVER],
      POST: [LATER, LATER, LATER],
      listen: [LATER, AT, LATER],
    },
  ],
  [
    'mcp on verify',
    { mcp, enforcement: 'verify' },
    { GET: [NEVER, AT, NEVER], POST: [LATER, LATER, LATER], listen: [LATER, AT, LATER] },
  ],
  [
    'mcp with sse',
    { mcp: sse },
    { GET: [NEVER, NEVER, NEVER], POST: [LATER, LATER, LATER], listen: [LATER, LATER, LATER] },
  ],
  [
    'mcp with end_at_expiry',
    { mcp, endAtExpiry: true },
    { GET: [AT, AT, AT], POST: [AT, AT, AT], listen: [AT, AT, AT] },
  ],
  ['mcp with sse and end_at_expiry', { mcp: sse, endAtExpiry: true }, { GET: [AT, AT, AT], POST: [AT, AT, AT] }],
  [
    'mcp, no end_at_expiry',
    { mcp, endAtExpiry: false },
    { GET: [NEVER, NEVER, NEVER], POST: [NEVER, NEVER, NEVER], listen: [NEVER, NEVER, NEVER] },
  ],
];
const cases = rows.flatMap(([name, fields, byMethod]) =>
  Object.entries(byMethod).map(([asked, ends]) => [name, asked as Asked, ends, fields] as const),
);

describe('without a response, an event stream, another response', () => {
  test.each(cases)('%s, %s: %j', (_name, asked, [request, events, others], fields) => {
    expect(find(fields, asked)).toEqual({ at: AT, request, events, others });
  });

  test('on report: no end', () => {
    expect(find({ mcp, enforcement: 'report', endAtExpiry: true }, 'POST')).toBeUndefined();
  });

  test('a public route, and a token that did not verify: no end', () => {
    const open = { route: publicRoute({ prefix: '/a', mcp }) };
    const granted = { isSubscription: false, lapsesAt: undefined };
    expect(findExpiry({ ...granted, identity, match: open }, 'GET')).toBeUndefined();
    const unverified = { ...granted, identity: undefined };
    expect(
      findExpiry({ ...unverified, match: { route: protectedRoute({ prefix: '/a', mcp }) } }, 'GET'),
    ).toBeUndefined();
  });
});

describe('let in by an exception', () => {
  test('which lapses before the token expires: ends there what would end with the token', () => {
    expect(find({}, 'GET', AT - 1)).toEqual({ at: AT - 1, request: NEVER, events: AT - 1, others: NEVER });
    expect(find({ endAtExpiry: true }, 'POST', AT - 1)).toEqual({
      ...{ at: AT - 1, request: AT - 1, events: AT - 1, others: AT - 1 },
    });
    expect(find({ mcp }, 'POST', AT - 1)).toEqual({
      ...{ at: AT - 1, request: LATER - 1, events: LATER - 1, others: LATER - 1 },
    });
  });

  test('which lapses later: ends with the token', () => {
    expect(find({}, 'GET', AT + 1)).toEqual(find({}, 'GET'));
  });
});
