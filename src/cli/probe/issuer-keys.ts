/** The public keys of the issuer, for the check that takes one of them for a secret. */

import type { KeyObject } from 'node:crypto';
import type { KeySource } from '../../config/key-source.ts';
import { isServerUrl } from '../../config/values/address/uri.ts';
import { readProxy } from '../../config/values/proxy.ts';
import { readPublicKeys } from '../../probe/tokens/signing-keys.ts';
import { fetchKeys } from '../../token/keys/key-source.ts';

/** Milliseconds for each document. */
const TIMEOUT = 5_000;

/**
 * Asks `jwksUri`, else the metadata of `issuer`, through the proxy of the environment.
 *
 * @param issuer of the right token: the operator's own, so that it may be asked.
 * @returns no keys where neither gives any.
 */
export async function fetchPublicKeys(
  issuer: unknown,
  jwksUri: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly KeyObject[]> {
  const proxy = readProxy(environment);
  const name = typeof issuer === 'string' ? issuer : '';
  if (!proxy.ok || (jwksUri === undefined && !isServerUrl(name))) return [];
  const keySource: KeySource = jwksUri === undefined ? { kind: 'discovery' } : { kind: 'uri', uri: jwksUri };
  const keys = {
    ...{ refresh: 0, cooldown: 0, maxStale: 0, timeout: TIMEOUT },
    ...{ caFile: undefined, tokenFile: undefined, proxy: proxy.value },
  };
  try {
    const { jwks } = await fetchKeys({ issuer: name, keySource, keys }, new AbortController().signal);
    return readPublicKeys(jwks);
  } catch {
    return [];
  }
}
