import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { listDiagnostics, loadValid } from '../configuration.ts';

const ROUTES = 'routes: { /a: { public: true, upstream: "http://a", limits: { in_flight: 7 } } }\n';

test.each([
  ['4', 4],
  ['"4"', 4],
  ['256', 256],
  ['auto', availableParallelism()],
])('workers: %s: %i processes', (written, workers) => {
  expect(loadValid(`workers: ${written}\n${ROUTES}`).workers).toBe(workers);
});

test.each(['0', '-1', '257', '1.5', 'many', 'true', '[2]'])('workers: %s: rejected, at its place', written => {
  const diagnostics = listDiagnostics(`workers: ${written}\n${ROUTES}`);
  expect(diagnostics).toHaveLength(1);
  expect(diagnostics[0]).toMatch(/^1:10: workers: .*auto, or a whole number from 1 to 256/);
});
