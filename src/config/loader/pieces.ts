/**
 * A configuration in pieces of a few routes each. A serving thread or process takes them in one at a time and handles
 * requests in between. Pieces go between threads and processes of one running program, never to a file.
 */

import { deserialize, serialize } from 'node:v8';
import type { Config, Issuer, ProtectedRoute, Route } from '../config.ts';
import { freezeDeep } from '../freeze.ts';
import type { FilePlace } from '../source/document.ts';

/** Each serialized by `v8.serialize`; the first holds everything but issuers and routes. */
export type ConfigPieces = readonly Uint8Array[];

type Head = Omit<Config, 'issuers' | 'routes' | 'source'> & { readonly source: Omit<Config['source'], 'routePlaces'> };
type Piece = { readonly issuers: readonly Issuer[] } | { readonly routes: readonly PlacedRoute[] };
/** `issuers` is `undefined` where a route accepts all issuers, so that they are not repeated with each route. */
type SentRoute = Route | (Omit<ProtectedRoute, 'issuers'> & { readonly issuers: undefined });

interface PlacedRoute {
  readonly route: SentRoute;
  readonly place: FilePlace | undefined;
}

/** Routes or issuers of one piece: it takes about half a millisecond. */
const PIECE_SIZE = 25;

/** @returns `config` in pieces. */
export function toPieces({ issuers, routes, source, ...others }: Config): ConfigPieces {
  const every = issuers.size;
  const { routePlaces, ...named } = source;
  const head = { ...others, source: named } satisfies Head;
  const sent = routes.map(route => ({
    route: route.public || route.issuers.size < every ? route : omitIssuers(route),
    place: routePlaces.get(route.key),
  }));
  return [
    serialize(head),
    ...chunk([...issuers.values()]).map(part => serialize({ issuers: part } satisfies Piece)),
    ...chunk(sent).map(part => serialize({ routes: part } satisfies Piece)),
  ];
}

/**
 * @param pause is awaited after each piece.
 * @param adapt is applied to each route.
 * @returns the configuration of `pieces`, frozen.
 */
export async function fromPieces(
  pieces: ConfigPieces,
  pause: () => Promise<void> | undefined,
  adapt: (route: Route) => Route = route => route,
): Promise<Config> {
  const [first, ...rest] = pieces;
  if (first === undefined) throw new Error('no configuration in these pieces');
  const head: Head = deserialize(first);
  const issuers = new Map<string, Issuer>();
  const routes: Route[] = [];
  const routePlaces = new Map<string, FilePlace>();
  const every = new Set<string>();
  for (const bytes of rest) {
    const piece: Piece = freezeDeep(deserialize(bytes));
    if ('issuers' in piece) addIssuers(piece.issuers, issuers, every);
    else
      for (const { route, place } of piece.routes) {
        routes.push(Object.freeze(adapt(restoreIssuers(route, every))));
        if (place) routePlaces.set(route.key, place);
      }
    const waiting = pause();
    if (waiting) await waiting;
  }
  const source = Object.freeze({ ...head.source, routePlaces });
  return Object.freeze({ ...freezeDeep(head), source, issuers, routes: Object.freeze(routes) });
}

function addIssuers(sent: readonly Issuer[], issuers: Map<string, Issuer>, names: Set<string>): void {
  for (const issuer of sent) {
    issuers.set(issuer.issuer, issuer);
    names.add(issuer.issuer);
  }
}

function omitIssuers(route: ProtectedRoute): SentRoute {
  return { ...route, issuers: undefined };
}

function restoreIssuers(route: SentRoute, issuers: ReadonlySet<string>): Route {
  return route.public || route.issuers ? route : { ...route, issuers };
}

function chunk<T>(list: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / PIECE_SIZE) }, (_, index) =>
    list.slice(index * PIECE_SIZE, (index + 1) * PIECE_SIZE),
  );
}
