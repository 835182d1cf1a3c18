/** Absolute http(s) URIs (RFC 3986), checked as written and never rewritten. */

import { isLoopback } from './host.ts';
import { accept, type Parsed, type Refused, refuse } from './parsed-value.ts';
import { parsePathPrefix } from './path-prefix.ts';

export const ISSUER = 'an absolute https:// URI without query and fragment';
export const JWKS_URI = 'an absolute https:// or http:// URL';
export const RESOURCE = 'an absolute https:// or http:// URI without fragment';
export const UPSTREAM = 'an http:// or https:// URL such as http://billing:8080/api';

/** The URI of a protected resource (RFC 8707). An absolute URI has a colon, so no other word can be taken for one. */
export type ResourceUri = `${string}:${string}`;

/** What every absolute http(s) URI at least looks like, for editors. */
export const URI_FORM = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s/?#@]+(?:[/?][^\s#]*)?$/;

interface HttpUri {
  readonly path: string;
  readonly query: string | undefined;
  readonly origin: string;
}

/** RFC 3986 appendix B. */
const PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/;
const FORBIDDEN = /[^\x21-\x7e]|["<>\\^`{|}]|%(?![0-9A-Fa-f]{2})/;

/** @returns the exact `iss` (RFC 8414 section 2). */
export function parseIssuerUri(text: string): Parsed<string> {
  const uri = parseHttpUri(text);
  if (!uri.ok) return uri;
  return uri.value.query === undefined ? accept(text) : refuse('has a query');
}

/** @returns `text`, a URL from which keys can be fetched. */
export function parseJwksUri(text: string): Parsed<string> {
  const uri = parseHttpUri(text);
  return uri.ok ? accept(text) : uri;
}

/** @returns `text`, a resource URI (RFC 8707 section 2) whose metadata can be found (RFC 9728 section 3). */
export function parseResource(text: string): Parsed<ResourceUri> {
  const uri = parseHttpUri(text);
  if (uri.ok) return accept(text as ResourceUri);
  if (/^https?:/i.test(text) || suggestScheme(text) !== undefined) return uri;
  return refuse('is not an https URI, where the metadata of RFC 9728 is found', {
    expected: `${RESOURCE}, and any other identifier under audiences`,
  });
}

/** @returns the origin and the base path (`` or `/api`) to which requests are forwarded. */
export function parseUpstream(text: string): Parsed<{ readonly origin: string; readonly basePath: string }> {
  if (/^wss?:/i.test(text)) {
    const nearest = text.replace(/^ws/i, 'http');
    return refuse('is a WebSocket URL', { expected: 'http:// or https://, which carry upgrades too', nearest });
  }
  const uri = parseHttpUri(text);
  if (!uri.ok) return uri;
  if (uri.value.query !== undefined) return refuse('has a query');
  const basePath = uri.value.path.replace(/\/$/, '');
  const path = basePath === '' ? accept('') : parsePathPrefix(basePath);
  if (path.ok) return accept({ origin: uri.value.origin, basePath });
  return refuse(`has a path that ${path.fault.what}`, path.fault.expected ? { expected: path.fault.expected } : {});
}

/** @returns whether tokens or keys that go to `uri` could be read on the way: plain http to another machine. */
export function isInClear(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol === 'http:' && !isLoopback(hostname);
}

/** @returns whether scheme or host of `uri` have upper-case letters, which some clients write otherwise. */
export function hasUpperCaseOrigin(uri: string): boolean {
  const [, scheme = '', authority = ''] = PARTS.exec(uri) ?? [];
  return /[A-Z]/.test(scheme + authority);
}

/** Refuses what is no absolute http(s) URI, or has user information or a fragment. */
function parseHttpUri(text: string): Parsed<HttpUri> {
  if (FORBIDDEN.test(text))
    return refuse('has a character that a URI must not have', { expected: 'ASCII, other characters percent-encoded' });
  const [, scheme, authority, path = '', query, fragment] = PARTS.exec(text) ?? [];
  if (scheme === undefined) return refuse('is not absolute', { nearest: suggestScheme(text) });
  if (!/^https?$/i.test(scheme)) return refuse('is not an http(s) URI');
  if (authority === undefined || authority === '') return refuse('has no host');
  const refused = refuseParts(authority, path + (query ?? ''), fragment);
  if (refused !== undefined) return refused;
  if (!URL.canParse(text)) return refuse('has no valid host or port');
  return accept({ path, query, origin: new URL(text).origin });
}

function refuseParts(authority: string, rest: string, fragment: string | undefined): Refused | undefined {
  if (authority.includes('@')) return refuse('has user information', { expected: 'a URI without it' });
  if (fragment !== undefined) return refuse('has a fragment', { expected: 'a URI without it' });
  if (/[[\]]/.test(rest)) return refuse('has a [ or ] after the host', { expected: 'them percent-encoded' });
  return undefined;
}

function suggestScheme(text: string): string | undefined {
  const nearest = `https://${text.replace(/^\/+/, '')}`;
  return /^\/*[a-z0-9-]+\.[a-z0-9.-]+(?:\/|$)/i.test(text) ? nearest : undefined;
}
