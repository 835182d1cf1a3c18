/** What a PEM file of certificates or keys holds, judged by the code that will use it: OpenSSL, through node:tls. No rejection quotes a file. */

import { createTlsContext, holdsCertificates, type TlsMaterial } from '../../http/client/tls-context.ts';
import type { Rejection } from '../values/parsed-value.ts';

export const CERTIFICATES = 'a PEM file with certificates';
export const PRIVATE_KEY = 'a PEM file with a private key, without a passphrase';

/** @returns why the authorities in `pem` cannot be trusted. */
export function checkAuthorities(pem: string): Rejection | undefined {
  return holdsCertificates(pem) && isUsable({ ca: pem }) ? undefined : notOf(CERTIFICATES);
}

/** @returns why `pem` cannot be sent as a certificate with its chain. */
export function checkCertificate(pem: string): Rejection | undefined {
  return holdsCertificates(pem) && isUsable({ cert: pem }) ? undefined : notOf(CERTIFICATES);
}

/** @returns why `pem` cannot be used as a private key. */
export function checkPrivateKey(pem: string): Rejection | undefined {
  if (isUsable({ key: pem })) return undefined;
  if (!/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem)) return notOf(PRIVATE_KEY);
  return { code: 'certificate', what: 'holds a key with a passphrase, which cannot be given', expected: PRIVATE_KEY };
}

/** @returns why the key is not that of the certificate; each of them passed its own check. */
export function checkPair(cert: string, key: string): Rejection | undefined {
  if (isUsable({ cert, key })) return undefined;
  const what = 'holds a key that does not fit the certificate of cert_file';
  return { code: 'certificate', what, expected: 'its private key' };
}

/** @returns the rejection of a file that could not be read. */
export function unreadable(rejection: Rejection, expected: string): Rejection {
  return { code: 'unreadable-file', what: `names a file that ${rejection.what}`, expected };
}

function notOf(expected: string): Rejection {
  return { code: 'certificate', what: 'holds something else, or something that cannot be read', expected };
}

/** The error is dropped: it may quote the file. */
function isUsable(material: TlsMaterial): boolean {
  try {
    createTlsContext(material);
    return true;
  } catch {
    return false;
  }
}
