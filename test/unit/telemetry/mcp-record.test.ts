/** What is logged and counted of MCP requests: names of the configuration in the metric, whatever a client invents. */

import { describe, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../src/authorization/audience.ts';
import type { McpMessage } from '../../../src/mcp/message.ts';
import { describeMcp } from '../../../src/telemetry/mcp-record.ts';
import { Metrics } from '../../../src/telemetry/metrics/metrics.ts';
import { exampleMcp } from '../route/example-mcp.ts';
import { protectedRoute } from '../route/example-route.ts';
import { finishedRequest } from './finished-example.ts';
import { listIssuers } from './metrics/example-routes.ts';
import { readSamples } from './metrics/read-samples.ts';

const call = (target: string): McpMessage => ({ method: 'tools/call', target });
const single = (message: McpMessage) => ({ messages: [message], isBatch: false, refused: undefined });

const routeWith = (tools: Record<string, string[]>) => protectedRoute({ prefix: '/mcp', mcp: exampleMcp({ tools }) });

describe('the log', () => {
  test.each([
    ['a call', single(call('add')), call('add')],
    [
      'a URI with a query',
      single({ method: 'resources/read', target: 'a://b?key=1' }),
      { method: 'resources/read', target: 'a://b…' },
    ],
    ['a response', single({ method: undefined, target: undefined }), { method: undefined, target: undefined }],
    [
      'a batch',
      { messages: [call('a'), call('b')], isBatch: true, refused: undefined },
      { method: 'batch', target: 'batch' },
    ],
    ['a batch with a refused call', { messages: [call('a'), call('b')], isBatch: true, refused: call('b') }, call('b')],
  ])('%s', (_, record, expected) => {
    expect(describeMcp(record)).toEqual(expected);
  });
});

describe('audgate_mcp_calls_total', () => {
  const samples = (metrics: Metrics) => readSamples(metrics, 'audgate_mcp_calls_total');
  const configure = (metrics: Metrics, route: ReturnType<typeof routeWith>) =>
    metrics.configure([route], createAudienceIndex([route]), listIssuers(['https://login.example']));

  test('10,000 invented names and methods: one series each', async () => {
    const route = routeWith({ delete_user: ['admin'], '*': [] });
    const metrics = new Metrics({ keySets: () => [] });
    configure(metrics, route);
    for (let index = 0; index < 10_000; index += 1) {
      metrics.record(finishedRequest({ route, mcp: single(call(`tool-${index}`)) }));
      metrics.record(finishedRequest({ route, mcp: single({ method: `method-${index}`, target: undefined }) }));
    }
    metrics.record(finishedRequest({ route, mcp: single(call('*')) }));
    metrics.record(finishedRequest({ route, outcome: 'denied', mcp: single(call('delete_user')) }));
    expect(await samples(metrics)).toEqual([
      '{route="/mcp",mcp_method="other",tool="other",outcome="forwarded"} 10000',
      '{route="/mcp",mcp_method="tools/call",tool="delete_user",outcome="denied"} 1',
      '{route="/mcp",mcp_method="tools/call",tool="other",outcome="forwarded"} 10001',
    ]);
  });

  test('a batch: one count for each message', async () => {
    const route = routeWith({ a: [] });
    const metrics = new Metrics({ keySets: () => [] });
    configure(metrics, route);
    const messages = [call('a'), call('a'), call('b')];
    metrics.record(finishedRequest({ route, mcp: { messages, isBatch: true, refused: undefined } }));
    expect(await samples(metrics)).toEqual([
      '{route="/mcp",mcp_method="tools/call",tool="a",outcome="forwarded"} 2',
      '{route="/mcp",mcp_method="tools/call",tool="other",outcome="forwarded"} 1',
    ]);
  });

  test('a name that leaves the configuration: its series is dropped at the second reload', async () => {
    const route = routeWith({ old: ['x'] });
    const metrics = new Metrics({ keySets: () => [] });
    configure(metrics, route);
    metrics.record(finishedRequest({ route, mcp: single(call('old')) }));
    for (let reload = 0; reload < 2; reload += 1) configure(metrics, routeWith({ new: ['x'] }));
    expect(await samples(metrics)).toEqual([]);
  });
});
