/** The look-up tables of all routes of one configuration: for the route, the audience and the metadata of a request. */

import { type AudienceIndex, addAudiences } from './authorization/audience.ts';
import { addMetadata, createEmptyMetadataIndex, type MetadataIndex } from './challenge/metadata.ts';
import type { Route } from './config/config.ts';
import type { ResourceUri } from './config/values/address/uri.ts';
import { addRoute, createEmptyTable, type RouteTable } from './route/match.ts';
import { eachInSlices } from './time-slices.ts';

export interface Indexes {
  readonly routes: RouteTable;
  readonly audiences: AudienceIndex;
  readonly metadata: MetadataIndex;
}

/** @returns the indexes over `routes`. */
export function createIndexes(routes: readonly Route[]): Indexes {
  const builder = new IndexBuilder();
  for (const route of routes) builder.add(route);
  return builder;
}

/** Like `createIndexes`, in slices, so that this thread serves requests in between. */
export async function createIndexesInSlices(routes: readonly Route[]): Promise<Indexes> {
  const builder = new IndexBuilder();
  await eachInSlices(routes, route => builder.add(route));
  return builder;
}

class IndexBuilder implements Indexes {
  readonly routes = createEmptyTable();
  readonly audiences = new Map<string, ResourceUri>();
  readonly metadata: MetadataIndex = createEmptyMetadataIndex();

  add(route: Route): void {
    addRoute(this.routes, route);
    addAudiences(this.audiences, route);
    addMetadata(this.metadata, route);
  }
}
