/** One of two instances is killed and started again under load. `npm run load -- instances` does so more often, and prints figures. */

import { afterEach, expect, test } from 'vitest';
import { closeGatewayProcesses, startGatewayProcess } from '../../support/gateway-process.ts';
import { restartInstances } from '../../support/restarted-instances.ts';

afterEach(closeGatewayProcesses);

test('two restarts: no GET fails, and of POST only what was under way there; none is sent twice', async () => {
  const figures = await restartInstances(startGatewayProcess, { clients: 5, restarts: 2 });
  expect(figures).toMatchObject({ failedGet: 0, unsentPost: 0, repeated: 0 });
  expect(Math.min(figures.answered.GET, figures.answered.POST)).toBeGreaterThan(0);
}, 60_000);
