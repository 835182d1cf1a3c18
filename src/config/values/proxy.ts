/** The proxy of the environment, as curl and Go read it: http_proxy, https_proxy, no_proxy, in lower case first. */

import type { ForwardProxy } from '../forward-proxy.ts';
import { accept, type ParsedValue, reject } from './parsed-value.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** @returns the proxies for http and for https; `undefined` where there is none. The value is in no rejection: it may have a password. */
export function readProxy(environment: Environment): ParsedValue<ForwardProxy | undefined> {
  const http = readVariable(environment, 'http_proxy');
  const https = readVariable(environment, 'https_proxy');
  for (const [name, value] of [http, https]) {
    if (value !== undefined && toProxyUrl(value) === undefined) {
      return reject(`the environment variable ${name} is not the URL of a proxy`, {
        expected: 'http://HOST:PORT or https://HOST:PORT',
        standsAlone: true,
      });
    }
  }
  const proxy = {
    http: toProxyUrl(http[1]),
    https: toProxyUrl(https[1]),
    except: readVariable(environment, 'no_proxy')[1] ?? '',
  };
  return accept(proxy.http === undefined && proxy.https === undefined ? undefined : proxy);
}

/** @returns the name of the variable that is set, and its value; an empty one counts as unset. */
function readVariable(environment: Environment, name: string): readonly [name: string, value: string | undefined] {
  const value = environment[name];
  if (value !== undefined && value !== '') return [name, value];
  const upper = name.toUpperCase();
  return [upper, environment[upper] === '' ? undefined : environment[upper]];
}

function toProxyUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = text.includes('://') ? text : `http://${text}`;
  return URL.canParse(url) && /^https?:\/\/[^/]/i.test(url) ? url : undefined;
}
