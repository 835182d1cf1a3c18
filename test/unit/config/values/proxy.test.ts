/** The proxy of the environment. */

import { expect, test } from 'vitest';
import { readProxy } from '../../../../src/config/values/proxy.ts';
import { listDiagnostics } from '../configuration.ts';

const YAML =
  'issuers: { https://i: {} }\nroutes: { /a: { resource: https://a/, upstream: https://a, multiple_audiences: only } }\n';

test.each([
  [{}, undefined],
  [{ http_proxy: '', HTTPS_PROXY: '' }, undefined],
  [{ no_proxy: 'a' }, undefined],
  [{ https_proxy: 'http://proxy:3128' }, { http: undefined, https: 'http://proxy:3128', except: '' }],
  [
    { HTTP_PROXY: 'proxy:3128', NO_PROXY: 'a,b' },
    { http: 'http://proxy:3128', https: undefined, except: 'a,b' },
  ],
  [
    { https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:1' },
    { http: undefined, https: 'http://a:1', except: '' },
  ],
  [{ https_proxy: 'https://u:p@a:1' }, { http: undefined, https: 'https://u:p@a:1', except: '' }],
])('%j: read as curl reads it', (environment, proxy) => {
  expect(readProxy(environment)).toEqual({ ok: true, value: proxy });
});

test.each(['socks5://u:secret@a:1', 'http://u:secret@:x', 'ftp://u:secret@a'])(
  '%s: an error that names the variable, not the value',
  value => {
    expect(listDiagnostics(YAML, { environment: { HTTPS_PROXY: value } })).toEqual([
      '1:1: issuers: the environment variable HTTPS_PROXY is not the URL of a proxy, expected http://HOST:PORT or https://HOST:PORT',
    ]);
  },
);
