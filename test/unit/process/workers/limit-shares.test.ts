import { expect, test } from 'vitest';
import { shareLimits, shareRoute } from '../../../../src/process/workers/limit-shares.ts';
import { loadValid } from '../../config/configuration.ts';

test('limits shared by three workers: equal parts, rounded up, nothing else changed', () => {
  const config = loadValid(
    'limits: { connections: 100 }\nroutes: { /a: { public: true, upstream: "http://a", limits: { in_flight: 7 } } }\n',
  );
  const shared = shareLimits(config, 3);
  expect(shared.limits.connections).toBe(34);
  expect({ ...shared, limits: config.limits }).toEqual(config);
  expect(config.routes.map(route => shareRoute(route, 3).limits.inFlight)).toEqual([3]);
});
