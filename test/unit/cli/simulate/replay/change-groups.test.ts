import { expect, test } from 'vitest';
import { ChangeGroups } from '../../../../../src/cli/simulate/replay/change-groups.ts';
import { compare } from '../../../../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../../../../src/cli/simulate/replay/decision-replay.ts';
import { protectedRoute } from '../../../route/example-route.ts';
import { exampleConfig, exampleEntry, readText } from '../example-entry.ts';

const config = exampleConfig([protectedRoute({ prefix: '/a' })]);
const wrong = (fields: object) =>
  exampleEntry({ outcome: 'reported', reason: 'wrong_audience', aud: ['x'], ...fields });

test('1,000 clients, at most 10 groups: the rest summed by route, no change lost', () => {
  const decisions = new DecisionReplay(config);
  const kept = new ChangeGroups(new Set(['/a']), 10);
  for (let number = 0; number < 1_000; number++) {
    const entry = readText(wrong({ client_id: `c${number}`, route: number % 2 ? '/a' : `/r${number}` }));
    if (typeof entry !== 'object') throw new Error(entry);
    const change = compare(entry, decisions.decide(entry));
    if (change === 'unchanged' || 'unknown' in change) throw new Error('no change');
    kept.add(entry, change);
  }
  const groups = kept.list();
  expect(kept.isCut).toBe(true);
  expect(groups).toHaveLength(12);
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
  expect(
    groups
      .slice(0, 2)
      .map(({ route, clientId }) => `${route} ${clientId}`)
      .sort(),
  ).toEqual(['(other routes) (other clients)', '/a (other clients)']);
});
