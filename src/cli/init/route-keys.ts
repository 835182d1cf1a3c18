/** Resources → the keys of their routes: `/path`, or `host/path` where the path alone would not tell two of them apart. */

import { accept, type ParsedValue, reject } from '../../config/values/parsed-value.ts';
import { parseRouteKey } from '../../config/values/path/route-key.ts';
import { isBelowPath } from '../../route/path.ts';

interface Place {
  readonly host: string;
  readonly path: string;
}

/**
 * A resource is where clients reach the API, so its path is that of the route. Its host is needed where resources on several hosts
 * have a path in common: requests to one API would reach the other.
 *
 * @param resources as `parseResource` accepts them.
 * @returns the key of each; rejects a path that no route can have, and two resources of one host and path.
 */
export function chooseRouteKeys(resources: readonly string[]): ParsedValue<readonly string[]> {
  const places = resources.map(readPlace);
  const hasHosts = places.some(one =>
    places.some(other => one.host !== other.host && isBelowPath(one.path, other.path)),
  );
  const keys = places.map(({ host, path }) => `${hasHosts ? host : ''}${path}`);
  for (const [index, key] of keys.entries()) {
    const target = parseRouteKey(key);
    if (!target.ok) return reject(`number ${index + 1} cannot be the path of a route: it ${target.rejection.what}`);
    const first = keys.indexOf(key);
    if (first !== index) return reject(`numbers ${first + 1} and ${index + 1} have one host and path`);
  }
  return accept(keys);
}

/** As written, since a route's path is: `URL` would resolve dot segments. */
function readPlace(resource: string): Place {
  const [, path = ''] = /^[^:]+:\/\/[^/?#]*([^?#]*)/.exec(resource) ?? [];
  return { host: new URL(resource).hostname, path: path.replace(/\/$/, '') || '/' };
}
