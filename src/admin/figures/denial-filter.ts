/** Which of the latest denials a link asks for: those of a cell of the matrix, or of a client. */

import type { RecentDenial } from '../../telemetry/recent/recent-denials.ts';

export interface DenialFilter {
  readonly route?: string | undefined;
  readonly presented?: string | undefined;
  readonly client?: string | undefined;
  readonly issuer?: string | undefined;
}

/** Links are relative: what stands in front may serve the page below a path. */
export const DENIALS_PATH = '/denials';
const NAMES = ['route', 'presented', 'client', 'issuer'] as const;

/** @returns where the denials of `filter` are shown. */
export function linkDenials(filter: DenialFilter): string {
  const given = NAMES.flatMap(name => (filter[name] === undefined ? [] : [[name, filter[name]] as [string, string]]));
  // A lone surrogate becomes U+FFFD, and finds nothing.
  return `.${DENIALS_PATH}?${new URLSearchParams(given)}`;
}

/** @param target path and query of a request. */
export function readFilter(target: string): DenialFilter {
  const query = new URLSearchParams(target.includes('?') ? target.slice(target.indexOf('?')) : '');
  return Object.fromEntries(NAMES.flatMap(name => (query.has(name) ? [[name, query.get(name) ?? '']] : [])));
}

/** @returns those of `denials` that have everything that `filter` names. */
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
