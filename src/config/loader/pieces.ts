/**
 * A configuration in pieces of a few routes each. A serving thread or process takes them in one at a time and handles
 * requests in between. Pieces go between threads and processes of one running program, never to a file.
 */

import { deserialize, serialize } from 'node:v8';
import type { Config, Issuer, ProtectedRoute, Route } from '../config.ts';
import { freezeDeep } from '../freeze.ts';
import { type RevokedEntry, RevokedTokens } from '../revoked/revoked-tokens.ts';
import type { FilePlace } from '../source/document.ts';

/** Each serialized by `v8.serialize`; the first holds everything but issuers, routes and revoked tokens. */
export type ConfigPieces = readonly Uint8Array[];

type Head = Omit<Config, 'issuers' | 'routes' | 'revoked' | 'source'> & {
  readonly source: Omit<Config['source'], 'routePlaces'>;
};
type Piece =
  | { readonly issuers: readonly Issuer[] }
  | { readonly routes: readonly PlacedRoute[] }
  | { readonly revoked: readonly RevokedEntry[] };
/** `issuers` is `undefined` where a route accepts all issuers, so that they are not repeated with each route. */
type SentRoute = Route | (Omit<ProtectedRoute, 'issuers'> & { readonly issuers: undefined });

interface PlacedRoute {
  readonly route: SentRoute;
  readonly place: FilePlace | undefined;
}

/** Routes or issuers of one piece: it takes about half a millisecond. */
const PIECE_SIZE = 25;
const REVOKED_PIECE_SIZE = 500;

/** @returns `config` in pieces. */
export function toPieces({ issuers, routes, revoked, source, ...others }: Config): ConfigPieces {
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
    ...chunk([...revoked.list()], REVOKED_PIECE_SIZE).map(part => serialize({ revoked: part } satisfies Piece)),
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
  const received = new ReceivedParts(adapt);
  for (const bytes of rest) {
    received.add(deserialize(bytes));
    const waiting = pause();
    if (waiting) await waiting;
  }
  const { issuers, routes, routePlaces, revoked } = received;
  const source = Object.freeze({ ...head.source, routePlaces });
  return Object.freeze({ ...freezeDeep(head), source, revoked, issuers, routes: Object.freeze(routes) });
}

class ReceivedParts {
  readonly issuers = new Map<string, Issuer>();
  readonly routes: Route[] = [];
  readonly routePlaces = new Map<string, FilePlace>();
  readonly revoked = new RevokedTokens();
  readonly #issuerNames = new Set<string>();
  readonly #adapt: (route: Route) => Route;

  constructor(adapt: (route: Route) => Route) {
    this.#adapt = adapt;
  }

  add(piece: Piece): void {
    if ('revoked' in piece) for (const entry of piece.revoked) this.revoked.add(entry);
    else if ('issuers' in piece) for (const issuer of freezeDeep(piece.issuers)) this.#addIssuer(issuer);
    else for (const placed of freezeDeep(piece.routes)) this.#addRoute(placed);
  }

  #addIssuer(issuer: Issuer): void {
    this.issuers.set(issuer.issuer, issuer);
    this.#issuerNames.add(issuer.issuer);
  }

  #addRoute({ route, place }: PlacedRoute): void {
    this.routes.push(Object.freeze(this.#adapt(restoreIssuers(route, this.#issuerNames))));
    if (place) this.routePlaces.set(route.key, place);
  }
}

function omitIssuers(route: ProtectedRoute): SentRoute {
  return { ...route, issuers: undefined };
}

function restoreIssuers(route: SentRoute, issuers: ReadonlySet<string>): Route {
  return route.public || route.issuers ? route : { ...route, issuers };
}

function chunk<T>(list: readonly T[], size = PIECE_SIZE): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
