/** Protected resource metadata (RFC 9728): which resource a client requests a token for, at which servers, with which scopes. */

import type { ProtectedRoute, Route } from '../config/config.ts';
import { isServerUrl } from '../config/values/address/uri.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

export interface MetadataIndex {
  /** Exact request target → the documents found there, each with the authority of its resource. */
  readonly targets: Map<string, MetadataDocument[]>;
  readonly resources: Map<string, MetadataDocument>;
}

interface MetadataDocument {
  /** Host and port of the resource URI, lower-case. */
  readonly authority: string;
  readonly group: Group;
  /** JSON text, made when it is first requested: most documents never are. */
  body?: string;
}

/** What is published at a request target. */
export type PublishedMetadata =
  /** JSON text. */
  | { readonly kind: 'document'; readonly body: string }
  /** Several documents, and the Host names the resource of none: no upstream gets such a request either. */
  | { readonly kind: 'ambiguous' };

type MetadataLookup = PublishedMetadata | { readonly kind: 'none' };

const NONE: MetadataLookup = { kind: 'none' };
const AMBIGUOUS: MetadataLookup = { kind: 'ambiguous' };

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
  const index: MetadataIndex = { targets: new Map(), resources: new Map() };
  for (const route of routes) addMetadata(index, route);
  return index;
}

/** Adds the document of one more route to an index that is not in use yet. */
export function addMetadata({ targets, resources }: MetadataIndex, route: Route): void {
  if (route.public) return;
  const known = resources.get(route.resource);
  if (known) {
    known.group.push(route);
    return;
  }
  const { host, pathname, search } = new URL(route.resource);
  const document: MetadataDocument = { authority: host, group: [route] };
  resources.set(route.resource, document);
  const target = wellKnownTarget(pathname, search);
  // Clients request the metadata of a root resource with and without the slash.
  for (const spelling of pathname === '/' && search === '' ? [target, `${target}/`] : [target]) {
    const documents = targets.get(spelling);
    if (documents) documents.push(document);
    else targets.set(spelling, [document]);
  }
}

/**
 * @param target path and query of the request, as sent.
 * @param authority its Host, if it has one: it selects among resources of one path and never appears in the document.
 */
export function findMetadata({ targets }: MetadataIndex, target: string, authority = ''): MetadataLookup {
  const documents = targets.get(target);
  if (!documents) return NONE;
  const [only] = documents;
  if (only && documents.length === 1) return foundDocument(only);
  const wanted = authority.toLowerCase();
  const exact = documents.find(document => document.authority === wanted);
  const found = exact ?? documents.find(document => hostname(document.authority) === hostname(wanted));
  return found ? foundDocument(found) : AMBIGUOUS;
}

/** A slash that ends the URI right after the host is left out (RFC 9728 section 3.1). */
function wellKnownTarget(pathname: string, search: string): string {
  return `${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`;
}

/** Routes of one resource. */
type Group = [ProtectedRoute, ...ProtectedRoute[]];

function foundDocument(document: MetadataDocument): MetadataLookup {
  document.body ??= JSON.stringify(describeResource(document.group));
  return { kind: 'document', body: document.body };
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

function hostname(authority: string): string {
  return authority.replace(/:\d*$/, '');
}
