/** What may be the name of a route in metrics and log. */

import { expect, test } from 'vitest';
import { routeId } from '../../../../src/config/schema/route-id.ts';
import { NO_ROUTE } from '../../../../src/telemetry/finished-request.ts';

test.each(['billing', '/v2', 'Billing API', 'é€😀', 'a'.repeat(200)])('%j: may be an id', id => {
  expect(routeId.safeParse(id)).toEqual({ success: true, data: id });
});

test.each(['', '(none)', ' a', 'a ', '\u00a0a', 'a\nb', 'a\u0000', 'a\u202eb', '\ufeff', '\ud800', 'a'.repeat(201), 7])(
  '%j: may not',
  id => {
    expect(routeId.safeParse(id).success).toBe(false);
  },
);

test('what metrics and log say of a request without a route: may not', () => {
  expect(routeId.safeParse(NO_ROUTE).success).toBe(false);
});
