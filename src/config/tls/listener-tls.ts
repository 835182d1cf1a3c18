/** `tls` of the data listener: its files read, and judged by the code that serves with them. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createServerContext } from '../../http/server/tls-context.ts';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { ListenerCertificate, ListenerTls } from '../listener-config.ts';
import type { CertificateSettings } from '../schema/listener-schema.ts';
import type { Path } from '../source/document.ts';
import type { ReferencedFiles } from '../source/referenced-files.ts';
import type { Rejection } from '../values/parsed-value.ts';
import { describeCertificate, findLifetimeProblem } from './certificate.ts';
import { CERTIFICATES, checkCertificate, checkPair, checkPrivateKey, PRIVATE_KEY, unreadable } from './pem-files.ts';

type FileKey = 'cert_file' | 'key_file';

const FORMS: Readonly<Record<FileKey, string>> = { cert_file: CERTIFICATES, key_file: PRIVATE_KEY };
const STRONG_KEY = 'RSA of at least 2048 bits, or a key for P-256, P-384, P-521 or Ed25519';
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];

/** What the entries are read with. */
interface Reading {
  readonly files: ReferencedFiles;
  readonly diagnostics: DiagnosticCollector;
  readonly minVersion: ListenerTls['minVersion'];
}

/**
 * @param entries of the YAML, in its order.
 * @returns the certificates of the listener, with every problem reported; `undefined` where one of them cannot be used.
 */
export function readListenerTls(
  entries: readonly CertificateSettings[],
  files: ReferencedFiles,
  diagnostics: DiagnosticCollector,
): ListenerTls | undefined {
  const pathOf = (index: number): Path => (diagnostics.isWritten(['tls', 0]) ? ['tls', index] : ['tls']);
  const minVersion = readVersion(entries, pathOf, diagnostics);
  const read = entries.map((entry, index) => readEntry(entry, pathOf(index), { files, diagnostics, minVersion }));
  const [first, ...further] = read.flatMap(certificate => certificate ?? []);
  if (first === undefined || further.length + 1 < entries.length) return undefined;
  warnOfNames([first, ...further], pathOf, diagnostics);
  return { minVersion, certificates: [first, ...further] };
}

/** OpenSSL agrees on the version before it knows the name, so all certificates have one. */
function readVersion(
  entries: readonly CertificateSettings[],
  pathOf: (index: number) => Path,
  diagnostics: DiagnosticCollector,
): ListenerTls['minVersion'] {
  const written = entries.flatMap(({ min_version }) => min_version ?? [])[0] ?? '1.2';
  for (const [index, { min_version = written }] of entries.entries()) {
    if (min_version === written) continue;
    const what = 'differs from that of another certificate, and the version is agreed on before the name is known';
    diagnostics.error([...pathOf(index), 'min_version'], { what, expected: `"${written}"` });
  }
  return `TLSv${written}`;
}

function readEntry(entry: CertificateSettings, path: Path, reading: Reading): ListenerCertificate | undefined {
  const { diagnostics, minVersion } = reading;
  const cert = readFile('cert_file', entry, path, reading);
  const key = readFile('key_file', entry, path, reading);
  const report = (name: FileKey, rejection: Rejection | undefined) => {
    if (rejection) diagnostics.error([...path, name], rejection);
    return rejection === undefined;
  };
  // OpenSSL 3.5, of Node.js 24, does not take the certificate of a small key either: it is told once, at the key.
  const isCertificate = cert !== undefined && (hasWeakKey(cert) || report('cert_file', checkCertificate(cert)));
  const isKey = key !== undefined && report('key_file', checkPrivateKey(key) ?? checkStrength(createPrivateKey(key)));
  if (!isCertificate || !isKey) return undefined;
  if (!report('key_file', checkPair(cert, key) ?? checkService({ cert, key, minVersion }))) return undefined;
  const leaf = new X509Certificate(cert);
  const { isFatal = false, what = '', code } = findLifetimeProblem(leaf, Date.now()) ?? {};
  if (isFatal) {
    report('cert_file', { code: 'certificate-expired', what, expected: 'a certificate that clients accept' });
    return undefined;
  }
  if (code) diagnostics.warning([...path, 'cert_file'], code, what);
  return { cert, key, ...describeCertificate(leaf) };
}

function readFile(name: FileKey, entry: CertificateSettings, path: Path, reading: Reading): string | undefined {
  const file = reading.files.readText(entry[name]);
  if (file.ok) return file.value;
  reading.diagnostics.error([...path, name], unreadable(file.rejection, FORMS[name]));
  return undefined;
}

/** Clients refuse smaller keys and other curves. */
function checkStrength(key: KeyObject): Rejection | undefined {
  const { isStrong, name } = describeKey(key);
  if (isStrong) return undefined;
  return { code: 'certificate', what: `holds a key that clients refuse: ${name}`, expected: STRONG_KEY };
}

function describeKey({ asymmetricKeyType, asymmetricKeyDetails: details = {} }: KeyObject) {
  const kind = String(asymmetricKeyType);
  const { modulusLength = 0, namedCurve = '' } = details;
  if (kind.startsWith('rsa')) return { isStrong: modulusLength >= 2048, name: `${kind} of ${modulusLength} bits` };
  if (kind === 'ec') return { isStrong: CURVES.includes(namedCurve), name: `${kind} for ${namedCurve}` };
  return { isStrong: kind === 'ed25519', name: kind };
}

function hasWeakKey(cert: string): boolean {
  try {
    return checkStrength(new X509Certificate(cert).publicKey) !== undefined;
  } catch {
    return false;
  }
}

/** The error is dropped: it may quote the file. */
function checkService(material: Parameters<typeof createServerContext>[0]): Rejection | undefined {
  try {
    createServerContext(material);
    return undefined;
  } catch {
    return { code: 'certificate', what: 'holds a key that OpenSSL does not serve with', expected: STRONG_KEY };
  }
}

/** The first entry with a name has it. */
function warnOfNames(
  certificates: readonly ListenerCertificate[],
  pathOf: (index: number) => Path,
  diagnostics: DiagnosticCollector,
): void {
  const owners = new Set<string>();
  for (const [index, { names }] of certificates.entries()) {
    const place = [...pathOf(index), 'cert_file'];
    const taken = names.filter(name => owners.has(name));
    const isUsed = index === 0 || taken.length < names.length;
    if (!isUsed) {
      const what = names.length === 0 ? 'it has no DNS name' : 'certificates before it have all of its names';
      diagnostics.warning(place, 'certificate-never-chosen', what);
    } else if (taken.length > 0) {
      const what = `a certificate before it is used for ${taken[0]}${taken.length > 1 ? ` and ${taken.length - 1} more` : ''}`;
      diagnostics.warning(place, 'certificate-name-twice', what);
    }
    for (const name of names) owners.add(name);
  }
}
