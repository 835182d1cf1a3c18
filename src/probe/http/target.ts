/** What is probed: one operation of one API. */

import { isLoopback } from '../../config/values/address/host.ts';

export type Field = readonly [name: string, value: string];

export interface Target {
  readonly url: URL;
  /** Path and query, byte for byte as they were given: `URL` would resolve dot segments. */
  readonly path: string;
  /** The value of Host: another name than that of `url` where the API is reached by its address. */
  readonly host: string;
  readonly method: string;
  /** Further fields, none of them Authorization or Host. */
  readonly fields: readonly Field[];
  readonly body: string | undefined;
}

/** @returns whether a request to `url` stays on this machine. */
export function isOnLoopback(url: URL): boolean {
  return isLoopback(url.hostname);
}

/** @returns path and query of `text`, an absolute URL, as written. */
export function readPath(text: string): string {
  const path = text.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/#.*$/, '');
  return path.startsWith('/') ? path : `/${path}`;
}
