/** The arguments of `audgate init`, checked by the parsers of the configuration. */

import { findPlaceholder } from '../../config/lint/identity-products/issuer-product.ts';
import { parseEndpoint } from '../../config/values/address/endpoint.ts';
import { parseIssuerUri, parseResource } from '../../config/values/address/uri.ts';
import { accept, type ParsedValue, type Rejection, reject } from '../../config/values/parsed-value.ts';
import { chooseRouteKeys } from './route-keys.ts';

export interface InitOptions {
  /** The `iss` of its tokens; `undefined`: the file has an example. */
  readonly issuer: string | undefined;
  readonly routes: readonly InitRoute[];
}

export interface InitRoute {
  /** Of the map `routes`. */
  readonly key: string;
  readonly resource: string;
  readonly upstream: string;
}

/** As given: one of `resource` for each of `upstream`, in the same order. */
export interface InitArguments {
  readonly issuer?: readonly string[] | undefined;
  readonly resource?: readonly string[] | undefined;
  readonly upstream?: readonly string[] | undefined;
}

/** A key of a YAML map has at most 1,024 characters (YAML 1.2.2 section 7.4). */
export const LONGEST_URI = 512;

/** @returns what to write; rejects what `check` would. No value is repeated: it may hold a secret. */
export function readInitArguments(given: InitArguments): ParsedValue<InitOptions> {
  const { issuer: issuers = [], resource: resources = [], upstream: upstreams = [] } = given;
  if (issuers.length > 1) return reject('init takes one --issuer');
  if (resources.length !== upstreams.length) {
    return reject(`--resource and --upstream come in pairs: ${resources.length} and ${upstreams.length} were given`);
  }
  const refused =
    findRejected('--issuer', issuers, parseIssuer) ??
    findRejected('--resource', resources, parseResource) ??
    findRejected('--upstream', upstreams, parseUpstream);
  if (refused !== undefined) return reject(refused);
  const keys = chooseRouteKeys(resources);
  if (!keys.ok) return reject(`--resource: ${describe(keys.rejection)}`);
  const routes = resources.map((resource, index) => ({
    key: keys.value[index] ?? '',
    resource,
    upstream: upstreams[index] ?? '',
  }));
  return accept({ issuer: issuers[0], routes });
}

function parseIssuer(text: string): ParsedValue<string> {
  const placeholder = findPlaceholder(text);
  return placeholder === undefined ? parseIssuerUri(text) : reject(placeholder);
}

/** The path of a unix socket may have what is replaced when a configuration is loaded; a URI has no braces. */
function parseUpstream(text: string): ParsedValue<unknown> {
  return text.includes('${') ? reject('has a ${, which would be replaced at load') : parseEndpoint(text);
}

function findRejected(
  option: string,
  values: readonly string[],
  parse: (text: string) => ParsedValue<unknown>,
): string | undefined {
  for (const [index, value] of values.entries()) {
    const parsed = value.length > LONGEST_URI ? reject(`has more than ${LONGEST_URI} characters`) : parse(value);
    const place = values.length === 1 ? '' : ` number ${index + 1}`;
    if (!parsed.ok) return `${option}${place} ${describe(parsed.rejection)}`;
  }
  return undefined;
}

function describe({ what, expected }: Rejection): string {
  return `${what}${expected === undefined ? '' : `, expected ${expected}`}`;
}
