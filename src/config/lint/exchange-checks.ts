/** Warnings about `exchange` of a route. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { RouteDraft } from '../routes.ts';
import { isInClear } from '../values/address/uri.ts';

/** Warns of a token endpoint that is reached in clear, and of an exchange for a token that the route itself would accept. */
export function warnOfExchange({ found, path }: RouteDraft, diagnostics: DiagnosticCollector): void {
  const { exchange, resource, audiences = [] } = found;
  if (exchange === undefined || found.public === true) return;
  const place = [...path, 'exchange'];
  if (isInClear(exchange.token_endpoint)) {
    diagnostics.warning([...place, 'token_endpoint'], 'exchange-without-tls', 'tokens and the secret sent without TLS');
  }
  for (const key of ['resource', 'audience'] as const) {
    const target = exchange[key];
    if (target === undefined || (target !== resource && !audiences.includes(target))) continue;
    diagnostics.warning([...place, key], 'exchange-for-itself', 'is an audience of this very route');
  }
}
