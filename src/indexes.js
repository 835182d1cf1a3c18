/** The look-up tables of all routes of one configuration: for the route, the audience and the metadata of a request. */
import { addAudiences } from './authorization/audience.js';
import { addMetadata, createEmptyMetadataIndex } from './challenge/metadata.js';
import { addRoute, createEmptyTable } from './route/match.js';
import { eachInSlices } from './time-slices.js';
/** @returns the indexes over `routes`. */
export function createIndexes(routes) {
    const builder = new IndexBuilder();
    for (const route of routes)
        builder.add(route);
    return builder;
}
/** Like `createIndexes`, in slices, so that this thread serves requests in between. */
export async function createIndexesInSlices(routes) {
    const builder = new IndexBuilder();
    await eachInSlices(routes, route => builder.add(route));
    return builder;
}
class IndexBuilder {
    routes = createEmptyTable();
    audiences = new Map();
    metadata = createEmptyMetadataIndex();
    add(route) {
        addRoute(this.routes, route);
        addAudiences(this.audiences, route);
        addMetadata(this.metadata, route);
    }
}
