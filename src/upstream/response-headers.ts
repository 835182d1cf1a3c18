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
  listMembers,
  NO_FIELDS,
  readConnectionOptions,
  reduceFields,
  valuesOf,
} from '../http/header-list.ts';
import type { SessionBinding } from '../mcp/session-binding.ts';
import type { RespondingEndpoint, Rewriting } from './rewriting/place.ts';
import { rewriteFields } from './rewriting/rewriting.ts';
import { bindSessionId } from './session-fields.ts';

/** For the operator: the reason for which a higher enforcement mode would have refused the request. */
const WOULD_DENY = 'audgate-would-deny';

/** How the fields of one response are changed. */
export interface ResponseEdits {
  readonly rules: ResponseRules;
  /** `undefined` where `rewrite_location` is off. */
  readonly rewriting: Rewriting | undefined;
  /** Of the sessions of an MCP server; `undefined` where their ids pass unchanged. */
  readonly session?: SessionBinding | undefined;
}

/** What a route says of its responses. */
export interface ResponseRules {
  /** Lower-case names of `response_headers`, set or removed; `undefined` for none. */
  readonly replaced: ReadonlySet<string> | undefined;
  readonly set: HeaderList;
  /** What the upstream says of CORS is dropped. */
  readonly hasCors: boolean;
}

/** Where a route has none of these keys, and `rewrite_location` is off. */
export const NO_EDITS: ResponseEdits = {
  rules: { replaced: undefined, set: NO_FIELDS, hasCors: false },
  rewriting: undefined,
};

/** @returns the rules of `route`, created for its first request, then reused. */
export function createResponseRules({ responseHeaders, cors }: Pick<Route, 'responseHeaders' | 'cors'>): ResponseRules {
  const { set, remove } = responseHeaders;
  const replaced = new Set([...set.keys(), ...remove].map(name => name.toLowerCase()));
  return { replaced: replaced.size > 0 ? replaced : undefined, set: [...set].flat(), hasCors: cors !== undefined };
}

/** @returns the field of a denial that was only reported, where the route shows it. */
export function createNotice(route: Route, reported: Reason | undefined): HeaderList {
  return reported !== undefined && !route.public && route.wouldDenyHeader ? [WOULD_DENY, reported] : NO_FIELDS;
}

/**
 * @param received the upstream's fields, each Latin-1 text.
 * @param added fields of ours, which replace what the upstream sent under their names. Vary is a list, and holds both.
 * @param endpoint where they come from.
 * @returns the end-to-end fields of both, without Content-Length: whoever writes the response frames it, by the body that it has.
 */
export function createResponseHeaders(
  received: HeaderList,
  added: HeaderList = NO_FIELDS,
  { rules, rewriting, session }: ResponseEdits = NO_EDITS,
  endpoint?: RespondingEndpoint,
): HeaderList {
  const exclusions = { added, listed: readConnectionOptions(received), rules };
  const kept = reduceFields(received, addReceived, [...added], exclusions);
  const located = rewriting && endpoint ? rewriteFields(kept, rewriting, endpoint) : kept;
  const rewritten = session ? bindSessionId(located, session) : located;
  return rules.set.length > 0 ? reduceFields(rules.set, addSet, [...rewritten], added) : rewritten;
}

interface Exclusions {
  readonly added: HeaderList;
  /** Names that Connection lists, lower-case. */
  readonly listed: ReadonlySet<string> | undefined;
  readonly rules: ResponseRules;
}

function addReceived(headers: string[], name: string, value: string, given: Exclusions): string[] {
  const { added, listed, rules } = given;
  const lower = name.toLowerCase();
  if (lower === 'content-length' || isHopByHop(lower) || listed?.has(lower)) return headers;
  if (rules.replaced?.has(lower) || (rules.hasCors && lower.startsWith('access-control-'))) return headers;
  if (!isAdded(lower, added)) headers.push(name, value);
  else if (lower === 'vary') joinVary(headers, value);
  return headers;
}

/** What we add ourselves stays as it is. */
function addSet(headers: string[], name: string, value: string, added: HeaderList): string[] {
  const lower = name.toLowerCase();
  if (!isAdded(lower, added)) headers.push(name, value);
  else if (lower === 'vary') joinVary(headers, value);
  return headers;
}

function isAdded(lower: string, added: HeaderList): boolean {
  for (let index = 0; index < added.length; index += 2) {
    if (isName(added[index] ?? '', lower)) return true;
  }
  return false;
}

/** Adds the members of `value` that are not there yet to the Vary of `headers` (RFC 9110 section 12.5.5). */
function joinVary(headers: string[], value: string): void {
  const at = headers.findIndex((name, index) => index % 2 === 0 && isName(name, 'vary'));
  const known = listMembers(headers[at + 1] ?? '');
  const names = new Set(known.map(name => name.toLowerCase()));
  headers[at + 1] = [...known, ...listMembers(value).filter(name => !names.has(name.toLowerCase()))].join(', ');
}

/** @returns whether the fields announce an event stream (HTML Standard, server-sent events). */
export function isEventStream(fields: HeaderList): boolean {
  return valuesOf(fields, 'content-type').some(value => /^text\/event-stream\s*(?:;|$)/i.test(value));
}

/** @returns the fields of an interim response with Early Hints (RFC 8297) that are forwarded. */
export function createHints(
  received: HeaderList,
  { rules, rewriting }: ResponseEdits = NO_EDITS,
  endpoint?: RespondingEndpoint,
): HeaderList {
  if (rules.replaced?.has('link')) return NO_FIELDS;
  const links = valuesOf(received, 'link').flatMap(link => ['Link', link]);
  return rewriting && endpoint ? rewriteFields(links, rewriting, endpoint) : links;
}
