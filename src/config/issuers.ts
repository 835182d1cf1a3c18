/** The map `issuers`: what its entries say, and the issuers that come of them. */

import { resolve } from 'node:path';
import type { Issuer, KeySource } from './config.ts';
import type { Findings } from './diagnostics.ts';
import { findPlaceholder } from './lint/identity-issuer.ts';
import { type IssuerSettings, issuerSchema } from './schema/schema.ts';
import { readSettings, type Settings } from './settings.ts';
import type { RawMap } from './source/content.ts';
import type { Path } from './source/document.ts';
import { ALGORITHMS } from './values/algorithm.ts';
import { judgeJwksFile } from './values/jwks-file.ts';
import { ISSUER, isInClear, parseIssuerUri } from './values/uri.ts';

/** @returns the issuers of `raw` that are right in themselves, by `iss`; relative file names start at `folder`. */
export function readIssuers(raw: RawMap, folder: string, findings: Findings): ReadonlyMap<string, Issuer> {
  const issuers = new Map<string, Issuer>();
  for (const [issuer, entry] of Object.entries(raw)) {
    const path = ['issuers', issuer];
    // An issuer that needs no settings may stand there alone: `https://login.example.com:`.
    const settings = readSettings(issuerSchema, path, entry ?? {}, findings);
    judgeName(issuer, path, findings);
    judgeKeys(settings, path, folder, findings);
    if (settings.complete !== undefined) issuers.set(issuer, buildIssuer(issuer, settings.complete, folder));
  }
  return issuers;
}

/** A name is only compared. It needs TLS where the keys are discovered from it: AD FS writes an http `iss`, and publishes its keys by https. */
function judgeName(issuer: string, path: Path, findings: Findings): void {
  const uri = parseIssuerUri(issuer);
  const placeholder = findPlaceholder(issuer);
  if (!uri.ok) {
    const code =
      placeholder === undefined
        ? {}
        : ({ code: 'issuer-placeholder', what: placeholder, expected: 'the iss that tokens carry' } as const);
    findings.error(path, { expected: ISSUER, ...uri.fault, ...code }, 'key');
    return;
  }
  if (placeholder !== undefined) findings.warning(path, 'issuer-placeholder', placeholder, 'key');
  const isDiscovered = !['jwks_uri', 'jwks_file'].some(key => findings.isWritten([...path, key]));
  if (isDiscovered && isInClear(issuer)) {
    findings.warning(path, 'issuer-without-tls', 'an issuer without TLS, from which its keys are fetched', 'key');
  }
}

function judgeKeys({ found }: Settings<IssuerSettings>, path: Path, folder: string, findings: Findings): void {
  const { jwks_uri, jwks_file, keys } = found;
  if (jwks_uri !== undefined && jwks_file !== undefined) {
    const what = 'jwks_file does not go together with jwks_uri';
    findings.error([...path, 'jwks_file'], { what, expected: 'one of the two', standsAlone: true }, 'key');
  }
  if (jwks_uri !== undefined && isInClear(jwks_uri)) {
    findings.warning([...path, 'jwks_uri'], 'issuer-without-tls', 'keys fetched without TLS');
  }
  const algorithms = new Set(found.algorithms ?? ALGORITHMS);
  const fault = jwks_file === undefined ? undefined : judgeJwksFile(resolve(folder, jwks_file), algorithms);
  if (fault !== undefined) findings.error([...path, 'jwks_file'], fault);
  if (keys !== undefined && keys.max_stale < keys.refresh) {
    const what = 'max_stale is shorter than refresh';
    const fault = { what, expected: 'keys to be usable at least until they are fetched again', standsAlone: true };
    findings.error([...path, 'keys', 'max_stale'], fault);
  }
}

function buildIssuer(issuer: string, settings: IssuerSettings, folder: string): Issuer {
  const { refresh, cooldown, max_stale: maxStale } = settings.keys;
  return {
    issuer,
    keySource: chooseKeySource(settings, folder),
    algorithms: new Set(settings.algorithms ?? ALGORITHMS),
    tokenTypes: new Set(settings.token_types),
    scopeClaim: settings.scope_claim,
    keys: { refresh, cooldown, maxStale },
  };
}

function chooseKeySource({ jwks_file, jwks_uri }: IssuerSettings, folder: string): KeySource {
  if (jwks_file !== undefined) return { kind: 'file', path: resolve(folder, jwks_file) };
  return jwks_uri === undefined ? { kind: 'discovery' } : { kind: 'uri', uri: jwks_uri };
}
