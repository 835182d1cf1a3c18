/** The arguments of `audgate probe`. No rejection repeats a value: it may hold a secret. */

import { readFileSync } from 'node:fs';
import { parseJwksUri } from '../../config/values/address/uri.ts';
import { accept, type ParsedValue, reject } from '../../config/values/parsed-value.ts';
import { type Field, isOnLoopback, readPath } from '../../probe/http/target.ts';
import { containsToken } from '../explain/evaluate/token-file.ts';

/** As given on the command line. */
export interface ProbeOptions {
  readonly urls: readonly string[];
  readonly config?: string | undefined;
  readonly base?: string | undefined;
  readonly 'token-file'?: string | undefined;
  /** Always refused: a token must not be an argument. */
  readonly token?: string | undefined;
  readonly 'other-token-file'?: readonly string[] | undefined;
  readonly 'id-token-file'?: string | undefined;
  readonly 'expired-token-file'?: string | undefined;
  readonly 'insufficient-token-file'?: string | undefined;
  readonly 'mint-key'?: string | undefined;
  readonly issuer?: readonly string[] | undefined;
  readonly resource?: readonly string[] | undefined;
  readonly jwks?: string | undefined;
  readonly 'sibling-url'?: string | undefined;
  readonly method?: string | undefined;
  readonly header?: readonly string[] | undefined;
  readonly 'body-file'?: string | undefined;
  readonly rate?: string | undefined;
  readonly json?: boolean | undefined;
  readonly junit?: string | undefined;
  readonly strict?: boolean | undefined;
  readonly all?: boolean | undefined;
  readonly 'i-may-test-this-host'?: boolean | undefined;
}

export interface ProbeArguments {
  /** Of the API, or, with a configuration, where its gateway is reached. */
  readonly url: URL;
  /** As it was written: dot segments are left in it. */
  readonly path: string;
  readonly method: string;
  readonly host: string;
  readonly fields: readonly Field[];
  readonly body: string | undefined;
  readonly siblingPath: string | undefined;
  /** Milliseconds between two requests. */
  readonly interval: number;
  readonly issuer: string | undefined;
  readonly resource: string | undefined;
}

const NO_ARGUMENT =
  'a token is not given as an argument: shell history and the list of processes would keep it; write it to a file and name that with --token-file, or pipe it into --token-file -';

/** @returns what to ask; rejects what cannot be asked, and a host off this machine that nobody has said may be tested. */
export function readProbeArguments(options: ProbeOptions): ParsedValue<ProbeArguments> {
  const { urls, header = [], ...named } = options;
  const texts = Object.values(named)
    .flat()
    .filter(value => typeof value === 'string');
  if (options.token !== undefined || [...urls, ...header, ...texts].some(containsToken)) return reject(NO_ARGUMENT);
  const url = readUrl(options);
  if (!url.ok) return url;
  const single = readSingle(options);
  if (!single.ok) return single;
  const request = readRequest(options, url.value);
  if (!request.ok) return request;
  const path = readPath(options.base ?? urls[0] ?? '');
  return accept({ ...single.value, ...request.value, url: url.value, path });
}

type RequestArguments = Pick<ProbeArguments, 'host' | 'fields' | 'body' | 'siblingPath' | 'interval'>;

function readRequest(options: ProbeOptions, url: URL): ParsedValue<RequestArguments> {
  const fields = readFields(options.header ?? []);
  if (!fields.ok) return fields;
  const sibling = readSibling(options['sibling-url'], url);
  if (!sibling.ok) return sibling;
  const interval = readInterval(options.rate ?? '5/s');
  if (!interval.ok) return interval;
  const body = readBody(options['body-file']);
  if (!body.ok) return body;
  const isHost = ([name]: Field) => name.toLowerCase() === 'host';
  const [, host] = fields.value.find(isHost) ?? [];
  return accept({
    host: host ?? url.host,
    fields: fields.value.filter(field => !isHost(field)),
    body: body.value,
    siblingPath: sibling.value,
    interval: interval.value,
  });
}

