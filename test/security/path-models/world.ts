/** Random routes and random paths of few different segments, so that prefixes nest and readings collide with them. */

import fc from 'fast-check';
import type { Route, ScopeRule } from '../../../src/config/config.ts';
import { endpointAt, protectedRoute, USUAL_CONNECTIONS } from '../../unit/route/example-route.ts';

export interface World {
  readonly routes: readonly Route[];
  readonly requests: readonly { readonly host: string; readonly path: string }[];
}

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const SEGMENTS = ['a', 'b', 'a', 'b', '@c', 'caf%C3%A9', 'a%20b'];
const ENCODINGS = [';', '%3B', '%25', '%2F', '%5C', '%3F', '%23', '%00', '%FF', '%E9', '%C3', '%A9', '%0A'];

/** What servers read in more than one way, what appears after decoding, and what stands between. */
const ATOMS = [
  ...['/', '/', '/', 'a', 'b', 'a', 'b', '@c', '%40c', '%61', '%62', 'caf%C3%A9', 'caf%c3%a9', 'x', 'base'],
  ...[';', ';', ';x=1', '%3B', '%253B', '%2F', '%2f', '%252F', '%5C', '%255c', '%25', '%2525'],
  ...['%2540c', '%2561', '%25C3%25A9', 'caf%25C3%25A9', 'caf%E9', 'caf%25E9', 'caf%C3%25A9', '%C3', '%A9', '%FF'],
  ...['.', '..', '%2e', '%252e', '%20', '%2520', '%3F', '%253F', '%23', '%2523', '%00', '%2500', '%0A'],
  ...['%25u0061', '%25u002f', '%C0%AF', '%25C0%25AF', '%E0%80%AF', '=', '%26'],
];

const prefixOf = (most: number) =>
  fc.array(pick(...SEGMENTS), { maxLength: most }).map(segments => `/${segments.join('/')}`);

const rules: fc.Arbitrary<readonly ScopeRule[]> = fc
  .uniqueArray(prefixOf(2), { maxLength: 3 })
  .map(paths => paths.filter(path => path !== '/').map(decodeURIComponent))
  .map(paths => ['/', ...paths].map(path => ({ method: '*', path, scopes: path === '/' ? [] : [`scope of ${path}`] })));

const routes = fc
  .uniqueArray(
    fc.record({
      prefix: prefixOf(2),
      host: pick(undefined, undefined, undefined, 'own.example'),
      allowEncoded: fc.oneof(fc.constant(ENCODINGS), fc.subarray(ENCODINGS)).map(list => new Set(list)),
      scopeRules: rules,
      stripPrefix: pick(false, false, true),
      basePath: pick('', '', '/base', '/a'),
    }),
    { selector: ({ prefix, host }) => `${host} ${decodeURIComponent(prefix)}`, minLength: 1, maxLength: 5 },
  )
  .map(list => list.map(({ basePath, ...fields }) => protectedRoute({ ...fields, upstream: upstreamAt(basePath) })));

function upstreamAt(basePath: string) {
  return {
    endpoints: [endpointAt('http://127.0.0.1:1', basePath)],
    timeouts: { connect: 1, response: 1, idle: 1, afterExpiry: 1_000 },
    ...USUAL_CONNECTIONS,
  };
}

const paths = fc.array(pick(...ATOMS), { minLength: 1, maxLength: 9 }).map(atoms => `/${atoms.join('')}`);
const requests = fc.record({ host: pick('own.example', 'any.example'), path: paths });

/** 40 requests for each world; half of the paths begin with the prefix of a route. */
export const worlds: fc.Arbitrary<World> = fc
  .record({ routes, requests: fc.array(requests, { minLength: 40, maxLength: 40 }) })
  .map(world => ({
    routes: world.routes,
    requests: world.requests.map(({ host, path }, index) => {
      const prefix = world.routes[index % (2 * world.routes.length)]?.prefix ?? '/';
      return { host, path: prefix === '/' ? path : prefix + path };
    }),
  }));
