/** The map `issuers`: its entries read and checked, and the `Issuer` of each. */

import { resolve } from 'node:path';
import type { Issuer, KeySettings } from './config.ts';
import type { DiagnosticCollector } from './diagnostics/diagnostic-collector.ts';
import type { ForwardProxy } from './forward-proxy.ts';
import { readIntrospection } from './introspection.ts';
import type { KeySource } from './key-source.ts';
import { findPlaceholder } from './lint/identity-products/issuer-product.ts';
import { type IssuerSettings, issuerSchema } from './schema/issuer-schema.ts';
import { readSettings, type Settings } from './schema/settings.ts';
import type { Path } from './source/document.ts';
import type { RawMap } from './source/raw-map.ts';
import type { ReferencedFiles } from './source/referenced-files.ts';
import { DISCOVERED_ISSUER, ISSUER, isInClear, parseIssuerName, parseIssuerUri } from './values/address/uri.ts';
import { ALGORITHMS } from './values/algorithm.ts';
import { checkCaFile, readTokenFile, TOKEN_FILE } from './values/issuer-files.ts';
import { checkJwksFile } from './values/key-set/jwks-file.ts';
import { readProxy } from './values/proxy.ts';

/** Where relative file names start, the files that are read at load, and what names the proxy. */
export interface Surroundings {
  readonly files: ReferencedFiles;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** @returns the issuers of `raw` without an error, by `iss`. */
export function readIssuers(
  raw: RawMap,
  { folder, environment, files }: Surroundings,
  diagnostics: DiagnosticCollector,
): ReadonlyMap<string, Issuer> {
  const proxy = readProxy(environment);
  if (!proxy.ok && Object.keys(raw).length > 0) diagnostics.error(['issuers'], proxy.rejection, 'key');
  const issuers = new Map<string, Issuer>();
  for (const [issuer, entry] of Object.entries(raw)) {
    const path = ['issuers', issuer];
    // An entry may be empty: `https://login.example.com:`.
    const settings = readSettings(issuerSchema, path, entry ?? {}, diagnostics);
    checkName(issuer, path, diagnostics);
    checkKeySettings(settings, path, files, diagnostics);
    const source = { folder, proxy: proxy.ok ? proxy.value : undefined };
    const { introspection: written } = settings.found;
    const introspection = written && readIntrospection(written, [...path, 'introspection'], files, diagnostics);
    if (settings.complete !== undefined) {
      issuers.set(issuer, { ...buildIssuer(issuer, settings.complete, source), introspection });
    }
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

/** The keys of the YAML with which no keys are discovered: they say where these are, or that tokens are asked about. */
const KEY_PLACES = ['jwks_uri', 'jwks_file', 'introspection'] as const;

function checkKeySettings(
  { found }: Settings<IssuerSettings>,
  path: Path,
  files: ReferencedFiles,
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
  const unusable = jwks_file === undefined ? undefined : checkJwksFile(files.readText(jwks_file), algorithms);
  if (unusable !== undefined) diagnostics.error([...path, 'jwks_file'], unusable);
  if (keys !== undefined && keys.max_stale < keys.refresh) {
    const what = 'max_stale is shorter than refresh';
    const rejection = { what, expected: 'keys to be usable at least until they are fetched again', standsAlone: true };
    diagnostics.error([...path, 'keys', 'max_stale'], rejection);
  }
  checkKeyFiles(keys, path, files.folder, diagnostics);
}

/** The files are read again at each fetch, but one that cannot be used now is told now. */
function checkKeyFiles(
  keys: IssuerSettings['keys'] | undefined,
  path: Path,
  folder: string,
  diagnostics: DiagnosticCollector,
): void {
  const { ca_file, token_file } = keys ?? {};
  const unusable = ca_file === undefined ? undefined : checkCaFile(resolve(folder, ca_file));
  if (unusable !== undefined) diagnostics.error([...path, 'keys', 'ca_file'], unusable);
  const token = token_file === undefined ? undefined : readTokenFile(resolve(folder, token_file));
  if (token?.ok === false) {
    diagnostics.error([...path, 'keys', 'token_file'], { expected: TOKEN_FILE, ...token.rejection });
  }
}

function buildIssuer(
  issuer: string,
  settings: IssuerSettings,
  { folder, proxy }: { readonly folder: string; readonly proxy: ForwardProxy | undefined },
): Omit<Issuer, 'introspection'> {
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
    keys: buildKeySettings(settings.keys, folder, proxy),
  };
}

function buildKeySettings(
  { refresh, cooldown, timeout, max_stale, ca_file, token_file }: IssuerSettings['keys'],
  folder: string,
  proxy: ForwardProxy | undefined,
): KeySettings {
  return {
    refresh,
    cooldown,
    maxStale: max_stale,
    timeout,
    caFile: ca_file === undefined ? undefined : resolve(folder, ca_file),
    tokenFile: token_file === undefined ? undefined : resolve(folder, token_file),
    proxy,
  };
}

/** An issuer that introspects has the keys that are written, and none are discovered: its tokens may all be opaque. */
function chooseKeySource({ jwks_file, jwks_uri, introspection }: IssuerSettings, folder: string): KeySource {
  if (jwks_file !== undefined) return { kind: 'file', path: resolve(folder, jwks_file) };
  if (jwks_uri !== undefined) return { kind: 'uri', uri: jwks_uri };
  return introspection === undefined ? { kind: 'discovery' } : { kind: 'none' };
}
