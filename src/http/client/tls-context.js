/** Certificates and keys for TLS to an upstream (RFC 8446 sections 4.4.2 and 4.4.2.4). */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
/**
 * @returns what connections are opened with.
 * @throws where a part is no PEM of its kind, or the certificate does not fit the key; the message may quote OpenSSL.
 */
export function createTlsContext({ ca, cert, key }) {
    return createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
}
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
/** @returns whether `pem` has certificates, all of which can be read: OpenSSL skips silently what it cannot read of a bundle. */
export function holdsCertificates(pem) {
    const blocks = pem.match(CERTIFICATE) ?? [];
    const begun = pem.split('-----BEGIN ').length - 1;
    return blocks.length > 0 && blocks.length === begun && blocks.every(isCertificate);
}
function isCertificate(block) {
    try {
        return new X509Certificate(block).subject !== null;
    }
    catch {
        return false;
    }
}
