/** What was wrong with TLS to an upstream: codes of Node.js and OpenSSL (X509_V_ERR_*, the alerts of RFC 8446 section 6.2). */
const ERRORS = new Map([
    ['CERT_HAS_EXPIRED', 'certificate_expired'],
    ['CERT_NOT_YET_VALID', 'certificate_not_yet_valid'],
    ['CERT_REVOKED', 'certificate_revoked'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'wrong_name'],
    ['HOSTNAME_MISMATCH', 'wrong_name'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'unknown_issuer'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unknown_issuer'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unknown_issuer'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unknown_issuer'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'unknown_issuer'],
    ['CERT_SIGNATURE_FAILURE', 'unknown_issuer'],
    ['CERT_UNTRUSTED', 'unknown_issuer'],
    ['INVALID_CA', 'unknown_issuer'],
]);
/** Parts of codes, of which Node.js makes one from each text of OpenSSL: `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`. */
const PARTS = [
    [/_ALERT_CERTIFICATE_REQUIRED$/, 'client_certificate_required'],
    // What the upstream thinks of the certificate that it was sent.
    [/_ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|(?:UNSUPPORTED_)?CERTIFICATE|ACCESS_DENIED)/, 'client_certificate_refused'],
    [/_ALERT_PROTOCOL_VERSION$|_UNSUPPORTED_PROTOCOL$/, 'protocol_version'],
    [/_WRONG_VERSION_NUMBER$|_HTTP_REQUEST$|_PACKET_LENGTH_TOO_LONG$|_UNEXPECTED_MESSAGE$/, 'not_tls'],
];
/** @param code of the error of the connection; `undefined`: the upstream has ended it. */
export function readTlsError(code) {
    if (code === undefined)
        return 'handshake_failed';
    return ERRORS.get(code) ?? PARTS.find(([part]) => part.test(code))?.[1] ?? 'handshake_failed';
}
