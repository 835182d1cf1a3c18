/**
 * The header fields that the client gets: the upstream's, without fields that belong to the upstream's connection, with those
 * changed by which it names itself, and by the rules of the route; and our own.
 */

import type { Route } from '../config/config.ts';
import type { Reason } from '../denial.ts';
import {
  type HeaderList,
  isHopByHop,
  isName,
  NO_FIELDS,
  readConnectionOptions,
  reduceFields,
  valuesOf,
} from '../http/header-list.ts';
import type { Rewriting } from './rewriting/place.ts';
import { rewriteFields } from './rewriting/rewriting.ts';

/** For the operator: the reason for which a higher enforcement mode would have refused the request. */
const WOULD_DENY = 'audgate-would-deny';

/** How the fields of one response are changed. */
export interface ResponseEdits {
  readonly rules: ResponseRules;
  /** `undefined` where `rewrite_location` is off. */
  readonly rewriting: Rewriting | undefined;
}

/** `response_headers` of a route. */
export interface ResponseRules {
  /** Lower-case names that are removed or set; `undefined` for none. */
  readonly replaced: ReadonlySet<string> | undefined;
  readonly set: HeaderList;
}

/** Where a route has no such keys, and `rewrite_location` is off. */
export const NO_EDITS: ResponseEdits = { rules: { replaced: undefined, set: NO_FIELDS }, rewriting: undefined };

/** @returns the rules of `route`, created for its first request, then reused. */
export function createResponseRules({
  responseHeaders: { set, remove },
}: Pick<Route, 'responseHeaders'>): ResponseRules {
  const replaced = new Set([...set.keys(), ...remove].map(name => name.toLowerCase()));
  return { replaced: replaced.size > 0 ? replaced : undefined, set: [...set].flat() };
}

/** @returns the field of a denial that was only reported, where the route shows it. */
export function createNotice(route: Route, reported: Reason | undefined): HeaderList {
  return reported !== undefined && !route.public && route.wouldDenyHeader ? [WOULD_DENY, reported] : NO_FIELDS;
}

/**
 * @param received the upstream's fields, each Latin-1 text.
 * @param added fields of ours, which replace what the upstream sent under their names. Vary is a list, to which ours adds.
 * @returns the end-to-end fields of both, without Content-Length: whoever writes the response frames it, by the body that it has.
 */
export function createResponseHeaders(
  received: HeaderList,
  added: HeaderList = NO_FIELDS,
  { rules, rewriting }: ResponseEdits = NO_EDITS,
): HeaderList {
  const filter = { added, listed: readConnectionOptions(received), replaced: rules.replaced };
  const kept = reduceFields(received, addField, [...added], filter);
  const rewritten = rewriting ? rewriteFields(kept, rewriting) : kept;
  return rules.set.length > 0 ? reduceFields(rules.set, addSetField, [...rewritten], filter) : rewritten;
}

interface Exclusions {
  readonly added: HeaderList;
  /** Names that Connection lists, lower-case. */
  readonly listed: ReadonlySet<string> | undefined;
  readonly replaced: ReadonlySet<string> | undefined;
}

function addField(headers: string[], name: string, value: string, filter: Exclusions): string[] {
  const lower = name.toLowerCase();
  if (lower === 'content-length' || isHopByHop(lower) || filter.listed?.has(lower)) return headers;
  if (filter.replaced?.has(lower) || isReplaced(lower, filter.added)) return headers;
  headers.push(name, value);
  return headers;
}

function addSetField(headers: string[], name: string, value: string, { added }: Exclusions): string[] {
  if (!isReplaced(name.toLowerCase(), added)) headers.push(name, value);
  return headers;
}

function isReplaced(lower: string, added: HeaderList): boolean {
  for (let index = 0; index < added.length; index += 2) {
    if (isName(added[index] ?? '', lower)) return lower !== 'vary';
  }
  return false;
}

/** @returns whether the fields announce an event stream (HTML Standard, server-sent events). */
export function isEventStream(fields: HeaderList): boolean {
  return valuesOf(fields, 'content-type').some(value => /^text\/event-stream\s*(?:;|$)/i.test(value));
}

/** @returns the fields of an interim response with Early Hints (RFC 8297) that are forwarded. */
export function createHints(received: HeaderList, { rules, rewriting }: ResponseEdits = NO_EDITS): HeaderList {
  if (rules.replaced?.has('link')) return NO_FIELDS;
  const links = valuesOf(received, 'link').flatMap(link => ['Link', link]);
  return rewriting ? rewriteFields(links, rewriting) : links;
}
