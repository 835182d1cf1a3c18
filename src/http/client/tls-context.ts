/** Certificates and keys for TLS to an upstream (RFC 8446 sections 4.4.2 and 4.4.2.4). */

import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Text in PEM. */
export interface TlsMaterial {
  /** The authorities that are trusted, instead of those that Node.js brings along. */
  readonly ca?: string | undefined;
  /** The client's certificate, its chain behind it, and the private key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * @returns what connections are opened with.
 * @throws where a part is no PEM of its kind, or the certificate does not fit the key; the message may quote OpenSSL.
 */
export function createTlsContext({ ca, cert, key }: TlsMaterial): SecureContext {
  return createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
}

const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** @returns whether `pem` has certificates, all of which can be read: OpenSSL skips silently what it cannot read of a bundle. */
export function holdsCertificates(pem: string): boolean {
  const blocks = pem.match(CERTIFICATE) ?? [];
  const begun = pem.split('-----BEGIN ').length - 1;
  return blocks.length > 0 && blocks.length === begun && blocks.every(isCertificate);
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).subject !== null;
  } catch {
    return false;
  }
}
