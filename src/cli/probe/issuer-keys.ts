/** The public keys of the issuer, for the check that takes one of them for a secret. */

import type { KeyObject } from 'node:crypto';
import type { KeySource } from '../../config/key-source.ts';
import { isRawMap } from '../../config/source/raw-map.ts';
import { isServerUrl } from '../../config/values/address/uri.ts';
import { readProxy } from '../../config/values/proxy.ts';
import type { JwsParts } from '../../probe/tokens/jws-parts.ts';
import { readPublicKeys } from '../../probe/tokens/signing-keys.ts';
import { fetchKeys } from '../../token/keys/key-source.ts';

/** Milliseconds for each document. */
const TIMEOUT = 5_000;

/**
 * Asks `jwksUri`, else the metadata of `issuer`, through the proxy of the environment.
 *
 * @param token the right one: its `iss` is the operator's own, so that it may be asked.
 * @returns the key that has signed it, where one has its `kid`; no keys where there are none.
 */
export async function fetchPublicKeys(
  { claims: { iss: issuer }, headerMembers: { kid } }: JwsParts,
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
    const named = jwks.filter(jwk => isRawMap(jwk) && jwk['kid'] === kid);
    return readPublicKeys(named.length > 0 ? named : jwks);
  } catch {
    return [];
  }
}
