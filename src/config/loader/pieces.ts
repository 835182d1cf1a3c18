/**
 * A configuration in pieces of a few routes each. A serving thread or process takes them in one at a time and handles
 * requests in between. Pieces go between threads and processes of one running program, never to a file.
 */

import { deserialize, serialize } from 'node:v8';
import type { Config, Issuer, ProtectedRoute, Route } from '../config.ts';
import { freezeDeep } from '../freeze.ts';
import { type RevokedEntry, RevokedTokens } from '../revoked/revoked-tokens.ts';

/** Each serialized by `v8.serialize`; the first holds everything but issuers, routes and revoked tokens. */
export type ConfigPieces = readonly Uint8Array[];

type Head = Omit<Config, 'issuers' | 'routes' | 'revoked'>;
type Piece =
  | { readonly issuers: readonly Issuer[] }
  | { readonly routes: readonly SentRoute[] }
  | { readonly revoked: readonly RevokedEntry[] };
/** `issuers` is `undefined` where a route accepts all issuers, so that they are not repeated with each route. */
type SentRoute = Route | (Omit<ProtectedRoute, 'issuers'> & { readonly issuers: undefined });

/** Routes or issuers of one piece: it takes about half a millisecond. */
const PIECE_SIZE = 25;
const REVOKED_PIECE_SIZE = 500;

/** @returns `config` in pieces. */
export function toPieces({ issuers, routes, revoked, ...head }: Config): ConfigPieces {
  const every = issuers.size;
  const sent = routes.map(route => (route.public || route.issuers.size < every ? route : omitIssuers(route)));
  return [
    serialize(head satisfies Head),
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
  const issuers = new Map<string, Issuer>();
  const routes: Route[] = [];
  const revoked = new RevokedTokens();
  const every = new Set<string>();
  for (const bytes of rest) {
    const piece: Piece = deserialize(bytes);
    if ('revoked' in piece) for (const entry of piece.revoked) revoked.add(entry);
    else if ('issuers' in piece) addIssuers(freezeDeep(piece.issuers), issuers, every);
    else for (const sent of freezeDeep(piece.routes)) routes.push(Object.freeze(adapt(restoreIssuers(sent, every))));
    const waiting = pause();
    if (waiting) await waiting;
  }
  return Object.freeze({ ...freezeDeep(head), revoked, issuers, routes: Object.freeze(routes) });
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

function chunk<T>(list: readonly T[], size = PIECE_SIZE): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
