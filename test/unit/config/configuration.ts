/** Configuration files for tests: each text in a folder of its own, with the files that it names. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../../src/config/config.ts';
import { formatDiagnostic } from '../../../src/config/diagnostics/diagnostic.ts';
import { type LoadResult, loadConfig } from '../../../src/config/load.ts';

export interface World {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** A key set with one public key, P-256. */
export const KEY_SET =
  '{"keys":[{"kty":"EC","x":"dit37FUXZ8un8q6JQckTjX0CTiyAat0ckeQLF5eUj_A","y":"eyH5r27pnGUE_a72YlYQUIoiwXew7PHGsxARbgzfwDE","crv":"P-256"}]}';

/** A certificate of an authority; its key was thrown away. */
export const CA_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBgDCCASegAwIBAgIUFbPFA1cye2lLDjCtLNxSsomWnlIwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjcwMDAzMTNaGA8yMTI2MTEw
MzAwMDMxM1owFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABNktNq0tDQbR3RkGIuyMECjHybDlEdGx03t/4VAnecROoPcuusYF
NqkU1wN6YxO5M69bPd9AAUjFPNI2l6HCgDqjUzBRMB0GA1UdDgQWBBQcndDZE+Qi
/svoFFYRf8Ne1eAkqjAfBgNVHSMEGDAWgBQcndDZE+Qi/svoFFYRf8Ne1eAkqjAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIBeW/U21js71XWwBlhXv
gvhHiN/AGYkE+ardX4o89rJ9AiAfWCuNMx6lI3uxeT9ZkvNenHBWgvOt95WBPkix
xmhZFQ==
-----END CERTIFICATE-----
`;

/** A configuration with every kind of key. */
export const EXAMPLE = `# yaml-language-server: $schema=./audgate.schema.json
listen: 0.0.0.0:8080             # data listener. host:port, or [::]:port
admin: 127.0.0.1:9090            # /metrics, /healthz, /readyz and the status page. Never on the data listener

issuers:                         # a map; the key is the exact \`iss\`
  https://login.example.com:
    jwks_uri: https://login.example.com/jwks
    algorithms: [RS256, ES256]
    token_types: [at+jwt]
    scope_claim: scope
    keys: { refresh: 10m, cooldown: 30s, max_stale: 24h, timeout: 5s }

routes:                          # a map; the key is [host]/path-prefix
  /profile:
    resource: https://profile.example.com/
    upstream: http://profile:8080
    scopes: [profile:read]

  billing.example.com/v2:
    resource: https://billing.example.com/
    audiences: [6731de76-14a6-49ae-97bc-6eba6914391e]
    multiple_audiences: any
    issuers: [https://login.example.com]
    upstream: http://billing:8080/api
    strip_prefix: true
    scopes:
      GET: [billing:read]
      POST /invoices: [billing:read, billing:write]
      "*": [billing:admin]
    enforcement: report
    forward_token: true
    claims_to_headers: { X-User: sub, X-Client: client_id }
    timeouts: { connect: 5s, response: 60s, idle: 5m }

  /status:
    public: true
    upstream: http://status:8080
`;

const home = mkdtempSync(join(tmpdir(), 'audgate-config-'));

process.once('exit', () => rmSync(home, { recursive: true }));

/** @returns a file with `text`, next to the files of `world`; removed when the process ends. */
export function writeConfiguration(text: string, { files = {} }: World = {}): string {
  const folder = mkdtempSync(join(home, 'world-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, text);
  return file;
}

/** @returns the result of `loadConfig` for `text`. */
export function load(text: string, world: World = {}): LoadResult {
  return loadConfig(writeConfiguration(text, world), world.environment ?? {});
}

/** @returns the configuration of `text`; throws where it has errors. */
export function loadValid(text: string, world: World = {}): Config {
  const result = load(text, world);
  if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'));
  return result.config;
}

/** @returns every diagnostic of `text` as `LINE:COL: …`. */
export function listDiagnostics(text: string, world: World = {}): string[] {
  const result = load(text, world);
  const diagnostics = result.ok ? result.warnings : result.diagnostics;
  return diagnostics.map(diagnostic => formatDiagnostic({ ...diagnostic, file: 'FILE' }).replace(/^FILE:/, ''));
}

/** @returns every code of `text`, in the order of the file. */
export function listCodes(text: string, world: World = {}): string[] {
  const result = load(text, world);
  return (result.ok ? result.warnings : result.diagnostics).map(({ code }) => code);
}
