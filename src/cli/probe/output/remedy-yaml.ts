/** The configuration that closes what an API fails: its issuer, and a route to it. */

import { isServerUrl } from '../../../config/values/address/uri.ts';
import { parsePathPrefix } from '../../../config/values/path/path-prefix.ts';
import type { ProbeSubject } from '../../../probe/run.ts';

/** @param jwksUri as given; without it, the keys are found by discovery. */
export function writeRemedy({ target, tokens: { jws }, resource }: ProbeSubject, jwksUri: string | undefined): string {
  const { iss, aud } = jws?.claims ?? {};
  const typ = jws?.headerMembers['typ'];
  const issuer = typeof iss === 'string' && isWritable(iss) ? iss : undefined;
  const audience = resource ?? [aud].flat().find(value => typeof value === 'string' && isServerUrl(value));
  const path = target.path.replace(/[?].*$/, '').replace(/(?<=.)\/$/, '');
  const keys = jwksUri === undefined ? [] : [`    jwks_uri: ${quote(jwksUri)}`];
  // A token without typ counts as JWT (RFC 7519 section 5.1).
  const types = jws && /^jwt$/i.test(String(typ ?? 'JWT')) ? ['    token_types: [JWT]'] : [];
  return [
    'issuers:',
    `  ${quote(issuer ?? 'https://login.example.com')}:${issuer === undefined ? '    # the exact iss of your tokens' : ''}`,
    ...keys,
    ...types,
    'routes:',
    `  ${parsePathPrefix(path).ok ? path : '/'}:`,
    typeof audience === 'string' && isWritable(audience)
      ? `    resource: ${quote(audience)}`
      : '    resource: https://api.example.com/    # the aud that tokens for this API have',
    `    upstream: ${quote(target.url.origin)}`,
  ].join('\n');
}

/** `${…}` would be replaced at load. */
function isWritable(text: string): boolean {
  return text.length <= 512 && /^[\x21-\x7e]+$/.test(text) && !text.includes('${');
}

/** A string of JSON is one of YAML (YAML 1.2.2 section 1.3). */
function quote(text: string): string {
  return /^https?:\/\/[\w./:-]*[\w./-]$/.test(text) ? text : JSON.stringify(text);
}
