/** Random pairs of configurations: what `simulate` predicts is what a gateway with the second one does. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEntry } from '../../../src/cli/simulate/log/entry-parser.ts';
import { compare } from '../../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../../src/cli/simulate/replay/decision-replay.ts';
import { SEED } from '../../support/fixed-seed.ts';
import { type LogLine, startGateway } from '../../support/gateway.ts';
import {
  type Ask,
  askAll,
  asks,
  type Decision,
  decisionOf,
  issuers,
  pick,
  RESOURCES,
  routes,
  upstream,
  useSimulateFixture,
} from './fixture.ts';

useSimulateFixture();

type Routes = typeof routes extends fc.Arbitrary<infer List> ? List : never;

/** JSON is YAML. The third issuer is trusted nowhere. */
function describeWorld(world: Routes): string {
  const described = world.map(
    ({ key, isPublic, resource, alias, multiple, enforcement, encoded, scopes, ...route }) => {
      const common = { upstream: upstream.origin, allow_encoded: encoded };
      if (isPublic) return [key, { ...common, public: true }];
      const own = RESOURCES[resource];
      const names = route.issuers.map(index => issuers[index]?.issuer);
      const guarded = {
        resource: own,
        audiences: alias ? [`${own}#old`] : [],
        multiple_audiences: multiple,
        issuers: names,
        enforcement: enforcement,
        scopes,
      };
      return [key, { ...common, ...guarded }];
    },
  );
  const trusted = issuers.slice(0, 2).map(({ issuer, jwksUri }) => [issuer, { jwks_uri: jwksUri }]);
  return `issuers: ${JSON.stringify(Object.fromEntries(trusted))}\nroutes: ${JSON.stringify(Object.fromEntries(described))}\n`;
}

/**
 * Half of them differ only in their enforcement modes, as on the way from report to enforce. A log does not say that a `;` was in a
 * path: one that was open stays open.
 */
const worldPairs = fc
  .tuple(routes, routes, fc.boolean(), pick('verify', 'enforce'))
  .map(([before, other, onlyModesDiffer, enforcement]) => ({
    before,
    after: onlyModesDiffer ? before.map(route => ({ ...route, enforcement })) : keepOpen(before, other),
  }));

function keepOpen(before: Routes, after: Routes): Routes {
  const isOpen = before.some(({ encoded }) => encoded.includes(';'));
  return isOpen ? after.map(route => ({ ...route, encoded: ['%2F', ';'] })) : after;
}

test('random pairs of configurations: the prediction is what the other gateway does, unknown only what the log lacks', async () => {
  const counts = new Map<string, number>();
  const tally = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const [index, { before, after }] of fc.sample(worldPairs, { numRuns: 20, seed: SEED }).entries()) {
    const questions = fc.sample(asks, { numRuns: 50, seed: SEED + index });
    await compareWorlds(before, after, questions, tally);
  }
  // A property test that never reaches a case proves nothing about it.
  for (const name of ['unchanged', 'would_break', 'would_open', 'known from the old configuration'])
    expect(counts.get(name)).toBeGreaterThan(3);
  expect(counts.get('unknown')).toBeLessThan(600);
}, 300_000);

async function compareWorlds(
  before: Routes,
  after: Routes,
  questions: readonly Ask[],
  tally: (name: string) => void,
): Promise<void> {
  const [first, second] = [await startGateway(describeWorld(before)), await startGateway(describeWorld(after))];
  try {
    const [old, next] = [first.server.gateway.config, second.server.gateway.config];
    const [then, now, knowing] = [new DecisionReplay(old), new DecisionReplay(next), new DecisionReplay(next, old)];
    const was = await askAll(first, questions);
    const truths = await askAll(second, questions);
    for (const [index, logged] of was.entries()) {
      const story = { ask: questions[index], was: logged, before: describeWorld(before), after: describeWorld(after) };
      const line = parseEntry(logged);
      if (typeof line === 'string') throw new Error(`a line is ${line}`);
      const again = predict(logged, compare(line, then.decide(line)));
      expect({ ...story, decision: again.decision ?? decisionOf(logged) }).toEqual({
        ...story,
        decision: decisionOf(logged),
      });
      const { decision, names } = predict(logged, compare(line, now.decide(line)));
      const truth = decisionOf(truths[index]);
      expect({ ...story, decision: decision ?? truth }).toEqual({ ...story, decision: truth });
      for (const name of names) tally(name);
      const known = predict(logged, compare(line, knowing.decide(line)));
      expect({ ...story, decision: known.decision ?? truth }).toEqual({ ...story, decision: truth });
      if (decision === undefined && known.decision !== undefined) tally('known from the old configuration');
    }
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
}

/** The decision that `simulate` predicts; `undefined` where it is unknown. */
function predict(
  logged: LogLine,
  found: ReturnType<typeof compare>,
): { decision?: Decision; names: readonly string[] } {
  if (found === 'unchanged') return { decision: decisionOf(logged), names: [found] };
  if ('unknown' in found) return { names: ['unknown', found.unknown] };
  const { outcome, reason = null } = found.becomes;
  return { decision: { outcome, reason }, names: [found.kind] };
}
