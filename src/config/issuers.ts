/** The map `issuers`: its entries read and checked, and the `Issuer` of each. */

import { resolve } from 'node:path';
import type { Issuer, KeySource } from './config.ts';
import type { DiagnosticCollector } from './diagnostics/diagnostic-collector.ts';
import { findPlaceholder } from './lint/identity-products/issuer-product.ts';
import { type IssuerSettings, issuerSchema } from './schema/issuer-schema.ts';
import { readSettings, type Settings } from './schema/settings.ts';
import type { Path } from './source/document.ts';
import type { RawMap } from './source/raw-map.ts';
import { DISCOVERED_ISSUER, ISSUER, isInClear, parseIssuerName, parseIssuerUri } from './values/address/uri.ts';
import { ALGORITHMS } from './values/algorithm.ts';
import { checkJwksFile } from './values/key-set/jwks-file.ts';

/** @returns the issuers of `raw` without an error, by `iss`. @param folder where relative file names start. */
export function readIssuers(
  raw: RawMap,
  folder: string,
  diagnostics: DiagnosticCollector,
): ReadonlyMap<string, Issuer> {
  const issuers = new Map<string, Issuer>();
  for (const [issuer, entry] of Object.entries(raw)) {
    const path = ['issuers', issuer];
    // An entry may be empty: `https://login.example.com:`.
    const settings = readSettings(issuerSchema, path, entry ?? {}, diagnostics);
    checkName(issuer, path, diagnostics);
    checkKeySettings(settings, path, folder, diagnostics);
    if (settings.complete !== undefined) issuers.set(issuer, buildIssuer(issuer, settings.complete, folder));
  }
  return issuers;
}

/**
 * `iss` is any string (RFC 7519 section 4.1.1) where the place of the keys is given; else the keys are discovered from it. A name
 * without TLS is only dangerous then. Elsewhere it is only compared: AD FS has an http `iss`, and publishes its keys by https.
 */
function checkName(issuer: string, path: Path, diagnostics: DiagnosticCollector): void {
  const isDiscovered = !KEY_PLACES.some(key => diagnostics.isWritten([...path, key]));
  const name = isDiscovered ? parseIssuerUri(issuer) : parseIssuerName(issuer);
  const placeholder = findPlaceholder(issuer);
  if (!name.ok) {
    const code =
      placeholder === undefined
        ? {}
        : ({ code: 'issuer-placeholder', what: placeholder, expected: 'the iss that tokens carry' } as const);
    const expected = isDiscovered ? DISCOVERED_ISSUER : ISSUER;
    diagnostics.error(path, { expected, ...name.rejection, ...code }, 'key');
    return;
  }
  if (placeholder !== undefined) diagnostics.warning(path, 'issuer-placeholder', placeholder, 'key');
  if (isDiscovered && isInClear(issuer)) {
    diagnostics.warning(path, 'issuer-without-tls', 'an issuer without TLS, from which its keys are fetched', 'key');
  }
}

/** The keys of the YAML that say where the keys of an issuer are. */
const KEY_PLACES = ['jwks_uri', 'jwks_file'] as const;

function checkKeySettings(
  { found }: Settings<IssuerSettings>,
  path: Path,
  folder: string,
  diagnostics: DiagnosticCollector,
): void {
  const { jwks_uri, jwks_file, keys } = found;
  if (jwks_uri !== undefined && jwks_file !== undefined) {
    const what = 'jwks_file does not go together with jwks_uri';
    diagnostics.error([...path, 'jwks_file'], { what, expected: 'one of the two', standsAlone: true }, 'key');
  }
  if (jwks_uri !== undefined && isInClear(jwks_uri)) {
    diagnostics.warning([...path, 'jwks_uri'], 'issuer-without-tls', 'keys fetched without TLS');
  }
  const algorithms = new Set(found.algorithms ?? ALGORITHMS);
  const unusable = jwks_file === undefined ? undefined : checkJwksFile(resolve(folder, jwks_file), algorithms);
  if (unusable !== undefined) diagnostics.error([...path, 'jwks_file'], unusable);
  if (keys !== undefined && keys.max_stale < keys.refresh) {
    const what = 'max_stale is shorter than refresh';
    const rejection = { what, expected: 'keys to be usable at least until they are fetched again', standsAlone: true };
    diagnostics.error([...path, 'keys', 'max_stale'], rejection);
  }
}

function buildIssuer(issuer: string, settings: IssuerSettings, folder: string): Issuer {
  const { refresh, cooldown, max_stale: maxStale } = settings.keys;
  return {
    issuer,
    keySource: chooseKeySource(settings, folder),
    algorithms: new Set(settings.algorithms ?? ALGORITHMS),
    tokenTypes: new Set(settings.token_types),
    scopeSource: { paths: settings.scope_claim, separator: settings.scope_separator },
    impliedScopes: settings.scope_implies,
    audienceClaim: settings.audience_claim,
    leeway: settings.leeway,
    expiryLeeway: settings.expiry_leeway,
    keys: { refresh, cooldown, maxStale },
  };
}

function chooseKeySource({ jwks_file, jwks_uri }: IssuerSettings, folder: string): KeySource {
  if (jwks_file !== undefined) return { kind: 'file', path: resolve(folder, jwks_file) };
  return jwks_uri === undefined ? { kind: 'discovery' } : { kind: 'uri', uri: jwks_uri };
}
