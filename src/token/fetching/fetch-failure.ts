/** Messages for a fetch that failed, written so that an operator knows what to change. Pure. */

import type { Issuer } from '../../config/config.ts';
import { escapeJson } from '../../config/diagnostics/visible-text.ts';

const REDIRECTS = [301, 302, 303, 307, 308];
const LONGEST_URL = 256;
const UNTRUSTED_CERTIFICATE = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];
const TLS_CODE = /^(?:CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|HOSTNAME_MISMATCH$)/;

/** @returns `url` without credentials, query and fragment, which may be secret. */
export function describeUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.slice(0, LONGEST_URL);
}

/** @returns the file or URL from which the keys of an issuer come; the issuer itself where they are discovered. */
export function describeSource({ issuer, keySource }: Pick<Issuer, 'issuer' | 'keySource'>): string {
  if (keySource.kind === 'file') return keySource.path;
  return describeUrl(keySource.kind === 'uri' ? keySource.uri : issuer);
}

/**
 * @param issuer from a metadata document: text of a peer, so it is escaped, and cut. A missing slash can be seen. A URL with
 *   credentials or a query, which may be secret, is not shown.
 */
export function describeName(issuer: unknown): string {
  if (issuer === undefined || issuer === null) return 'no issuer';
  if (typeof issuer !== 'string') return 'an issuer that is no string';
  if (/^\w+:\/\/[^/]*@|[?#]/.test(issuer)) return 'another issuer';
  return escapeJson(JSON.stringify(issuer.slice(0, LONGEST_URL)));
}

/** @returns what is wrong with a response whose status is not 200; redirects are not followed. */
export function describeStatus({ status, headers }: Pick<Response, 'status' | 'headers'>, url: string): string {
  const location = headers.get('location') ?? '';
  if (!REDIRECTS.includes(status)) return `the answer has status ${status}`;
  const target = URL.canParse(location, url) ? new URL(location, url).href : undefined;
  const to = target !== undefined && /^https?:/.test(target) ? ` to ${describeUrl(target)}` : '';
  return `the answer is a redirect (${status})${to}, which is not followed`;
}

/** @param error what `fetch` rejected with. @returns what that means; nothing of the peer is in it. */
export function describeFetchFailure(error: unknown): string {
  const cause = findFirstCause(error);
  const [, status] = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(cause?.message ?? '') ?? [];
  if (status !== undefined) return `the proxy refuses the connection (${status})`;
  if (cause?.message === 'bad port')
    return 'its port is one of those that are never fetched from (Fetch standard, "bad port")';
  const code = cause !== undefined && 'code' in cause ? cause.code : undefined;
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]*$/.test(code)) return 'no answer';
  if (UNTRUSTED_CERTIFICATE.includes(code)) {
    return `its certificate is of an authority that is not trusted here (${code}); name that of a private one in ca_file`;
  }
  if (code === 'CERT_HAS_EXPIRED') return `its certificate has expired (${code})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another name (${code})`;
  return TLS_CODE.test(code) ? `TLS failed (${code})` : `no answer (${code})`;
}

/** @param timeout milliseconds that the answer had. */
export function describeTimeout(timeout: number): string {
  return `no answer within ${timeout / 1000} s`;
}

/** `fetch` wraps the error of the connection once, behind a proxy twice. */
function findFirstCause(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  return findFirstCause(error.cause) ?? error;
}
