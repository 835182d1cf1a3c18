/** `upstream_token`: what becomes of the client's Authorization (RFC 9110 section 11.6.2) on its way to the upstream. */

import type { Enforcement } from '../../denial.ts';
import type { Config, Route, UpstreamToken } from '../config.ts';
import { findNearest } from '../diagnostics/suggestion.ts';
import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const UPSTREAM_TOKENS = ['strip', 'forward'] as const satisfies readonly UpstreamToken[];
export const UPSTREAM_TOKEN = 'strip or forward';

/** @returns the choice; refuses `exchange`, which does not exist yet, and everything else. */
export function parseUpstreamToken(text: string): ParsedValue<UpstreamToken> {
  const choice = UPSTREAM_TOKENS.find(each => each === text);
  if (choice !== undefined) return accept(choice);
  if (text === 'exchange') return reject('is not available yet: token exchange comes with a later version');
  return reject('is not accepted', { nearest: findNearest(text, UPSTREAM_TOKENS) });
}

/** What a route's YAML says of it: `forward_token` is the older name. */
interface Written {
  readonly upstream_token?: UpstreamToken | undefined;
  readonly forward_token?: boolean | undefined;
}

/** @returns what the YAML says, by either name; `undefined` where it says nothing. */
export function readUpstreamToken({ upstream_token, forward_token }: Written): UpstreamToken | undefined {
  if (upstream_token !== undefined || forward_token === undefined) return upstream_token;
  return forward_token ? 'forward' : 'strip';
}

/** @returns whether the two names say different things. */
export function isContradicted({ upstream_token, forward_token }: Written): boolean {
  if (upstream_token === undefined || forward_token === undefined) return false;
  return upstream_token !== readUpstreamToken({ forward_token });
}

/** @returns what is done where the YAML says nothing: on `report` an API behaves as it did before. */
export function defaultUpstreamToken(enforcement: Enforcement | undefined): UpstreamToken {
  return enforcement === 'report' ? 'forward' : 'strip';
}

export interface TokenChange {
  /** The key of the route. */
  readonly route: string;
  readonly was: UpstreamToken;
  readonly becomes: UpstreamToken;
}

/** @returns the routes of both configurations whose Authorization fares otherwise, without that the YAML says so: they climbed. */
export function listTokenChanges(before: Config, after: Config): readonly TokenChange[] {
  const known = new Map<string, Route>(before.routes.map(route => [route.key, route]));
  return after.routes.flatMap(({ key, upstreamToken, isUpstreamTokenWritten }) => {
    const was = known.get(key)?.upstreamToken ?? upstreamToken;
    return isUpstreamTokenWritten || was === upstreamToken ? [] : [{ route: key, was, becomes: upstreamToken }];
  });
}
