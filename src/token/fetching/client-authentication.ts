/** How the gateway shows an authorization server which client it is: RFC 6749 section 2.3.1, RFC 7523 section 2.2, RFC 8705 section 2. */

import { importPKCS8 } from 'jose';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  PrivateKeyJwt,
  TlsClientAuth,
} from 'oauth4webapi';
import type { ClientAuthentication } from '../../config/introspection-config.ts';

/** @returns what adds the secret, or a signed assertion, to a request of oauth4webapi. The `aud` of an assertion is the server's `issuer`. */
export async function createClientAuth(authentication: ClientAuthentication): Promise<ClientAuth> {
  switch (authentication.method) {
    case 'basic':
      return ClientSecretBasic(authentication.secret);
    case 'post':
      return ClientSecretPost(authentication.secret);
    case 'tls':
      return TlsClientAuth();
    case 'private_key_jwt': {
      const { pem, algorithm, keyId } = authentication;
      const key = await importPKCS8(pem, algorithm);
      // The library names the algorithm of an Ed25519 key as RFC 9864 does, which few servers know yet.
      const setAlgorithm = (header: Record<string, unknown>) => Object.assign(header, { alg: algorithm });
      return PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, { [modifyAssertion]: setAlgorithm });
    }
  }
}
