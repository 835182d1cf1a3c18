import { expect, test } from 'vitest';
import { FAILURE_CAUSES } from '../../../src/denial.ts';
import { readFailure } from '../../../src/upstream/failure.ts';
import { describeHandshakeError } from '../../../src/upstream/handshake-failure.ts';

const errorOf = (code: string, message = '', more: object = {}) => Object.assign(new Error(message), { code, ...more });

test.each([
  [errorOf('ENOTFOUND', '', { syscall: 'getaddrinfo' }), 'upstream_unreachable', 'dns'],
  [errorOf('EAI_AGAIN', '', { syscall: 'getaddrinfo' }), 'upstream_unreachable', 'dns'],
  [errorOf('ECONNREFUSED'), 'upstream_unreachable', 'refused'],
  [errorOf('ECONNRESET'), 'upstream_unreachable', 'reset'],
  [errorOf('EMFILE'), 'upstream_unreachable', 'too_many_open_files'],
  [errorOf('ENFILE'), 'upstream_unreachable', 'too_many_open_files'],
  [errorOf('EACCES'), 'upstream_unreachable', 'refused'],
  [errorOf('toString'), 'upstream_unreachable', 'other'],
  [new Error('no code'), 'upstream_unreachable', 'other'],
  [errorOf('ETIMEDOUT'), 'upstream_timeout', 'connect_timeout'],
])('connecting, %o: %s, %s', (error, reason, cause) => {
  expect(readFailure(describeHandshakeError(error, 'connecting', false))).toEqual({ reason, cause });
});

test('connecting, another error of the operating system: other, with its code', () => {
  const failure = readFailure(describeHandshakeError(errorOf('EHOSTUNREACH'), 'connecting', false));
  expect(failure).toEqual({ reason: 'upstream_unreachable', cause: 'other', errorCode: 'EHOSTUNREACH' });
});

test.each([
  [errorOf('CERT_HAS_EXPIRED'), 'certificate_expired'],
  [errorOf('DEPTH_ZERO_SELF_SIGNED_CERT'), 'unknown_issuer'],
  [errorOf('ERR_TLS_CERT_ALTNAME_INVALID'), 'wrong_name'],
  [errorOf('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), 'client_certificate_refused'],
  [errorOf('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED'), 'client_certificate_refused'],
  // The same alert, as OpenSSL 3.5 of Node.js 24 calls it.
  [errorOf('ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED'), 'client_certificate_refused'],
  [errorOf('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), 'protocol_version'],
  [errorOf('ERR_SSL_WRONG_VERSION_NUMBER'), 'not_tls'],
  [errorOf('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'), 'handshake_failed'],
  [errorOf('EPROTO'), 'handshake_failed'],
  [errorOf('ECONNRESET'), 'handshake_failed'],
  [errorOf('toString'), 'handshake_failed'],
  [new Error('no code'), 'handshake_failed'],
])('TLS handshake, %o: upstream_unreachable, tls, %s', (error, tlsError) => {
  expect(readFailure(describeHandshakeError(error, 'securing', false))).toEqual({
    ...{ reason: 'upstream_unreachable', cause: 'tls', tlsError },
  });
});

test.each([
  [errorOf('ECONNRESET'), false, 'bad_upstream_response', 'reset'],
  [errorOf('EPIPE'), false, 'bad_upstream_response', 'reset'],
  [errorOf('HPE_INVALID_CONSTANT'), false, 'bad_upstream_response', 'malformed_response'],
  [errorOf('HPE_INVALID_EOF_STATE'), true, 'bad_upstream_response', 'reset'],
  [errorOf('HPE_HEADER_OVERFLOW'), false, 'bad_upstream_response', 'response_headers_too_large'],
  [errorOf('constructor'), false, 'bad_upstream_response', 'other'],
  [errorOf('ETIMEDOUT'), false, 'upstream_timeout', 'response_timeout'],
  [errorOf('ETIMEDOUT'), true, 'upstream_timeout', 'idle_timeout'],
])('request sent, %o with a head received: %s: %s, %s', (error, hasHead, reason, cause) => {
  expect(readFailure(describeHandshakeError(error, 'open', hasHead))).toEqual({ reason, cause });
  expect(FAILURE_CAUSES).toContain(cause);
});

test('a client certificate that TLS 1.3 asks for behind the handshake: bad_upstream_response, tls', () => {
  const error = errorOf('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  expect(readFailure(describeHandshakeError(error, 'open', false))).toEqual({
    ...{ reason: 'bad_upstream_response', cause: 'tls', tlsError: 'client_certificate_required' },
  });
});
