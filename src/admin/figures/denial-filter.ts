/** Filters of the latest denials, as query parameters: those of a cell of the matrix, or of a client. */

import type { RecentDenial } from '../../telemetry/recent/recent-denials.ts';

export interface DenialFilter {
  readonly route?: string | undefined;
  readonly presented?: string | undefined;
  readonly client?: string | undefined;
  readonly issuer?: string | undefined;
}

/** Links to it are relative, since a proxy may serve the status page below a path of its own. */
export const DENIALS_PATH = '/denials';
const NAMES = ['route', 'presented', 'client', 'issuer'] as const;

/** @returns the link to the denials of `filter`. */
export function linkDenials(filter: DenialFilter): string {
  const given = NAMES.flatMap(name => (filter[name] === undefined ? [] : [[name, filter[name]] as [string, string]]));
  // A lone surrogate becomes U+FFFD, so that link finds nothing.
  return `.${DENIALS_PATH}?${new URLSearchParams(given)}`;
}

/** @param target path and query of a request. @returns the filter in its query. */
export function readFilter(target: string): DenialFilter {
  const query = new URLSearchParams(target.includes('?') ? target.slice(target.indexOf('?')) : '');
  return Object.fromEntries(NAMES.flatMap(name => (query.has(name) ? [[name, query.get(name) ?? '']] : [])));
}

/** @returns the denials that match every part of `filter`. */
export function filterDenials(denials: readonly RecentDenial[], filter: DenialFilter): readonly RecentDenial[] {
  const { route, presented, client, issuer } = filter;
  return denials.filter(
    denial =>
      (route === undefined || denial.route === route) &&
      (presented === undefined || denial.presented === presented) &&
      (client === undefined || denial.clientId === client) &&
      (issuer === undefined || denial.issuer === issuer),
  );
}
