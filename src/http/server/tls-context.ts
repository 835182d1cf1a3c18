/** What the connections of a TLS listener are opened with: certificate, versions, ciphers and groups. */

import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

export interface ServerTlsMaterial {
  /** In PEM: the certificate, its chain behind it. */
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** 48 bytes that tickets are encrypted with (RFC 5077, RFC 8446 section 4.6.1); by default random ones. */
  readonly ticketKeys?: Buffer;
}

/**
 * The "intermediate" list of Mozilla's Server Side TLS 5.7, without DHE: every client with TLS 1.2 has ECDHE, and a finite-field
 * exchange costs the server more than it costs the client. All of them are forward secret and authenticated; the client chooses.
 */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

const CLASSICAL_GROUPS = 'X25519:prime256v1:secp384r1';
/** The hybrid group needs OpenSSL 3.5, which Node.js 24 has. */
const GROUPS = findGroups([`X25519MLKEM768:${CLASSICAL_GROUPS}`, CLASSICAL_GROUPS]);

/** Seconds for which a session is resumed; then the client sees the certificate again. */
const SESSION_TIME = 3_600;

/**
 * @returns the context of one certificate. Nothing is sent before the handshake is complete (no early data, which could be
 *   replayed), and there is no renegotiation.
 * @throws where certificate or key cannot be used, or do not fit; the message may quote OpenSSL.
 */
export function createServerContext({ cert, key, minVersion, ticketKeys }: ServerTlsMaterial): SecureContext {
  return createSecureContext({
    ...{ cert, key, minVersion, ciphers: CIPHERS, ecdhCurve: GROUPS },
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: 'audgate',
    sessionTimeout: SESSION_TIME,
    ...(ticketKeys && { ticketKeys }),
  });
}

function findGroups(candidates: readonly string[]): string {
  return candidates.find(isSupported) ?? 'auto';
}

function isSupported(groups: string): boolean {
  try {
    createSecureContext({ ecdhCurve: groups });
    return true;
  } catch {
    return false;
  }
}
