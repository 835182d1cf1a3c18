/** `exchange` of a route: which of its keys go together, the files that they name, and `upstream_token: exchange` beside it. */

import { resolve } from 'node:path';
import type { DiagnosticCollector } from './diagnostics/diagnostic-collector.ts';
import type { Exchange } from './exchange-config.ts';
import type { ClientAuthentication } from './introspection-config.ts';
import type { Surroundings } from './issuers.ts';
import type { ExchangeSettings } from './schema/exchange-schema.ts';
import type { RouteSettings } from './schema/route-schema.ts';
import { describeMissingKey } from './schema/zod-diagnostic.ts';
import type { Path } from './source/document.ts';
import type { ReferencedFiles } from './source/referenced-files.ts';
import { readSigningKey } from './values/client-key.ts';
import { checkCaFile } from './values/issuer-files.ts';
import { accept, type ParsedValue } from './values/parsed-value.ts';
import { readProxy } from './values/proxy.ts';
import { isContradicted, readUpstreamToken } from './values/upstream-token.ts';

const SECRET = 'the secret of the client, such as "${file:/run/secrets/exchange}", or key_file';
const TARGET = 'the resource or the audience that issued tokens are for';

/**
 * @param path of the route.
 * @returns the settings with the content of their files; `undefined` where there are none, or they have an error, which is reported.
 */
export function readExchange(
  found: Partial<RouteSettings>,
  path: Path,
  { files, environment }: Surroundings,
  diagnostics: DiagnosticCollector,
): Exchange | undefined {
  checkTogether(found, path, diagnostics);
  const { exchange: settings } = found;
  if (settings === undefined) return undefined;
  const place = [...path, 'exchange'];
  checkTarget(settings, place, diagnostics);
  const caFile = settings.ca_file === undefined ? undefined : resolve(files.folder, settings.ca_file);
  const unusable = caFile === undefined ? undefined : checkCaFile(caFile);
  if (unusable !== undefined) diagnostics.error([...place, 'ca_file'], unusable);
  const authentication = readAuthentication(settings, place, files, diagnostics);
  const proxy = readProxy(environment);
  if (authentication === undefined) return undefined;
  const { token_endpoint: tokenEndpoint, client_id: clientId, grant, resource, audience, ...others } = settings;
  const { scopes, opaque, timeout } = others;
  const asked = { tokenEndpoint, grant, clientId, authentication, resource, audience, scopes };
  return { ...asked, opaque, timeout, caFile, proxy: proxy.ok ? proxy.value : undefined };
}

/** `exchange` and `upstream_token: exchange` mean nothing without one another. On a public route the first is reported elsewhere. */
function checkTogether(found: Partial<RouteSettings>, path: Path, diagnostics: DiagnosticCollector): void {
  const isWritten = diagnostics.isWritten([...path, 'exchange']);
  const isWanted = readUpstreamToken(found) === 'exchange';
  if (isWanted && found.public === true) {
    const what = 'is not possible on a public route: nobody looks at its tokens';
    diagnostics.error([...path, 'upstream_token'], { code: 'public-route-key', what, expected: 'strip or forward' });
  } else if (isWanted && !isWritten) {
    const expected = 'where and for whom tokens are exchanged';
    diagnostics.error([...path, 'exchange'], describeMissingKey('exchange', expected), 'parent');
  }
  // A value of upstream_token that cannot be read is an error already.
  const isUnread = found.upstream_token === undefined && diagnostics.isWritten([...path, 'upstream_token']);
  if (!isWritten || isWanted || isUnread || isContradicted(found) || found.public === true) return;
  const what = '"exchange" has no effect without upstream_token: exchange';
  diagnostics.error([...path, 'exchange'], { what, expected: 'both keys, or neither', standsAlone: true }, 'key');
}

/** Without a target, an issued token could be for anybody (RFC 8693 section 2.1). */
function checkTarget(settings: ExchangeSettings, place: Path, diagnostics: DiagnosticCollector): void {
  const { grant, resource, audience, scopes, opaque } = settings;
  const hasTarget = resource !== undefined || audience !== undefined;
  if (grant === 'jwt-bearer' && scopes.length === 0) {
    const expected = 'the scopes that say for whom the token is, such as api://inner/.default';
    diagnostics.error([...place, 'scopes'], describeMissingKey('scopes', expected), 'parent');
  }
  // No JWT could pass; an opaque token is not checked.
  if (hasTarget || (grant === 'jwt-bearer' && opaque)) return;
  diagnostics.error([...place, 'resource'], describeMissingKey('resource', TARGET), 'parent');
}

function readAuthentication(
  { client_secret: secret, key_file }: ExchangeSettings,
  place: Path,
  files: ReferencedFiles,
  diagnostics: DiagnosticCollector,
): ClientAuthentication | undefined {
  if (secret !== undefined && key_file !== undefined) {
    const rejection = { what: 'key_file does not go together with client_secret', expected: 'one of the two' };
    diagnostics.error([...place, 'key_file'], { ...rejection, standsAlone: true }, 'key');
    return undefined;
  }
  if (secret !== undefined) return { method: 'basic', secret };
  if (key_file === undefined) {
    diagnostics.error([...place, 'client_secret'], describeMissingKey('client_secret', SECRET), 'parent');
    return undefined;
  }
  const read = readKey(files.readText(key_file));
  if (read.ok) return read.value;
  diagnostics.error([...place, 'key_file'], read.rejection);
  return undefined;
}

function readKey(file: ParsedValue<string>): ParsedValue<ClientAuthentication> {
  const key = readSigningKey(file);
  return key.ok ? accept({ method: 'private_key_jwt', ...key.value }) : key;
}
