/** Absolute http(s) URIs (RFC 3986). They are checked but never rewritten, since `iss` and `aud` are compared exactly. */

import { accept, type ParsedValue, type Rejected, reject } from '../parsed-value.ts';
import { isLoopback } from './host.ts';

export const ISSUER = 'the exact iss of its tokens';
export const DISCOVERED_ISSUER = 'an absolute https:// URI without query and fragment, or jwks_uri or jwks_file';
export const SERVER_URL = 'the https:// URL of an authorization server';
export const JWKS_URI = 'an absolute https:// or http:// URL';
export const RESOURCE = 'an absolute https:// or http:// URI without fragment';

/** The URI of a protected resource (RFC 8707). The colon in the type keeps it apart from the labels `foreign`, `missing`, `multiple`. */
export type ResourceUri = `${string}:${string}`;

export const TARGET_RESOURCE = 'an absolute URI without fragment';

/** The patterns in the JSON Schema; the parsers are stricter. */
export const TARGET_FORM = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s#]+$/;
export const URI_FORM = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s/?#@]+(?:[/?][^\s#]*)?$/;

export interface HttpUri {
  readonly path: string;
  readonly query: string | undefined;
  readonly origin: string;
}

/** RFC 3986 appendix B. */
const PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/;
const FORBIDDEN = /[^\x21-\x7e]|["<>\\^`{|}]|%(?![0-9A-Fa-f]{2})/;

/** @returns `text`, the exact `iss` (RFC 8414 section 2); rejects a query and a fragment. */
export function parseIssuerUri(text: string): ParsedValue<string> {
  const uri = parseHttpUri(text);
  if (!uri.ok) return uri;
  return uri.value.query === undefined ? accept(text) : reject('has a query');
}

/** @returns `text`, an `iss` that is only compared (RFC 7519 section 4.1.1): any text but an empty one or one with controls. */
export function parseIssuerName(text: string): ParsedValue<string> {
  if (text === '') return reject('is empty');
  return /\p{Cc}/u.test(text) ? reject('has a control character') : accept(text);
}

/** @returns `text`, the issuer identifier of an authorization server (RFC 9728 section 2). */
export function parseServerUrl(text: string): ParsedValue<string> {
  return parseIssuerUri(text);
}

/** @returns whether an issuer can be named to clients as an authorization server: `iss` is any string, its metadata needs a URL. */
export function isServerUrl(issuer: string): boolean {
  return parseIssuerUri(issuer).ok;
}

/** @returns `text`, the URL of a key set. */
export function parseJwksUri(text: string): ParsedValue<string> {
  const uri = parseHttpUri(text);
  return uri.ok ? accept(text) : uri;
}

/** @returns `text`, a resource URI (RFC 8707 section 2) whose metadata can be found (RFC 9728 section 3). */
export function parseResource(text: string): ParsedValue<ResourceUri> {
  const uri = parseHttpUri(text);
  if (uri.ok) return accept(text as ResourceUri);
  if (/^https?:/i.test(text) || suggestScheme(text) !== undefined) return uri;
  return reject('is not an https URI, where the metadata of RFC 9728 is found', {
    expected: `${RESOURCE}, and any other identifier under audiences`,
  });
}

/** @returns `text`, the resource that a token is asked for (RFC 8707 section 2): of any scheme, since only its issuer reads it. */
export function parseTargetResource(text: string): ParsedValue<string> {
  if (/^https?:/i.test(text)) {
    const uri = parseHttpUri(text);
    return uri.ok ? accept(text) : uri;
  }
  if (text.includes('#')) return reject('has a fragment', { expected: 'a URI without it' });
  return TARGET_FORM.test(text) && !FORBIDDEN.test(text) ? accept(text) : reject('is not an absolute URI');
}

/** @returns whether `uri` is plain http to another machine, so that tokens or keys could be read on the way. */
export function isInClear(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol === 'http:' && !isLoopback(hostname);
}

/** @returns whether scheme or host of `uri` have upper-case letters, which some clients write in lower case. */
export function hasUpperCaseOrigin(uri: string): boolean {
  const [, scheme = '', authority = ''] = PARTS.exec(uri) ?? [];
  return /[A-Z]/.test(scheme + authority);
}

/** @returns the parts of `text`; rejects what is no absolute http(s) URI, or has user information or a fragment. */
export function parseHttpUri(text: string): ParsedValue<HttpUri> {
  if (FORBIDDEN.test(text))
    return reject('has a character that a URI must not have', { expected: 'ASCII, other characters percent-encoded' });
  const [, scheme, authority, path = '', query, fragment] = PARTS.exec(text) ?? [];
  if (scheme === undefined) return reject('is not absolute', { nearest: suggestScheme(text) });
  if (!/^https?$/i.test(scheme)) return reject('is not an http(s) URI');
  if (authority === undefined || authority === '') return reject('has no host');
  const rejected = rejectParts(authority, path + (query ?? ''), fragment);
  if (rejected !== undefined) return rejected;
  if (!URL.canParse(text)) return reject('has no valid host or port');
  return accept({ path, query, origin: new URL(text).origin });
}

function rejectParts(authority: string, rest: string, fragment: string | undefined): Rejected | undefined {
  if (authority.includes('@')) return reject('has user information', { expected: 'a URI without it' });
  if (fragment !== undefined) return reject('has a fragment', { expected: 'a URI without it' });
  if (/[[\]]/.test(rest)) return reject('has a [ or ] after the host', { expected: 'them percent-encoded' });
  return undefined;
}

function suggestScheme(text: string): string | undefined {
  const nearest = `https://${text.replace(/^\/+/, '')}`;
  return /^\/*[a-z0-9-]+\.[a-z0-9.-]+(?:\/|$)/i.test(text) ? nearest : undefined;
}
