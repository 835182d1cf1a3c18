/** The configuration that closes what an API fails: its issuer, and a route to it. */

import { isServerUrl, parseResource } from '../../../config/values/address/uri.ts';
import { parsePathPrefix } from '../../../config/values/path/path-prefix.ts';
import type { ProbeSubject } from '../../../probe/run.ts';
import { type Members, readJws } from '../../../probe/tokens/jws-parts.ts';

/** @param jwksUri as given; without it, the keys are found by discovery. @param needsScope whether a token without the scope was accepted. */
export function writeRemedy(subject: ProbeSubject, jwksUri: string | undefined, needsScope = false): string {
  const { target } = subject;
  const path = target.path.replace(/[?].*$/, '').replace(/(?<=.)\/$/, '');
  return [
    'issuers:',
    ...writeIssuer(subject, jwksUri),
    'routes:',
    `  ${parsePathPrefix(path).ok ? path : '/'}:`,
    ...writeAudience(subject),
    `    upstream: ${quote(target.url.origin)}`,
    ...(needsScope ? [writeScopes(subject)] : []),
  ].join('\n');
}

function writeIssuer({ tokens: { jws } }: ProbeSubject, jwksUri: string | undefined): string[] {
  const { iss } = jws?.claims ?? {};
  const { typ = 'JWT' } = jws?.headerMembers ?? {};
  const isKnown = typeof iss === 'string' && isWritable(iss);
  const hasDiscovery = !isKnown || isServerUrl(iss);
  const sought = hasDiscovery ? [] : ['    jwks_uri: https://login.example.com/jwks    # where its keys are'];
  return [
    isKnown ? `  ${quote(iss)}:` : '  https://login.example.com:    # the exact iss of your tokens',
    ...(jwksUri === undefined ? sought : [`    jwks_uri: ${quote(jwksUri)}`]),
    // A token without typ counts as JWT (RFC 7519 section 5.1).
    ...(jws && /^jwt$/i.test(String(typ)) ? ['    token_types: [JWT]'] : []),
  ];
}

/** A resource is a URL; an `aud` that is none, such as the id of a client, is a further audience of it. */
function writeAudience({ tokens: { jws }, resource }: ProbeSubject): string[] {
  const listed = [jws?.claims['aud']]
    .flat()
    .filter((value): value is string => typeof value === 'string' && isWritable(value));
  const named = resource ?? listed.find(isResource);
  if (named !== undefined && isWritable(named) && isResource(named)) return [`    resource: ${quote(named)}`];
  const further = resource ?? listed[0];
  return further === undefined || !isWritable(further)
    ? ['    resource: https://api.example.com/    # the aud that tokens for this API have']
    : [
        '    resource: https://api.example.com/    # its URL, as clients know it',
        `    audiences: [${JSON.stringify(further)}]`,
      ];
}

function isResource(text: string): boolean {
  return parseResource(text).ok;
}

function writeScopes({ tokens: { jws, insufficient } }: ProbeSubject): string {
  const lacking = listScopes(insufficient === undefined ? undefined : readJws(insufficient)?.claims);
  const scopes = listScopes(jws?.claims).filter(scope => !lacking.includes(scope) && isWritable(scope));
  return scopes.length > 0
    ? `    scopes: [${scopes.map(scope => JSON.stringify(scope)).join(', ')}]    # of these, what the operation needs`
    : '    scopes: [read]    # what the operation needs';
}

/** RFC 9068 section 2.2.3. */
function listScopes({ scope, scp }: Members = {}): readonly string[] {
  const text: unknown = [scope ?? scp].flat().join(' ');
  return String(text)
    .split(' ')
    .filter(each => each !== '');
}

/** `${…}` would be replaced at load. */
function isWritable(text: string): boolean {
  return text.length <= 512 && /^[\x21-\x7e]+$/.test(text) && !text.includes('${');
}

/** A string of JSON is one of YAML (YAML 1.2.2 section 1.3). */
function quote(text: string): string {
  return /^https?:\/\/[\w./:-]*[\w./-]$/.test(text) ? text : JSON.stringify(text);
}
