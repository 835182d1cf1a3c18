/** Protected resource metadata (RFC 9728): which resource a client requests a token for, at which servers, with which scopes. */

import type { ProtectedRoute, Route } from '../config/config.ts';
import { isServerUrl } from '../config/values/address/uri.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

export interface MetadataIndex {
  /** By exact request target. */
  readonly targets: Map<string, Place>;
  readonly resources: Map<string, MetadataDocument>;
  /** The host of every resource and of every route, lower-case, without a port. */
  readonly hosts: Set<string>;
}

/** The documents of one request target. */
interface Place {
  readonly own: MetadataDocument[];
  /** Those of the target without the slash at its end. */
  readonly withoutSlash: MetadataDocument[];
}

interface MetadataDocument {
  /** Host and port of the resource URI, lower-case. */
  readonly authority: string;
  readonly host: string;
  readonly group: Group;
  /** JSON text, made when it is first requested: most documents never are. */
  body?: string;
}

/** What is published at a request target. */
export type PublishedMetadata = {
  /** Whether another Host would get something else. */
  readonly variesByHost: boolean;
} & (
  | {
      readonly kind: 'document';
      /** JSON text. */
      readonly body: string;
    }
  /** There are documents, and none that this Host can mean. No upstream gets such a request either. */
  | { readonly kind: 'ambiguous' }
);

type MetadataLookup = PublishedMetadata | { readonly kind: 'none' };

const NONE: MetadataLookup = { kind: 'none' };

/** @returns the URL of the metadata of `resource`: the well-known path, inserted between host and path (RFC 9728 section 3.1). */
export function protectedResourceMetadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource);
  return `${origin}${wellKnownTarget(pathname, search)}`;
}

/**
 * @returns every document, built only from the configured resource URIs; routes of one resource share one. The targets are
 *   a closed set that is matched byte for byte, before the routes.
 */
export function createMetadataIndex(routes: readonly Route[]): MetadataIndex {
  const index = createEmptyMetadataIndex();
  for (const route of routes) addMetadata(index, route);
  return index;
}

/** @returns an index without documents, for `addMetadata`. */
export function createEmptyMetadataIndex(): MetadataIndex {
  return { targets: new Map(), resources: new Map(), hosts: new Set() };
}

/** Adds the document of one more route to an index that is not in use yet. */
export function addMetadata({ targets, resources, hosts }: MetadataIndex, route: Route): void {
  if (route.host !== undefined) hosts.add(route.host);
  if (route.public) return;
  const known = resources.get(route.resource);
  if (known) {
    known.group.push(route);
    return;
  }
  const { host: authority, hostname: host, pathname, search } = new URL(route.resource);
  const document: MetadataDocument = { authority, host, group: [route] };
  hosts.add(host);
  resources.set(route.resource, document);
  const target = wellKnownTarget(pathname, search);
  placeAt(targets, target).own.push(document);
  // Clients add a slash, also where the resource has none (RFC 9728 has them add nothing).
  if (search === '' && !target.endsWith('/')) placeAt(targets, `${target}/`).withoutSlash.push(document);
}

function placeAt(targets: Map<string, Place>, target: string): Place {
  const place = targets.get(target) ?? { own: [], withoutSlash: [] };
  targets.set(target, place);
  return place;
}

/**
 * @param target path and query of the request, as sent.
 * @param authority its Host, if it has one: it selects among resources of one path and never appears in the document.
 */
export function findMetadata({ targets, hosts }: MetadataIndex, target: string, authority = ''): MetadataLookup {
  const place = targets.get(target);
  if (!place) return NONE;
  const variesByHost = hosts.size > 1 || place.own.length + place.withoutSlash.length > 1;
  const document = selectDocument(place, authority.toLowerCase(), hosts);
  return document ? { kind: 'document', variesByHost, body: bodyOf(document) } : { kind: 'ambiguous', variesByHost };
}

/**
 * The resource in the document is to be the one that was asked for (RFC 9728 section 3.3): by Host and port, else by Host alone, as
 * behind a proxy that listens elsewhere. A Host that stands in no resource and no route, as an address that only a proxy knows,
 * gets the document of a place that has only one.
 */
function selectDocument(place: Place, authority: string, hosts: ReadonlySet<string>): MetadataDocument | undefined {
  const exact = findOnly(place, document => document.authority === authority, true);
  if (exact) return exact;
  const host = authority.replace(/:\d*$/, '');
  return findOnly(place, hosts.has(host) ? document => document.host === host : () => true);
}

/** @param isFirst whether the first of several is meant. @returns the document that fits; those that are meant without the slash come last. */
function findOnly(
  { own, withoutSlash }: Place,
  fits: (document: MetadataDocument) => boolean,
  isFirst = false,
): MetadataDocument | undefined {
  for (const documents of [own, withoutSlash]) {
    const [first, ...others] = documents.filter(fits);
    if (first) return isFirst || others.length === 0 ? first : undefined;
  }
  return undefined;
}

/** A slash that ends the URI right after the host is left out (RFC 9728 section 3.1). */
function wellKnownTarget(pathname: string, search: string): string {
  return `${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`;
}

/** Routes of one resource. */
type Group = [ProtectedRoute, ...ProtectedRoute[]];

function bodyOf(document: MetadataDocument): string {
  document.body ??= JSON.stringify(describeResource(document.group));
  return document.body;
}

/** RFC 9728 section 2; a parameter without elements is left out (section 3.2). */
function describeResource(group: Group): Readonly<Record<string, unknown>> {
  const servers = new Set(group.flatMap(listServers));
  const scopes = new Set(
    group.flatMap(route => route.metadata.scopes ?? route.scopeRules.flatMap(rule => rule.scopes)),
  );
  const name = group.find(route => route.name !== undefined)?.name;
  return {
    resource: group[0].resource,
    ...(servers.size > 0 && { authorization_servers: [...servers] }),
    ...(scopes.size > 0 && { scopes_supported: [...scopes] }),
    bearer_methods_supported: ['header'],
    ...(name !== undefined && { resource_name: name }),
  };
}

/** @returns where clients of `route` get tokens: an issuer whose name is no URL has no metadata that a client could find. */
export function listServers({ metadata, issuers }: ProtectedRoute): readonly string[] {
  return metadata.authorizationServers ?? [...issuers].filter(isServerUrl);
}
