/** Everything that is asked of a real Keycloak: one server for all, since its start costs a minute of CPU. */

import { afterAll } from 'vitest';
import './recipes.ts';
import './token-exchange.ts';
import './mcp-clients.ts';
import { stopKeycloak } from './server.ts';

afterAll(stopKeycloak, 60_000);
