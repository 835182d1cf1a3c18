import { describe, expect, test } from 'vitest';
import { chooseMetricsForm } from '../../../src/admin/metrics-form.ts';

describe('OpenMetrics', () => {
  test.each([
    'application/openmetrics-text',
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
    'Application/OpenMetrics-Text;q=0.001',
    // Prometheus 2.5 to 2.42, 2.49 and 3.
    'application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1',
  ])('%s: asked for', accept => {
    expect(chooseMetricsForm(accept)).toBe('openmetrics');
  });
});

describe('plain text', () => {
  test.each([
    undefined,
    '',
    '*/*',
    'application/*',
    'text/html,application/xhtml+xml,*/*;q=0.8',
    'text/plain;version=0.0.4',
    'application/openmetrics-text;q=0',
    'application/openmetrics-text;version=2.0.0, */*;q=0.1',
    'application/openmetrics-text;q=0.4, text/plain;q=0.5',
    'application/openmetrics-textual',
    'application/openmetrics-text;q=x;q',
    ';;;,,,',
  ])('%s: OpenMetrics is not asked for', accept => {
    expect(chooseMetricsForm(accept)).toBe('text');
  });
});
