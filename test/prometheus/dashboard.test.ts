/** The dashboard as Grafana reads it: what no query shows. That its queries give data is in queries.test.ts. */

import { expect, test } from 'vitest';
import { type Panel, readDashboard } from './artifacts.ts';

const { panels, schemaVersion, templating, uid } = readDashboard();
const withData = panels.filter(({ type }) => type !== 'row');

test('it has a fixed address, a data source to choose, and routes to choose', () => {
  expect({ uid, schemaVersion }).toEqual({ uid: 'audgate', schemaVersion: 41 });
  expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'route']);
});

test('every panel has a description, a unit, and queries of the chosen data source', () => {
  expect(withData.length).toBeGreaterThan(15);
  for (const { title, description, fieldConfig, targets = [] } of withData) {
    const sources = new Set(targets.map(({ datasource }) => datasource.uid));
    expect({ title, description, unit: fieldConfig?.defaults.unit, sources }).toEqual({
      title,
      description: expect.stringMatching(/\.$/),
      unit: expect.stringMatching(/./),
      sources: new Set(['${datasource}']),
    });
  }
});

test('the first row is who used which token where', () => {
  expect(panels.slice(0, 2).map(({ title }) => title)).toEqual([
    'Tokens and where they were used',
    'Token for → used at',
  ]);
});

test('ids and titles are unique, and no panel lies on another or over the edge', () => {
  for (const key of ['id', 'title'] as const) expect(new Set(panels.map(panel => panel[key])).size).toBe(panels.length);
  for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  const pairs = panels.flatMap((one, index) => panels.slice(index + 1).map(other => [one, other] as const));
  expect(pairs.filter(([one, other]) => overlap(one, other)).map(([one, other]) => [one.title, other.title])).toEqual(
    [],
  );
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
