/** Which form of /metrics a reader asks for (RFC 9110 section 12.5.1). */

import type { MetricsForm } from '../telemetry/metrics/text-format.ts';

/** A media range of Accept: type, then parameters. */
const RANGE = /^\s*([^;\s]+)\s*((?:;[^;]*)*)$/;
const WEIGHT = /;\s*q\s*=\s*([^;\s]*)/i;
const VERSION = /;\s*version\s*=\s*"?([\w.]+)"?\s*(?:;|$)/i;
const OPEN_METRICS = 'application/openmetrics-text';
const OPEN_VERSIONS: ReadonlySet<string> = new Set(['1.0.0', '0.0.1']);
const PLAIN: ReadonlySet<string> = new Set(['text/plain', 'text/*', '*/*']);

/**
 * @param accept the Accept field, as Prometheus sends it.
 * @returns `openmetrics` only where it is named, in a version that is written here, and liked no less than plain text.
 */
export function chooseMetricsForm(accept = ''): MetricsForm {
  let open = 0;
  let plain = 0;
  for (const range of accept.split(',')) {
    const [, type = '', parameters = ''] = RANGE.exec(range) ?? [];
    const name = type.toLowerCase();
    const weight = Number(WEIGHT.exec(parameters)?.[1] ?? 1) || 0;
    if (name === OPEN_METRICS && isWritten(parameters)) open = Math.max(open, weight);
    else if (PLAIN.has(name)) plain = Math.max(plain, weight);
  }
  return open > 0 && open >= plain ? 'openmetrics' : 'text';
}

function isWritten(parameters: string): boolean {
  const version = VERSION.exec(parameters)?.[1];
  return version === undefined || OPEN_VERSIONS.has(version);
}
