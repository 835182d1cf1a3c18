/** Messages for a fetch that failed, written so that an operator knows what to change. Pure. */

import type { Issuer } from '../../config/config.ts';

/** Milliseconds for metadata and keys together. */
export const TIMEOUT = 5_000;
export const NO_ANSWER_IN_TIME = `no answer within ${TIMEOUT / 1000} s`;

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

/** @param issuer from a metadata document; quoted only where it is a plain URL, so that a missing slash can be seen. */
export function describeIssuer(issuer: unknown): string {
  if (typeof issuer !== 'string') return 'no issuer';
  const isPlain = /^https?:\/\/[\w.~:[\]/%!$&'()*+,;={}-]+$/.test(issuer) && issuer.length <= LONGEST_URL;
  return isPlain ? `"${issuer}"` : 'another issuer';
}

/** @returns what is wrong with a response whose status is not 200; redirects are not followed. */
export function describeStatus({ status, headers }: Pick<Response, 'status' | 'headers'>, url: string): string {
  const location = headers.get('location') ?? '';
  if (!REDIRECTS.includes(status)) return `the answer has status ${status}`;
  const target = URL.canParse(location, url) ? new URL(location, url).href : undefined;
  const to = target !== undefined && /^https?:/.test(target) ? ` to ${describeUrl(target)}` : '';
  return `the answer is a redirect (${status})${to}, which is not followed`;
}

/** @param error what `fetch` rejected with. */
export function describeFetchFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'AbortError') return NO_ANSWER_IN_TIME;
  const code: unknown = error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined;
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]*$/.test(code)) return 'no answer';
  if (UNTRUSTED_CERTIFICATE.includes(code)) {
    return `its certificate is of an authority that is not trusted here (${code}); name a private one in NODE_EXTRA_CA_CERTS`;
  }
  if (code === 'CERT_HAS_EXPIRED') return `its certificate has expired (${code})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another name (${code})`;
  return TLS_CODE.test(code) ? `TLS failed (${code})` : `no answer (${code})`;
}
