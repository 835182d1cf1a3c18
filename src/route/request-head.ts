/** Checks a request's head: target form (RFC 9112 section 3.2), Host (RFC 9110 section 7.2), framing (RFC 9112 section 6). */

import { type Denial, deny } from '../denial.ts';
import { type HeaderList, reduceFields } from '../http/header-list.ts';
import { type CanonicalPath, canonicalizePath } from './path.ts';

/** A request as node:http parses it; `rawHeaders` has every duplicate field. */
export interface IncomingHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: HeaderList;
}

type HeadReason = 'malformed_request' | 'headers_too_large' | 'ambiguous_path' | 'no_route';

export interface RequestHead {
  readonly ok: true;
  readonly method: string;
  /** The Host as sent, valid. */
  readonly authority: string;
  /** Lower-case, without port, brackets kept: routes are matched by it. */
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
  /** The client waits for a 100 before it sends its body. Ignored in HTTP/1.0 (RFC 9110 section 10.1.1). */
  readonly expectsContinue: boolean;
}

/** RFC 3986 section 3.2.2 without userinfo and percent-encodings: a name, an IPv4 or an IPv6 address, then a port. */
const AUTHORITY = /^([A-Za-z0-9._~!$&'()*+=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)([^#]*)$/i;
/** Some servers silently ignore fields after a number of them; Apache httpd refuses more than 100. */
const MOST_FIELDS = 200;
/** Never forwarded, since some servers end the request target there (RFC 9112 section 3). */
const CONTROL_OR_BLANK = /[\x00-\x20\x7f]/;

/**
 * @returns the checked head, or `malformed_request` (not exactly one valid Host, a target that is not in
 *   origin-form nor an absolute-form of the same authority, a transfer coding other than a lone `chunked`, an
 *   expectation other than 100-continue), `headers_too_large` (more than 200 fields), `ambiguous_path` (a control character
 *   or a blank in the target), or `no_route` for `OPTIONS *`.
 */
export function readRequestHead(request: IncomingHead): RequestHead | Denial<HeadReason> {
  if (request.rawHeaders.length > 2 * MOST_FIELDS) return deny('headers_too_large');
  const fields = readFields(request.rawHeaders);
  const authority = fields.host.length === 1 ? (fields.host[0] ?? '') : '';
  const host = AUTHORITY.exec(authority)?.[1];
  const target = reduceTarget(request, authority);
  if (host === undefined || target === undefined) return deny('malformed_request');
  if (!hasOneFraming(fields, request.httpVersion)) return deny('malformed_request');
  if (target === '*') return deny('no_route');
  if (CONTROL_OR_BLANK.test(target)) return deny('ambiguous_path');
  return {
    ok: true,
    method: request.method ?? '',
    authority,
    host: host.toLowerCase().replace(/\.$/, ''),
    target,
    ...splitTarget(target),
    authorization: fields.authorization,
    ...describeBody(fields, request.httpVersion),
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

function describeBody({ transferEncoding, contentLength, expect }: Fields, version: string) {
  const length = contentLength[0] === undefined ? undefined : Number(contentLength[0]);
  return {
    hasBody: transferEncoding.length > 0 || (length ?? 0) > 0,
    contentLength: length,
    expectsContinue: expect.length > 0 && version !== '1.0',
  };
}

/** @returns whether a Host value may be shown in a log line. */
export function isAuthority(value: string): boolean {
  return AUTHORITY.test(value);
}

/** Absolute-form is reduced to origin-form; its authority must be that of the Host field (RFC 9112 section 3.2.2). */
function reduceTarget({ method, url = '' }: IncomingHead, authority: string): string | undefined {
  if (url.startsWith('/') || (url === '*' && method === 'OPTIONS')) return url;
  const absolute = ABSOLUTE_FORM.exec(url);
  if (absolute?.[1]?.toLowerCase() !== authority.toLowerCase()) return undefined;
  const pathAndQuery = absolute[2] ?? '';
  return pathAndQuery.startsWith('/') ? pathAndQuery : `/${pathAndQuery}`;
}

interface Fields {
  host: readonly string[];
  authorization: readonly string[];
  transferEncoding: readonly string[];
  contentLength: readonly string[];
  expect: readonly string[];
}

const NONE: readonly string[] = [];

function readFields(rawHeaders: HeaderList): Fields {
  const none: Fields = { host: NONE, authorization: NONE, transferEncoding: NONE, contentLength: NONE, expect: NONE };
  return reduceFields(rawHeaders, addField, none);
}

function addField(fields: Fields, name: string, value: string): Fields {
  const field = findField(name);
  if (field) fields[field] = [...fields[field], value];
  return fields;
}

/** Compares by length first, so that only names of these lengths are lower-cased. */
function findField(name: string): keyof Fields | undefined {
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'host' ? 'host' : undefined;
    case 6:
      return name.toLowerCase() === 'expect' ? 'expect' : undefined;
    case 13:
      return name.toLowerCase() === 'authorization' ? 'authorization' : undefined;
    case 14:
      return name.toLowerCase() === 'content-length' ? 'contentLength' : undefined;
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? 'transferEncoding' : undefined;
    default:
      return undefined;
  }
}

/** HTTP/1.0 has no transfer codings, so servers may frame such a message differently (RFC 9112 section 6.1). */
function hasOneFraming({ transferEncoding, contentLength, expect }: Fields, version: string): boolean {
  if (version !== '1.1' && (version !== '1.0' || transferEncoding.length > 0)) return false;
  if (transferEncoding.length + contentLength.length > 1) return false;
  if (transferEncoding.some(coding => coding.toLowerCase() !== 'chunked')) return false;
  if (contentLength.some(length => !/^\d{1,15}$/.test(length))) return false;
  return expect.every(expectation => expectation.toLowerCase() === '100-continue');
}
