import { describe, expect, test } from 'vitest';
import { methodLabel } from '../../../../src/telemetry/metrics/method-label.ts';

describe('the label of a method (RFC 9110 section 18.2)', () => {
  test.each([
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'OPTIONS',
    'PATCH',
    'TRACE',
    'PROPFIND',
    'QUERY',
    'VERSION-CONTROL',
  ])('%s: itself', method => {
    expect(methodLabel(method)).toBe(method);
  });

  test.each(['get', 'Get', 'GETS', 'G', '', ' ', 'GET POST', 'M-SEARCH', 'constructor', 'BASELINE', 'X'.repeat(1000)])(
    '%j: OTHER',
    method => {
      expect(methodLabel(method)).toBe('OTHER');
    },
  );
});
