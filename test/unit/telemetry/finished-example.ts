/** A finished request, for tests in which only a few of its facts matter. */

import type { FinishedRequest } from '../../../src/telemetry/finished-request.ts';

/** An ordinary request that was forwarded. */
export function finishedRequest(facts: Partial<FinishedRequest> = {}): FinishedRequest {
  return {
    requestId: '0b6d1d3e-5f5c-4e8e-9f0a-6f5b8d1f2a3c',
    traceId: undefined,
    via: 'proxy',
    client: '192.0.2.7',
    route: undefined,
    method: 'GET',
    host: 'api.example',
    path: '/a',
    status: 200,
    outcome: 'forwarded',
    denial: undefined,
    excused: [],
    failure: undefined,
    upstream: undefined,
    bytesIn: 0,
    bytesOut: 1_234,
    mcp: undefined,
    verified: undefined,
    unverified: undefined,
    scopes: undefined,
    durationMs: 12.3456,
    upstreamMs: undefined,
    ...facts,
  };
}
