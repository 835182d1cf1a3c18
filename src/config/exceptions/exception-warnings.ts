/** Warnings about `exceptions`: without effect, lapsed, or about to lapse. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { RouteDraft } from '../routes.ts';
import { daysLeft } from '../values/day.ts';

/** Days from the last warning-free one to the lapse. */
const SOON = 14;

/** @param now milliseconds since 1970. */
export function warnOfExceptions({ found, path }: RouteDraft, now: number, diagnostics: DiagnosticCollector): void {
  if (found.public === true) return;
  for (const [index, { until }] of (found.exceptions ?? []).entries()) {
    const place = [...path, 'exceptions', index];
    if (found.enforcement === 'report') {
      const what = 'excuses nothing: on report no token is refused';
      diagnostics.warning(place, 'exception-on-report', what);
    }
    const left = daysLeft(until, now);
    if (left < 0) diagnostics.warning([...place, 'until'], 'exception-lapsed', `lapsed at the end of ${until} UTC`);
    else if (left < SOON) {
      const what = `lapses at the end of ${until} UTC, ${describeLeft(left)}`;
      diagnostics.warning([...place, 'until'], 'exception-lapses-soon', what);
    }
  }
}

function describeLeft(days: number): string {
  return days === 0 ? 'in less than a day' : `in ${days} day${days === 1 ? '' : 's'}`;
}
