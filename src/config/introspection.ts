/** `introspection` of an issuer: which of its keys go together, and the files that they name. */

import { resolve } from 'node:path';
import type { DiagnosticCollector } from './diagnostics/diagnostic-collector.ts';
import type { ClientAuthentication, Introspection } from './introspection-config.ts';
import type { IntrospectionSettings } from './schema/introspection-schema.ts';
import { describeMissingKey } from './schema/zod-diagnostic.ts';
import type { Path } from './source/document.ts';
import type { ReferencedFiles } from './source/referenced-files.ts';
import { isInClear } from './values/address/uri.ts';
import { checkClientCertificate, readSigningKey } from './values/client-key.ts';
import type { ParsedValue } from './values/parsed-value.ts';

type Auth = IntrospectionSettings['auth'];
type AuthKey = 'client_secret' | 'key_file' | 'cert_file';

const KEYS_OF: Readonly<Record<Auth, readonly AuthKey[]>> = {
  basic: ['client_secret'],
  post: ['client_secret'],
  private_key_jwt: ['key_file'],
  tls: ['cert_file', 'key_file'],
};
const FORM_OF: Readonly<Record<AuthKey, string>> = {
  client_secret: 'the secret of the client, such as "${file:/run/secrets/introspection}"',
  key_file: 'a file with a private key',
  cert_file: 'a file with a certificate in PEM',
};

/**
 * @param path of `introspection`. @param files those whose change loads the configuration again.
 * @returns the settings with the content of their files; `undefined` where they have an error, which is reported.
 */
export function readIntrospection(
  settings: IntrospectionSettings,
  path: Path,
  files: ReferencedFiles,
  diagnostics: DiagnosticCollector,
): Introspection | undefined {
  const { endpoint, client_id: clientId, cache, jwt: includesJwts } = settings;
  if (isInClear(endpoint)) {
    diagnostics.warning([...path, 'endpoint'], 'introspection-without-tls', 'tokens and the secret sent without TLS');
  }
  if (!hasItsKeys(settings, path, diagnostics)) return undefined;
  const authentication = readAuthentication(settings, files);
  if (authentication.ok) return { endpoint, clientId, authentication: authentication.value, cache, includesJwts };
  const file = settings.auth === 'tls' ? 'cert_file' : 'key_file';
  diagnostics.error([...path, file], authentication.rejection);
  return undefined;
}

/** Reports a key that the method needs, and one that it does not have. */
function hasItsKeys(settings: IntrospectionSettings, path: Path, diagnostics: DiagnosticCollector): boolean {
  const wanted = KEYS_OF[settings.auth];
  const missing = wanted.filter(key => settings[key] === undefined);
  for (const key of missing) diagnostics.error([...path, key], describeMissingKey(key, FORM_OF[key]), 'parent');
  const idle = (Object.keys(FORM_OF) as AuthKey[]).filter(key => settings[key] !== undefined && !wanted.includes(key));
  for (const key of idle) {
    const what = `"${key}" has no effect with auth: ${settings.auth}`;
    diagnostics.error([...path, key], { what, expected: wanted.join(' and '), standsAlone: true }, 'key');
  }
  return missing.length === 0 && idle.length === 0;
}

function readAuthentication(
  settings: IntrospectionSettings,
  files: ReferencedFiles,
): ParsedValue<ClientAuthentication> {
  const { auth, client_secret: secret = '', key_file = '', cert_file = '' } = settings;
  if (auth === 'basic' || auth === 'post') return { ok: true, value: { method: auth, secret } };
  if (auth === 'tls') {
    const pair = { certFile: resolve(files.folder, cert_file), keyFile: resolve(files.folder, key_file) };
    const rejection = checkClientCertificate(pair);
    return rejection ? { ok: false, rejection } : { ok: true, value: { method: auth, ...pair } };
  }
  const read = readSigningKey(files.readText(key_file));
  return read.ok ? { ok: true, value: { method: auth, ...read.value } } : read;
}
