/** The dashboard as Grafana reads it, apart from its queries: those are in queries.test.ts. */

import { expect, test } from 'vitest';
import { type Panel, readDashboard } from './artifacts.ts';

const dashboard = readDashboard();
const { panels, schemaVersion, templating, uid } = dashboard;
const withData = panels.filter(({ type }) => type !== 'row');

const queries = [
  ...withData.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
  ...dashboard.annotations.list.map(({ name, expr }) => ({ title: name, expr })),
];
/** A selector of one of the gateway's metrics, or of its process, with its braces. */
const SELECTOR = /\b(?:audgate|nodejs|process)_[a-z0-9_]+(\{[^}]*\})?/g;

test('the dashboard: a fixed uid, a data source, and variables for jobs, instances and routes', () => {
  expect({ uid, schemaVersion }).toEqual({ uid: 'audgate', schemaVersion: 41 });
  const [source, ...others] = templating.list;
  expect(source?.name).toBe('datasource');
  expect(others.map(({ name, multi, includeAll }) => ({ name, multi, includeAll }))).toEqual(
    ['job', 'instance', 'route'].map(name => ({ name, multi: true, includeAll: true })),
  );
});

test('an import: asks for the data source, and declares what it needs', () => {
  expect(dashboard.__inputs).toMatchObject([{ name: 'DS_PROMETHEUS', type: 'datasource', pluginId: 'prometheus' }]);
  expect(templating.list[0]?.current.value).toBe('${DS_PROMETHEUS}');
  const needed = dashboard.__requires.map(({ type, id }) => `${type} ${id}`).sort();
  const types = new Set(withData.map(({ type }) => `panel ${type}`));
  expect(needed).toEqual([...types, 'datasource prometheus', 'grafana grafana'].sort());
});

test('every selector of every query and annotation: has the selected job and instance', () => {
  const bare = queries.flatMap(({ title, expr }) =>
    [...expr.matchAll(SELECTOR)].flatMap(([selector, braces = '']) =>
      braces.includes('job=~"$job", instance=~"$instance"') ? [] : [`${title}: ${selector}`],
    ),
  );
  expect(bare).toEqual([]);
  expect(queries.filter(({ expr }) => expr.match(SELECTOR) === null)).toEqual([]);
});

test('queries: none draws a line that is not measured', () => {
  expect(queries.filter(({ expr }) => /vector\(|absent|label_replace/.test(expr))).toEqual([]);
});

test('panels: CPU, memory, garbage collection, the event loop and the versions', () => {
  const titles = panels.map(({ title }) => title);
  const needed = ['CPU', 'Memory', 'Garbage collection', 'Delay of the event loop', 'Versions'];
  expect(titles).toEqual(expect.arrayContaining(needed));
});

test('every panel: a description, a unit, and queries of the selected data source', () => {
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

test('the first row: who used which token where', () => {
  expect(panels.slice(0, 2).map(({ title }) => title)).toEqual([
    'Tokens and where they were used',
    'Token for → used at',
  ]);
});

test('layout: unique ids and titles, no panel overlaps another or the edge', () => {
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
