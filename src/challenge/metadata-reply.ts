/** The reply to a request for a metadata document: GET and HEAD, OPTIONS for pages of every origin, and conditional requests. */

import { createHash } from 'node:crypto';
import { type Denial, deny } from '../denial.ts';
import { type HeaderList, valuesOf } from '../http/header-list.ts';
import type { PublishedMetadata } from './metadata.ts';
import type { LocalReply } from './refusal.ts';

/** `Allow` of a document. */
export const METADATA_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Seconds. A changed document is the result of a changed configuration, and clients ask for it when they begin. */
const MAX_AGE = 300;

/** Documents are public, so pages of any origin may ask for them, with any field; `*` does not cover Authorization (Fetch). */
const PREFLIGHT = [
  ...['Allow', METADATA_METHODS.join(', ')],
  ...['Access-Control-Allow-Methods', 'GET, HEAD'],
  ...['Access-Control-Allow-Headers', '*, Authorization'],
  ...['Access-Control-Max-Age', '7200'],
];

/** @returns the fields of every reply at the place of a document, a refusal too. */
export function createMetadataFields({ variesByHost }: PublishedMetadata): HeaderList {
  return ['Access-Control-Allow-Origin', '*', ...(variesByHost ? ['Vary', 'Host'] : [])];
}

/**
 * @param fields of the request.
 * @returns the reply; `no_route` where the Host names none of the documents of this place; or `method_not_allowed`.
 */
export function createMetadataReply(
  metadata: PublishedMetadata,
  method: string,
  fields: HeaderList,
): LocalReply | Denial<'no_route' | 'method_not_allowed'> {
  if (metadata.kind === 'ambiguous') return deny('no_route');
  if (method === 'OPTIONS') return { status: 204, headers: PREFLIGHT, body: '' };
  if (!METADATA_METHODS.includes(method)) return deny('method_not_allowed');
  const { body } = metadata;
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const validators = ['Cache-Control', `max-age=${MAX_AGE}`, 'ETag', etag];
  // The body is not sent with a 304; Content-Length is that of the document (RFC 9110 section 8.6).
  if (isHeld(fields, etag)) return { status: 304, headers: validators, body };
  const about = ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body))];
  return { status: 200, headers: [...about, ...validators], body };
}

/** Whether the client has the document already: compared weakly (RFC 9110 section 13.1.2). */
function isHeld(fields: HeaderList, etag: string): boolean {
  const held = valuesOf(fields, 'if-none-match').join(',');
  return held.trim() === '*' || (held.match(/"[\x21\x23-\x7e]*"/g)?.includes(etag) ?? false);
}
