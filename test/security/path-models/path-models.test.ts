/**
 * What a route forwards, compared with models of real servers: none reads it as the path of another route, or of a scope rule
 * whose scopes were not required. The oracle finds routes and rules by itself, from the segments that a model returns.
 *
 * `PATH_MODEL_WORLDS=25000` runs a million cases.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProtectedRoute, Route } from '../../../src/config/config.ts';
import { createRouteTable, type Match, matchRequest } from '../../../src/route/match.ts';
import { canonicalizePath } from '../../../src/route/path.ts';
import { endpointAt, USUAL_CONNECTIONS } from '../../unit/route/example-route.ts';
import { findMisreading } from './misreading.ts';
import { MODELS } from './models.ts';
import { type World, worlds } from './world.ts';

const WORLDS = Number(process.env['PATH_MODEL_WORLDS'] ?? 150);

const counts = { cases: 0, refused: 0, forwarded: 0, otherwise: 0, mismatches: 0 };

test(`${WORLDS * 40} paths × ${MODELS.length} models of servers: none reads what is forwarded as another route's`, () => {
  const agree = fc.property(worlds, world => {
    expect(findMismatches(world)).toEqual([]);
  });
  fc.assert(agree, { numRuns: WORLDS, seed: 20_261_126, endOnFailure: WORLDS > 1_000 });
  console.info(`path models: ${JSON.stringify({ models: MODELS.length, ...counts })}`);
  expect(counts.forwarded).toBeGreaterThan(WORLDS);
  expect(counts.otherwise).toBeGreaterThan(WORLDS);
}, 3_600_000);

test('without the readings of the gateway: the oracle finds paths that leave their route', () => {
  const route = (prefix: string) => worldOf([prefix])[0] as ProtectedRoute;
  const table = [route('/'), route('/other'), route('/@me')];
  const lie = (path: string): Match => ({ ok: true, route: table[0] as Route, path, rest: path, otherRests: [] });
  for (const path of ['/;/other', '/%2540me', '/other.', '/%2Fother', '/x/..;/other']) {
    expect(MODELS.some(model => findMisreading(table, 'x', lie(path), model) !== undefined)).toBe(true);
  }
  expect(MODELS.some(model => findMisreading(table, 'x', lie('/others'), model) !== undefined)).toBe(false);
});

function findMismatches({ routes, requests }: World): readonly string[] {
  const table = createRouteTable(routes);
  return requests.flatMap(({ host, path: sentPath }) => {
    const match = matchRequest(table, { host, path: canonicalizePath(sentPath), sentPath });
    counts.cases += 1;
    counts[match.ok ? 'forwarded' : 'refused'] += 1;
    if (!match.ok) return [];
    if (match.otherRests.length > 0) counts.otherwise += 1;
    const found = MODELS.flatMap(model => findMisreading(routes, host, match, model) ?? []);
    counts.mismatches += found.length;
    return found;
  });
}

function worldOf(prefixes: readonly string[]): readonly Route[] {
  return prefixes.flatMap(prefix =>
    fc.sample(worlds, { numRuns: 1, seed: 1 }).map(({ routes: [some] }) => ({
      ...(some as Route),
      ...{
        prefix,
        key: prefix,
        host: undefined,
        stripPrefix: false,
        scopeRules: [{ method: '*', path: '/', scopes: [] }],
      },
      upstream: {
        ...USUAL_CONNECTIONS,
        ...{
          endpoints: [endpointAt('http://127.0.0.1:1')],
          timeouts: { connect: 1, response: 1, idle: 1, afterExpiry: 1 },
        },
      },
    })),
  );
}
