/** Protected resource metadata (RFC 9728): tells a client which resource to ask for, where, with which scopes. */

import type { ProtectedRoute, Route } from '../config/config.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** Exact request target → the documents found there, each with the authority of its resource. */
export type MetadataIndex = ReadonlyMap<string, readonly MetadataDocument[]>;

export interface MetadataDocument {
  /** Host and port of the resource URI, lower-case. */
  readonly authority: string;
  /** JSON text. */
  readonly body: string;
}

/** @returns where the metadata of `resource` is found: inserted between host and path (RFC 9728 section 3.1). */
export function protectedResourceMetadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource);
  return `${origin}${wellKnownTarget(pathname, search)}`;
}

/**
 * @returns every document, built from the configured resource URIs and nothing else; routes of one resource share one.
 *   The targets are a closed set that is matched byte for byte, before the routes.
 */
export function createMetadataIndex(routes: readonly Route[]): MetadataIndex {
  const index = new Map<string, MetadataDocument[]>();
  for (const group of groupByResource(routes)) {
    const { host, pathname, search } = new URL(group[0].resource);
    const document = { authority: host, body: JSON.stringify(describeResource(group)) };
    const target = wellKnownTarget(pathname, search);
    // The root is asked for with and without its slash.
    for (const spelling of pathname === '/' && search === '' ? [target, `${target}/`] : [target]) {
      index.set(spelling, [...(index.get(spelling) ?? []), document]);
    }
  }
  return index;
}

/**
 * @param target path and query of the request, as sent.
 * @param authority its Host: it selects among resources of one path and never appears in the answer.
 * @returns the JSON text; `undefined` where nothing is published; `null` where several are and the Host names none of
 *   them: the target is ours all the same, and no upstream's.
 */
export function findMetadata(index: MetadataIndex, target: string, authority: string): string | null | undefined {
  const documents = index.get(target);
  if (!documents || documents.length === 1) return documents?.[0]?.body;
  const wanted = authority.toLowerCase();
  const exact = documents.find(document => document.authority === wanted);
  return (exact ?? documents.find(document => hostname(document.authority) === hostname(wanted)))?.body ?? null;
}

/** A terminating slash after the host goes when nothing follows it (RFC 9728 section 3.1). */
function wellKnownTarget(pathname: string, search: string): string {
  return `${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`;
}

type Group = readonly [ProtectedRoute, ...ProtectedRoute[]];

function groupByResource(routes: readonly Route[]): Iterable<Group> {
  const groups = new Map<string, [ProtectedRoute, ...ProtectedRoute[]]>();
  for (const route of routes) {
    if (route.public) continue;
    const group = groups.get(route.resource);
    if (group) group.push(route);
    else groups.set(route.resource, [route]);
  }
  return groups.values();
}

/** RFC 9728 section 2; a parameter without elements is left out (section 3.2). */
function describeResource(group: Group): Readonly<Record<string, unknown>> {
  const issuers = new Set(group.flatMap(route => [...route.issuers]));
  const scopes = new Set(group.flatMap(route => route.scopeRules.flatMap(rule => rule.scopes)));
  const name = group.find(route => route.name !== undefined)?.name;
  return {
    resource: group[0].resource,
    authorization_servers: [...issuers],
    ...(scopes.size > 0 && { scopes_supported: [...scopes] }),
    bearer_methods_supported: ['header'],
    ...(name !== undefined && { resource_name: name }),
  };
}

function hostname(authority: string): string {
  return authority.replace(/:\d*$/, '');
}
