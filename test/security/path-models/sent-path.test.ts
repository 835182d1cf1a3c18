/**
 * What another proxy forwards after it asked: the bytes of its client. Compared with models of real servers, and of a proxy that chooses
 * its upstream by these very bytes: none reads them as the path of another route, or of a scope rule whose scopes were not required.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchSentPath } from '../../../src/authorizer/sent-path.ts';
import { createRouteTable } from '../../../src/route/match.ts';
import { canonicalizePath } from '../../../src/route/path.ts';
import { endpointAt } from '../../unit/route/example-route.ts';
import { findMisreading } from './misreading.ts';
import { MODELS as SERVERS } from './models.ts';
import { pathOf, type ServerModel, split } from './server-model.ts';
import { type World, worlds } from './world.ts';

/** Envoy and HAProxy compare paths as they are, unless told. */
const literal: ServerModel = { name: 'a proxy that decodes nothing', read: target => split(pathOf(target)) };
const MODELS: readonly ServerModel[] = [literal, ...SERVERS];
const WORLDS = Number(process.env['PATH_MODEL_WORLDS'] ?? 150);

const counts = { refused: 0, allowed: 0 };

test(`${WORLDS * 40} paths × ${MODELS.length} models of servers: none reads what was allowed as another route's`, () => {
  const agree = fc.property(worlds, world => {
    expect(findMismatches(world)).toEqual([]);
  });
  fc.assert(agree, { numRuns: WORLDS, seed: 20_261_127, endOnFailure: WORLDS > 1_000 });
  console.info(`paths that another proxy forwards: ${JSON.stringify({ models: MODELS.length, ...counts })}`);
  expect(counts.allowed).toBeGreaterThan(WORLDS);
}, 3_600_000);

function findMismatches(world: World): readonly string[] {
  // What the proxy cuts off, or puts before, is its own business.
  const routes = world.routes.map(route => ({
    ...route,
    stripPrefix: false,
    upstream: { ...route.upstream, endpoints: [endpointAt('http://127.0.0.1:1')] },
  }));
  const table = createRouteTable(routes);
  return world.requests.flatMap(({ host, path: sentPath }) => {
    const head = { method: 'GET', host, authority: host, path: canonicalizePath(sentPath), sentPath };
    const match = matchSentPath(table, head);
    counts[match.ok ? 'allowed' : 'refused'] += 1;
    if (!match.ok) return [];
    return MODELS.flatMap(model => findMisreading(routes, host, { ...match, path: sentPath }, model) ?? []);
  });
}
