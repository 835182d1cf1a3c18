/**
 * What a request to an MCP server asks for, in two steps: from its head, and, where a rule of the route depends on it, from its body.
 * Only these functions make an `McpRequest`, and `authorize` makes no grant for a route with `mcp` without one.
 */

import type { Mcp } from '../config/mcp-config.ts';
import { type Denial, deny } from '../denial.ts';
import type { HeaderList } from '../http/header-list.ts';
import { findWrongContent } from './content.ts';
import { type McpFields, readMcpFields } from './fields.ts';
import { type McpMessage, type McpMessages, readMessages } from './message.ts';
import { ReadBody } from './read-body.ts';
import { hasBatches, requiresMethodField } from './revision.ts';
import type { UnsupportedRevision } from './unsupported-revision.ts';

const asked = Symbol('asked');
/** Of 2026-07-28, in place of the GET stream of older revisions. */
const LISTEN = 'subscriptions/listen';

export interface McpRequest {
  readonly [asked]: true;
  readonly ok: true;
  /** Empty where the body was not read: no rule of the route depends on it, or there is none. */
  readonly messages: readonly McpMessage[];
  readonly isBatch: boolean;
  /** The body that was read: these bytes, and no others, are forwarded. `undefined` where it was not read. */
  readonly body: ReadBody | undefined;
  /** Whether it is `subscriptions/listen`, by `Mcp-Method` or by a body that was read: its answer goes on as long as the client listens. */
  readonly isSubscription: boolean;
  /** Whether it names a session that is not its sender's, on a route that only reports it. */
  readonly hasForeignSession: boolean;
}

/** As much of a request as its head says. */
export interface McpHead extends McpFields {
  readonly needsBody: boolean;
}

interface Asking {
  readonly method: string;
  readonly fields: HeaderList;
  readonly hasBody: boolean;
  /** Whether it opens a WebSocket. */
  readonly isHandshake: boolean;
}

type HeadReason = 'malformed_request' | 'unsupported_media_type';

/**
 * @param head what its `Mcp-*` fields say, where they were read before.
 * @returns what the head says. Where a rule depends on the body, it must be one of a POST, in JSON; a WebSocket would carry messages that
 *   nobody judges, so it is `malformed_request`.
 */
export function readMcpHead(
  settings: Mcp,
  { method, fields, hasBody, isHandshake }: Asking,
  head = readMcpFields(fields, settings.revisions),
): McpHead | Denial<HeadReason> | UnsupportedRevision {
  if (!head.ok) return head;
  if (!settings.hasRules) return { ...head, needsBody: false };
  if (isHandshake || (hasBody && method !== 'POST')) return deny('malformed_request');
  const wrong = method === 'POST' ? findWrongContent(fields) : undefined;
  return wrong ?? { ...head, needsBody: method === 'POST' };
}

/** @returns a request for these messages, for commands that have no body to read: without messages, what is decided before it is read. */
export function assumeRequest(messages: readonly McpMessage[] = []): McpRequest {
  const rest = { isBatch: false, body: undefined, isSubscription: false, hasForeignSession: false };
  return { [asked]: true, ok: true, messages, ...rest };
}

/** @returns the request where `head.needsBody` is false. */
export function withoutBody({ needsBody, method }: McpHead): McpRequest {
  if (needsBody) throw new Error('the body was not read');
  return { ...assumeRequest(), isSubscription: method === LISTEN };
}

/**
 * @param body every byte of it.
 * @returns the request; `malformed_request` for what is no message of its revision, `mcp_header_mismatch` where the fields say something
 *   else than the body.
 */
export function readMcpBody(
  settings: Mcp,
  head: McpHead,
  body: Buffer,
): McpRequest | Denial<'malformed_request' | 'mcp_header_mismatch'> {
  const read = readMessages(body);
  if (read === undefined || !isOfRevision(settings, head, read)) return deny('malformed_request');
  if (!read.messages.every(message => agrees(head, message))) return deny('mcp_header_mismatch');
  const isSubscription = read.messages.some(({ method }) => method === LISTEN);
  return { [asked]: true, ok: true, ...read, body: new ReadBody(body), isSubscription, hasForeignSession: false };
}

/** A request that names no revision may begin a session of another one than 2025-03-26, and do nothing else then. */
function isOfRevision({ revisions }: Mcp, { revision }: McpHead, { isBatch, messages }: McpMessages): boolean {
  if (isBatch && !hasBatches(revision)) return false;
  if (revisions.has(revision)) return true;
  return !isBatch && messages[0]?.method === 'initialize';
}

/** `resources/subscribe` is of older revisions, and has no `Mcp-Name`. */
const NAMED: readonly (string | undefined)[] = ['tools/call', 'prompts/get', 'resources/read'];

/** 2026-07-28, Server Validation. In older revisions a field need not be there, and must agree where it is. */
function agrees({ revision, method, name }: McpHead, message: McpMessage): boolean {
  const isRequired = requiresMethodField(revision);
  const agree = (field: string | null | undefined, member: string | undefined) =>
    field === undefined ? !isRequired : field === member;
  return agree(method, message.method) && (!NAMED.includes(message.method) || agree(name, message.target));
}
