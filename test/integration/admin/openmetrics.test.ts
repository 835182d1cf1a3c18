/** `/metrics` in the form that its reader asks for. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const EXEMPLAR = new RegExp(
  `^audgate_(\\w+)_duration_seconds_bucket\\{le="[^"]+",route="/"\\} 1 # \\{trace_id="${TRACE}"\\} [\\d.]+ [\\d.]+$`,
  'gm',
);

let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway(`routes: { /: { public: true, upstream: "${upstream.origin}" } }`);
  const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
  await (await fetch(gateway.origin, { headers })).arrayBuffer();
  await gateway.requestLines(1);
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function scrape(accept: string) {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`, { headers: { Accept: accept } });
  expect(response.headers.get('vary')).toBe('Accept');
  return { type: response.headers.get('content-type'), text: await response.text() };
}

test('OpenMetrics: exemplars on both histograms, counters named without _total, and the end', async () => {
  const { type, text } = await scrape('application/openmetrics-text;version=1.0.0');
  expect(type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect([...text.matchAll(EXEMPLAR)].map(([, name]) => name)).toEqual(['request', 'upstream']);
  expect(text).toMatch(/^# TYPE audgate_requests counter\naudgate_requests_total\{.*\} 1$/m);
  expect(text).not.toMatch(/^# (?:HELP|TYPE) \w+_total /m);
  expect(text).toMatch(/\n# EOF\n$/);
  // An empty line is no OpenMetrics.
  expect(text).not.toMatch(/^\n|\n\n/);
  const counters = [...text.matchAll(/^# TYPE (\w+) counter$/gm)].map(([, name]) => name);
  expect(counters).toEqual(expect.arrayContaining(['audgate_denials', 'process_cpu_seconds']));
});

test('the text format: the same samples, and no exemplar', async () => {
  const { type, text } = await scrape('text/plain');
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).not.toMatch(/# \{|# EOF|trace_id/);
  expect(text).toMatch(/^# TYPE audgate_requests_total counter$/m);
  const open = (await scrape('application/openmetrics-text')).text;
  const ours = (page: string) =>
    page
      .split('\n')
      .filter(line => line.startsWith('audgate_'))
      .map(line => line.replace(/ # .*/, ''));
  expect(ours(open)).toEqual(ours(text));
});

test('each form: made at most once a second, whoever asks how often', async () => {
  const accepts = ['text/plain', 'application/openmetrics-text'];
  const startedAt = performance.now();
  const pages = await Promise.all(accepts.flatMap(accept => Array.from({ length: 20 }, () => scrape(accept))));
  for (const accept of accepts) {
    const { type, text } = await scrape(accept);
    const same = pages.filter(page => page.type === type).map(page => page.text);
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000);
    expect(new Set([...same, text]).size).toBeLessThanOrEqual(seconds + 1);
  }
});
