/** Checks a request's head: version, target and Host (request-target.ts), framing (RFC 9112 section 6), Expect (RFC 9110 section 10.1.1). */

import { type Denial, deny } from '../denial.ts';
import { type HeaderList, reduceFields } from '../http/header-list.ts';
import { type CanonicalPath, canonicalizePath } from './path.ts';
import { readTarget } from './request-target.ts';

/** A request as it was parsed; `fields` has every duplicate field. */
export interface IncomingHead {
  readonly method: string;
  /** The request target, as sent. */
  readonly target: string;
  readonly version: string;
  readonly fields: HeaderList;
}

type HeadReason =
  | 'malformed_request'
  | 'headers_too_large'
  | 'version_not_supported'
  | 'expectation_failed'
  | 'ambiguous_path'
  | 'no_route';

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
  /** The client waits for a 100 before it sends its body. Ignored in HTTP/1.0 (RFC 9110 section 10.1.1). */
  readonly expectsContinue: boolean;
}

/** Some servers silently ignore fields after a number of them; Apache httpd refuses more than 100. */
const MOST_FIELDS = 200;
const CONTINUE = /^100-continue$/i;
/** Never forwarded, since some servers end the request target there (RFC 9112 section 3). */
const CONTROL_OR_BLANK = /[\x00-\x20\x7f]/;

/**
 * @returns the checked head, or `version_not_supported` (neither 1.0 nor 1.1), `malformed_request` (not exactly one valid Host,
 *   save none in HTTP/1.0; a target that is not in origin-form nor an absolute-form of the same authority; a transfer coding
 *   other than a lone `chunked`), `expectation_failed` (something else than 100-continue), `headers_too_large` (more than 200
 *   fields), `ambiguous_path` (a control character or a blank in the target), or `no_route` for `OPTIONS *`.
 */
export function readRequestHead(request: IncomingHead): RequestHead | Denial<HeadReason> {
  if (request.fields.length > 2 * MOST_FIELDS) return deny('headers_too_large');
  if (request.version !== '1.1' && request.version !== '1.0') return deny(reasonOfVersion(request));
  const fields = readFields(request.fields);
  const place = readTarget(request, fields.host);
  if (place === undefined || !hasOneFraming(fields, request.version)) return deny('malformed_request');
  if (fields.expect.some(expectation => !CONTINUE.test(expectation))) return deny('expectation_failed');
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
    authorization: fields.authorization,
    ...describeBody(fields, request.version),
  };
}

/** A request line without a version is one of HTTP/0.9, which is no HTTP message (RFC 9112 section 2.3). */
function reasonOfVersion({ version }: IncomingHead): HeadReason {
  return version === '0.9' ? 'malformed_request' : 'version_not_supported';
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
function hasOneFraming({ transferEncoding, contentLength }: Fields, version: string): boolean {
  if (version === '1.0' && transferEncoding.length > 0) return false;
  if (transferEncoding.length + contentLength.length > 1) return false;
  if (transferEncoding.some(coding => coding.toLowerCase() !== 'chunked')) return false;
  return contentLength.every(length => /^\d{1,15}$/.test(length));
}
