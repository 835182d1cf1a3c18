/** However many clients, audiences and characters a log names, what is kept of them is bounded, and the output says what is not. */

import { describe, expect, test } from 'vitest';
import type { Demand } from '../../../../src/cli/propose/survey/entry-judge.ts';
import { NeedGroups } from '../../../../src/cli/propose/survey/need-groups.ts';
import type { LogEntry, LoggedClaims } from '../../../../src/cli/simulate/log/log-entry.ts';
import { StoredLines } from '../../../../src/cli/simulate/log/stored-lines.ts';
import { APP_ID, ENTRA, exampleYaml, line, proposeFor } from './world.ts';

function addClients(groups: NeedGroups, clients: readonly string[]): void {
  for (const client of clients) {
    const entry = new StoredLines().read(JSON.stringify(line({ client_id: client }))) as LogEntry;
    const claims = entry.claims as LoggedClaims;
    const route = { key: '/billing' } as Demand['route'];
    groups.add(entry, { route, claims, clientId: client, reasons: ['wrong_audience'], wasLetIn: true });
  }
}

describe('groups', () => {
  test('more than are kept: counted by route, and those that are kept go on counting', () => {
    const groups = new NeedGroups({ groups: 2, characters: 1_000_000 });
    addClients(groups, ['a', 'b', 'c', 'd', 'a']);
    expect(groups.list().map(({ clientId, count }) => `${clientId} ${count}`)).toEqual(['a 2', 'b 1']);
    expect([...groups.rest]).toEqual([['/billing', 2]]);
  });

  test('more characters than are kept: the same', () => {
    const groups = new NeedGroups({ groups: 1_000, characters: 5_000 });
    addClients(
      groups,
      Array.from({ length: 50 }, (_, index) => `${index}`.repeat(1_000)),
    );
    expect(groups.list().length).toBeLessThan(4);
    expect(groups.rest.get('/billing')).toBeGreaterThan(40);
  });
});

describe('exceptions', () => {
  test('more than anybody reviews: the most frequent 1,000 of a route, and the rest is told', async () => {
    const clients = Array.from({ length: 1_100 }, (_, index) => line({ client_id: `c${index}` }));
    const found = await proposeFor(exampleYaml(), [...clients, line({ client_id: 'c1099' })]);
    expect(found.exceptions).toHaveLength(1_000);
    expect(found.exceptions[0]).toMatchObject({ client_id: 'c1099', count: 2 });
    expect(found.truncated).toBe(true);
    expect(found.patch).toContain('#   100 clients beyond those above\n');
    expect(found.after).toMatchObject({ broken: 100, opened: 0 });
  });

  test('one alias for many clients: 100 are named in the comments, and the rest summed', async () => {
    const aud = ['https://billing.example.com'];
    const clients = Array.from({ length: 130 }, (_, index) => line({ client_id: `c${index}`, aud }));
    const found = await proposeFor(exampleYaml(), clients);
    expect(found.patch.match(/^\+ +# c\d+: /gm)).toHaveLength(100);
    expect(found.patch).toContain('# and 30 more clients with 30 requests, see --json');
  });
});

test('more application ids than are kept: no alias, since nobody can say which route alone sees one', async () => {
  const id = (index: number) => `${index.toString(16).padStart(8, '0')}-14a6-49ae-97bc-6eba6914391e`;
  const others = Array.from({ length: 5_001 }, (_, index) =>
    line({
      iss: ENTRA,
      outcome: 'forwarded',
      reason: undefined,
      aud: ['https://billing.example.com/', ...[0, 1, 2, 3].map(each => id(index * 4 + each))],
    }),
  );
  const found = await proposeFor(exampleYaml({ issuers: [ENTRA] }), [line({ iss: ENTRA, aud: [APP_ID] }), ...others]);
  expect(found).toMatchObject({ audiences: [], exceptions: [{ client_id: 'web' }], truncated: true });
  expect(found.patch).toContain('too many to say which route alone sees one');
});
