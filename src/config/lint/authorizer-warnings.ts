/** Warnings about `authorizer`, and about routes that only other proxies serve. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { FileDraft } from '../file-draft.ts';
import type { RouteDraft } from '../routes.ts';
import { isLoopback } from '../values/address/host.ts';
import { isLargerThanOwned } from './network-size.ts';

/** Adds every warning about the listener that other proxies ask. */
export function warnOfAuthorizer({ authorizer, routes }: FileDraft, diagnostics: DiagnosticCollector): void {
  if (!authorizer) return;
  const { listen, peers } = authorizer;
  if (peers.length === 0 && 'host' in listen && !isLoopback(listen.host)) {
    const what = 'is open to others than this machine, and answers none of them: there are no peers';
    diagnostics.warning(['authorizer'], 'authorizer-without-peers', what);
  }
  for (const [index, network] of peers.entries()) {
    if (!isLargerThanOwned(network)) continue;
    const what = network.prefix === 0 ? 'every address may ask' : 'nobody owns a network as large as this one';
    diagnostics.warning(['authorizer', 'peers', index], 'authorizer-anyone', what);
  }
  if (peers.length > 0 && 'path' in listen) {
    const what = 'has no effect on a unix socket: the mode of its file says who may ask';
    diagnostics.warning(['authorizer', 'peers'], 'authorizer-peers-unused', what, 'key');
  }
  for (const route of routes) warnOfRules(route, diagnostics);
}

function warnOfRules({ found, path, hasUpstream }: RouteDraft, diagnostics: DiagnosticCollector): void {
  if (hasUpstream || found.mcp === undefined) return;
  const { tools, resources, prompts } = found.mcp;
  if ([tools, resources, prompts].every(rules => Object.keys(rules).length === 0)) return;
  const what = 'has rules for what stands in bodies, and not every proxy that asks sends them';
  diagnostics.warning([...path, 'mcp'], 'authorizer-body-rules', what, 'key');
}
