/** Checks a request's head: Host and target (request-target.ts), path, Expect (RFC 9110 section 10.1.1). Its framing was checked as it was read. */

import { type Denial, deny } from '../denial.ts';
import { type HeaderList, isName, reduceFields } from '../http/header-list.ts';
import type { RequestHead as ParsedHead } from '../http/message.ts';
import { type CanonicalPath, canonicalizePath } from './path.ts';
import { readTarget } from './request-target.ts';

/** A request as it was parsed; `fields` has every duplicate field. */
export type IncomingHead = Omit<ParsedHead, 'protocol'>;

type HeadReason = 'malformed_request' | 'headers_too_large' | 'expectation_failed' | 'ambiguous_path' | 'no_route';

export interface RequestHead {
  readonly ok: true;
  readonly method: string;
  /** The Host as sent, valid; that of an absolute-form where there is none. `undefined`: HTTP/1.0 named no host at all. */
  readonly authority: string | undefined;
  /** Lower-case, without port, brackets kept: routes are matched by it. Empty where no host was named: routes of every host only. */
  readonly host: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** Canonical; `matchRequest` decides on one that is not. */
  readonly path: CanonicalPath | Denial<'ambiguous_path'>;
  /** As sent. No control character or blank is in it. */
  readonly sentPath: string;
  /** With its `?`; never rewritten and never matched on. */
  readonly query: string;
  /** The value of every Authorization field. */
  readonly authorization: readonly string[];
  readonly hasBody: boolean;
  /** `undefined`: none given, as with a chunked body. */
  readonly contentLength: number | undefined;
}

/** Some servers silently ignore fields after a number of them; Apache httpd refuses more than 100. */
const MOST_FIELDS = 200;
/** Never forwarded, since some servers end the request target there (RFC 9112 section 3). */
const CONTROL_OR_BLANK = /[\x00-\x20\x7f]/;

/**
 * @returns the checked head, or `malformed_request` (not exactly one valid Host, save none in HTTP/1.0; a target that is not in
 *   origin-form nor an absolute-form of the same authority), `expectation_failed` (something else than 100-continue),
 *   `headers_too_large` (more than 200 fields), `ambiguous_path` (a control character or a blank in the target), or `no_route`
 *   for `OPTIONS *`.
 */
export function readRequestHead(request: IncomingHead): RequestHead | Denial<HeadReason> {
  if (request.fields.length > 2 * MOST_FIELDS) return deny('headers_too_large');
  const { host: hosts, authorization } = readFields(request.fields);
  const place = readTarget(request, hosts);
  if (place === undefined) return deny('malformed_request');
  if (request.expects === 'unknown') return deny('expectation_failed');
  const { authority, host, target } = place;
  if (target === '*') return deny('no_route');
  if (CONTROL_OR_BLANK.test(target)) return deny('ambiguous_path');
  return {
    ok: true,
    method: request.method,
    authority,
    host,
    target,
    ...splitTarget(target),
    authorization,
    hasBody: request.body !== 'none' && request.body !== 0,
    contentLength: typeof request.body === 'number' ? request.body : undefined,
  };
}

function splitTarget(target: string) {
  const question = target.indexOf('?');
  const end = question === -1 ? target.length : question;
  const sentPath = target.slice(0, end);
  const query = target.slice(end);
  // Servers also differ on a fragment after the query.
  return { path: query.includes('#') ? deny('ambiguous_path') : canonicalizePath(sentPath), sentPath, query };
}

interface Fields {
  host: readonly string[];
  authorization: readonly string[];
}

const NONE: readonly string[] = [];

function readFields(fields: HeaderList): Fields {
  return reduceFields(fields, addField, { host: NONE, authorization: NONE });
}

function addField(fields: Fields, name: string, value: string): Fields {
  const field = findField(name);
  if (field) fields[field] = [...fields[field], value];
  return fields;
}

function findField(name: string): keyof Fields | undefined {
  if (isName(name, 'host')) return 'host';
  return isName(name, 'authorization') ? 'authorization' : undefined;
}
