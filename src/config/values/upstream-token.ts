/** `upstream_token`: whether the client's Authorization (RFC 9110 section 11.6.2) is sent to the upstream, or an issued token instead. */

import type { Enforcement } from '../../denial.ts';
import type { UpstreamToken } from '../config.ts';
import { findNearest } from '../diagnostics/suggestion.ts';
import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const UPSTREAM_TOKENS = ['strip', 'forward', 'exchange'] as const satisfies readonly UpstreamToken[];
export const UPSTREAM_TOKEN = 'strip, forward or exchange';

/** @returns the choice; rejects everything else. */
export function parseUpstreamToken(text: string): ParsedValue<UpstreamToken> {
  const choice = UPSTREAM_TOKENS.find(each => each === text);
  if (choice !== undefined) return accept(choice);
  return reject('is not accepted', { nearest: findNearest(text, UPSTREAM_TOKENS) });
}

/** The two keys of a route; `forward_token` is the older one. */
interface TokenKeys {
  readonly upstream_token?: UpstreamToken | undefined;
  readonly forward_token?: boolean | undefined;
}

/** @returns what the route has by either key; `undefined` where it has neither. */
export function readUpstreamToken({ upstream_token, forward_token }: TokenKeys): UpstreamToken | undefined {
  if (upstream_token !== undefined || forward_token === undefined) return upstream_token;
  return forward_token ? 'forward' : 'strip';
}

/** @returns whether the two keys contradict one another. */
export function isContradicted({ upstream_token, forward_token }: TokenKeys): boolean {
  if (upstream_token === undefined || forward_token === undefined) return false;
  return upstream_token !== readUpstreamToken({ forward_token });
}

/** @returns the default: `forward` on `report`, where the API must behave as without a gateway, else `strip`. */
export function defaultUpstreamToken(enforcement: Enforcement | undefined): UpstreamToken {
  return enforcement === 'report' ? 'forward' : 'strip';
}
