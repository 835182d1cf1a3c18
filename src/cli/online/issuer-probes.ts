/** Whether an issuer gives the keys that its tokens are verified by, and answers about opaque ones. */

import { randomBytes } from 'node:crypto';
import type { Issuer } from '../../config/config.ts';
import { checkKeys, countReasons } from '../../config/values/key-set/json-web-key-set.ts';
import { describeUrl } from '../../token/fetching/fetch-failure.ts';
import {
  type IntrospectingIssuer,
  IntrospectionEndpoint,
  IntrospectionError,
} from '../../token/introspection/introspection-request.ts';
import { KeyFetchError } from '../../token/keys/key-fetch-error.ts';
import { fetchKeys } from '../../token/keys/key-source.ts';
import type { Probe } from './probe.ts';

/** @returns the probes of `issuer`. Keys in a file were judged at load. */
export function listIssuerProbes(issuer: Issuer): readonly Probe[] {
  const path = ['issuers', issuer.issuer];
  const isWritten = issuer.keySource.kind === 'uri';
  const keys: Probe = {
    path: isWritten ? [...path, 'jwks_uri'] : path,
    subject: isWritten ? 'value' : 'key',
    code: 'issuer-unreachable',
    ask: stopped => askForKeys(issuer, stopped),
  };
  const introspection: Probe = {
    path: [...path, 'introspection', 'endpoint'],
    subject: 'value',
    code: 'introspection-unusable',
    ask: () => askAboutToken(issuer),
  };
  return [
    ...(isWritten || issuer.keySource.kind === 'discovery' ? [keys] : []),
    ...(issuer.introspection ? [introspection] : []),
  ];
}

async function askForKeys(issuer: Issuer, stopped: AbortSignal): Promise<string | undefined> {
  const { keySource, algorithms } = issuer;
  try {
    const checked = checkKeys((await fetchKeys(issuer, stopped)).jwks).map(({ check }) => check);
    const usable = checked.filter(check => check.ok);
    if (usable.some(key => key.algorithms.some(name => algorithms.has(name)))) return undefined;
    const reasons = countReasons(checked);
    if (usable.length > 0) return 'gives no key for the algorithms of this issuer';
    return `gives no key that can verify a token${reasons === '' ? '' : `: ${reasons}`}`;
  } catch (error) {
    if (!(error instanceof KeyFetchError)) throw error;
    return `gives no keys: ${keySource.kind === 'uri' ? withoutUrl(error.message, keySource.uri) : error.message}`;
  }
}

/** A token that nobody has issued: an endpoint that knows its client answers that it is not active (RFC 7662 section 2.2). */
async function askAboutToken(issuer: Issuer): Promise<string | undefined> {
  if (!isIntrospecting(issuer)) return undefined;
  const endpoint = new IntrospectionEndpoint(issuer);
  try {
    const { active } = await endpoint.ask(`audgate-check-${randomBytes(16).toString('base64url')}`);
    return active ? 'says of a token that was made up that it is active' : undefined;
  } catch (error) {
    if (!(error instanceof IntrospectionError)) throw error;
    return `cannot be asked about tokens: ${withoutUrl(error.message, issuer.introspection.endpoint)}`;
  } finally {
    endpoint.close();
  }
}

function isIntrospecting(issuer: Issuer): issuer is IntrospectingIssuer {
  return issuer.introspection !== undefined;
}

/** The file has the URL, or the variable that it comes from, whose value no diagnostic shows. */
function withoutUrl(message: string, url: string): string {
  const start = `${describeUrl(url)}: `;
  return message.startsWith(start) ? message.slice(start.length) : message;
}