function readSingle(options: ProbeOptions): ParsedValue<Pick<ProbeArguments, 'method' | 'issuer' | 'resource'>> {
  const { issuer = [], resource = [], method = 'GET' } = options;
  if (issuer.length > 1 || resource.length > 1) return reject('probe takes one --issuer and one --resource');
  if (!/^[A-Z]{1,20}$/.test(method)) return reject('--method is a method in upper case, such as GET');
  if (resource.some(uri => !URL.canParse(uri))) return reject('--resource is no absolute URI');
  if (options.jwks !== undefined && !parseJwksUri(options.jwks).ok)
    return reject('--jwks is no absolute http:// or https:// URL');
  if (options['mint-key'] === undefined) return accept({ method, issuer: issuer[0], resource: resource[0] });
  if (issuer.length === 0) return reject('--mint-key needs --issuer: the iss of the tokens to mint');
  if (resource.length === 0 && options.config === undefined) return reject('--mint-key needs --resource: their aud');
  return accept({ method, issuer: issuer[0], resource: resource[0] });
}

function readUrl(options: ProbeOptions): ParsedValue<URL> {
  const { urls, base, config } = options;
  if ((config === undefined) !== (base === undefined)) return reject('--config and --base come together');
  if (urls.length !== (base === undefined ? 1 : 0)) return reject('probe takes one URL, or --config FILE --base URL');
  if (base === undefined && options['token-file'] === undefined && options['mint-key'] === undefined) {
    return reject('probe needs a token that the API accepts: --token-file FILE, or --mint-key FILE');
  }
  const text = base ?? urls[0] ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // `URL` also reads `http:/host` and `http:\\host`, of which the path would be read otherwise.
  if (!url || !/^https?:\/\/[^\\]+$/i.test(text)) return reject('the URL is no absolute http:// or https:// URL');
  if (url.username !== '' || url.password !== '') return reject('the URL has a name or a password in it');
  if (/[^\x21-\x7e]/.test(text))
    return reject('the URL has characters that no request target has: percent-encode them');
  if (isOnLoopback(url) || options['i-may-test-this-host']) return accept(url);
  return reject(`${url.hostname} is not this machine: --i-may-test-this-host says that you are allowed to test it`);
}

/** Set by the client, or what it is about. */
const OWN_FIELDS = /^(?:authorization|connection|content-length|transfer-encoding|user-agent|expect|upgrade)$/i;

function readFields(lines: readonly string[]): ParsedValue<readonly Field[]> {
  const fields: Field[] = [];
  for (const line of lines) {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === '' || /[^\t\x20-\x7e]/.test(value)) return reject("--header is 'Name: value'");
    if (OWN_FIELDS.test(name)) return reject('--header names a field that the probe writes itself');
    fields.push([name, value]);
  }
  return accept(fields);
}

function readSibling(text: string | undefined, url: URL): ParsedValue<string | undefined> {
  if (text === undefined) return accept(undefined);
  const isSame = URL.canParse(text) && new URL(text).origin === url.origin && !/[^\x21-\x7e]/.test(text);
  return isSame ? accept(readPath(text)) : reject('--sibling-url is no URL of the same scheme, host and port');
}

function readInterval(rate: string): ParsedValue<number> {
  const [, number = ''] = /^(\d{1,2}(?:\.\d{1,2})?)(?:\/s)?$/.exec(rate) ?? [];
  const perSecond = Number(number);
  return perSecond >= 0.1 && perSecond <= 50 ? accept(1000 / perSecond) : reject('--rate is 0.1/s to 50/s');
}

const LARGEST_BODY = 64 * 1024;

function readBody(file: string | undefined): ParsedValue<string | undefined> {
  if (file === undefined) return accept(undefined);
  try {
    const text = readFileSync(file, 'utf8');
    return text.length <= LARGEST_BODY ? accept(text) : reject('--body-file is larger than 64 KiB');
  } catch {
    return reject('--body-file cannot be read');
  }
}
