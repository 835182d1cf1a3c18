/**
 * A configuration in pieces of a few routes: a thread or a process that serves takes in one at a time, and requests in
 * between. They go from one thread, or one process of this program, to another, never to a file.
 */

import { deserialize, serialize } from 'node:v8';
import type { Config, Issuer, ProtectedRoute, Route } from '../config.ts';
import { freezeDeep } from '../freeze.ts';

/** Each in the form of `v8.serialize`; the first is the configuration without issuers and routes. */
export type ConfigPieces = readonly Uint8Array[];

type Head = Omit<Config, 'issuers' | 'routes'>;
type Piece = { readonly issuers: readonly Issuer[] } | { readonly routes: readonly SentRoute[] };
/** `undefined` for all issuers: they are not repeated with each route. */
type SentRoute = Route | (Omit<ProtectedRoute, 'issuers'> & { readonly issuers: undefined });

/** About half a millisecond's worth. */
const PIECE = 25;

/** @returns `config` in pieces. */
export function toPieces({ issuers, routes, ...head }: Config): ConfigPieces {
  const every = issuers.size;
  const sent = routes.map(route => (route.public || route.issuers.size < every ? route : withoutIssuers(route)));
  return [
    serialize(head satisfies Head),
    ...chunk([...issuers.values()]).map(part => serialize({ issuers: part } satisfies Piece)),
    ...chunk(sent).map(part => serialize({ routes: part } satisfies Piece)),
  ];
}

/**
 * @param pause is awaited after each piece.
 * @param adapt what becomes of each route.
 * @returns the configuration that `pieces` are of, frozen.
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
  const every = new Set<string>();
  for (const bytes of rest) {
    const piece: Piece = freezeDeep(deserialize(bytes));
    if ('issuers' in piece) addIssuers(piece.issuers, issuers, every);
    else for (const sent of piece.routes) routes.push(Object.freeze(adapt(complete(sent, every))));
    const waiting = pause();
    if (waiting) await waiting;
  }
  return Object.freeze({ ...freezeDeep(head), issuers, routes: Object.freeze(routes) });
}

function addIssuers(sent: readonly Issuer[], issuers: Map<string, Issuer>, names: Set<string>): void {
  for (const issuer of sent) {
    issuers.set(issuer.issuer, issuer);
    names.add(issuer.issuer);
  }
}

function withoutIssuers(route: ProtectedRoute): SentRoute {
  return { ...route, issuers: undefined };
}

function complete(route: SentRoute, issuers: ReadonlySet<string>): Route {
  return route.public || route.issuers ? route : { ...route, issuers };
}

function chunk<T>(list: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / PIECE) }, (_, index) =>
    list.slice(index * PIECE, (index + 1) * PIECE),
  );
}
