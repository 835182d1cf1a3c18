/** `upstream` as a map: what it becomes, and what is wrong with it, at its place. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { createAuthority, hasOpenssl } from '../../support/certificates.ts';
import { listCodes, listDiagnostics, loadValid, type World } from './configuration.ts';

/** A route whose upstream has `keys` beside its URL; the map begins at column 38. */
const withKeys = (keys: string, url = 'https://a') =>
  `routes: { /: { public: true, upstream: { url: ${url}${keys ? `, ${keys}` : ''} } } }\n`;
const upstreamOf = (keys: string, world?: World) => loadValid(withKeys(keys), world).routes[0]?.upstream;

/** A route whose `upstream`, at column 40, is `value`. */
const withUrls = (value: string) => `routes: { /: { public: true, upstream: ${value} } }\n`;

describe('several URLs', () => {
  const labelsOf = (value: string) =>
    loadValid(withUrls(value)).routes[0]?.upstream.endpoints.map(({ label, basePath }) => label + basePath);

  test.each([
    ['http://a', ['a:80']],
    ['[http://a]', ['a:80']],
    ['[https://a/x/, "https://[::1]:8443/y"]', ['a:443/x', '[::1]:8443/y']],
    ['{ urls: [http://a, http://b] }', ['a:80', 'b:80']],
    ['unix:/run/a.sock', ['/run/a.sock']],
    ['[unix:/run/a.sock, unix:/run/b.sock, http://c]', ['/run/a.sock', '/run/b.sock', 'c:80']],
  ])('%s: in the order of the YAML', (value, expected) => {
    expect(labelsOf(value)).toEqual(expected);
  });

  test.each(['[http://a, http://b]', '[unix:/run/a.sock]'])('%s: as a map with urls', value => {
    const { upstream } = loadValid(withUrls(value)).routes[0] ?? {};
    expect(loadValid(withUrls(`{ urls: ${value} }`)).routes[0]?.upstream).toEqual(upstream);
  });
});

describe('keep_alive', () => {
  test.each([
    ['idle: 5s', { idle: 5_000, maxAge: 600_000 }],
    ['max_age: 30s', { idle: 30_000, maxAge: 30_000 }],
    ['idle: 10m', { idle: 600_000, maxAge: 600_000 }],
    ['', { idle: 60_000, maxAge: 600_000 }],
  ])('{ %s }: the rest by default, idle at most max_age', (times, expected) => {
    expect(upstreamOf(`keep_alive: { ${times} }`)?.keepAlive).toEqual(expected);
  });

  test('false: no connection is kept', () => {
    expect(upstreamOf('keep_alive: false')?.keepAlive).toBeUndefined();
  });
});

describe('an error', () => {
  test.each([
    [
      withKeys('lenint: true'),
      '1:58: routes./.upstream.lenint: unknown key "lenint", expected one of url, urls, preserve_host, tls, keep_alive, max_response_headers, lenient; did you mean "lenient"?',
    ],
    [
      withKeys('tls: { ca_fil: x }'),
      '1:65: routes./.upstream.tls.ca_fil: unknown key "ca_fil", expected one of ca_file, cert_file, key_file, server_name; did you mean "ca_file"?',
    ],
    [
      withKeys('keep_alive: { idel: 5s }'),
      '1:72: routes./.upstream.keep_alive.idel: unknown key "idel", expected one of idle, max_age; did you mean "idle"?',
    ],
    [
      withKeys('keep_alive: { idle: 5m, max_age: 1m }'),
      '1:78: routes./.upstream.keep_alive.idle: "5m" is longer than max_age, expected at most max_age',
    ],
    [
      withKeys('keep_alive: true'),
      '1:70: routes./.upstream.keep_alive: "true" is the default, expected a map with idle and max_age, or false',
    ],
    [
      withKeys('max_response_headers: 2MiB'),
      '1:80: routes./.upstream.max_response_headers: "2MiB" is too large, expected at most 1MiB',
    ],
    [
      withKeys('tls: { server_name: "a:443" }'),
      '1:78: routes./.upstream.tls.server_name: "a:443" is not a host name, expected a host name or an IP address, without a port, such as billing.internal; did you mean "a"?',
    ],
    [
      withKeys('tls: { server_name: a }', 'http://a'),
      '1:57: routes./.upstream.tls: "tls" has no effect on an http:// upstream, expected an https:// URL, or no such key',
    ],
    [
      withKeys('tls: { ca_file: absent.pem }'),
      '1:74: routes./.upstream.tls.ca_file: "absent.pem" names a file that does not exist, expected a PEM file with certificates',
    ],
    [
      'routes: { /: { public: true, upstream: { lenient: false } } }\n',
      '1:30: routes./.upstream.url: missing key "url", expected an http://, https:// or unix: URL such as http://billing:8080/api',
    ],
    [
      'routes: { /: { public: true, upstream: { ulr: http://a } } }\n',
      '1:42: routes./.upstream.ulr: unknown key "ulr", expected one of url, urls, preserve_host, tls, keep_alive, max_response_headers, lenient; did you mean "url"?',
    ],
    [
      withKeys('urls: [http://b]', 'http://a'),
      '1:57: routes./.upstream.urls: "urls" does not go with url, expected one of the two',
    ],
    [withUrls('[]'), '1:40: routes./.upstream: the list is empty, expected at least one entry'],
    [
      withUrls('[http://a, HTTP://A:80/, http://a/b]'),
      '1:51: routes./.upstream[1]: "HTTP://A:80/" stands in the list already',
    ],
    [
      withUrls('[unix:/run/a.sock, http://b, https://b]'),
      '1:69: routes./.upstream[2]: "https://b" has another scheme than the first, expected http:// and unix:, or https:// only',
    ],
    [
      withUrls('{ urls: [https://a, https://b, b], tls: { server_name: a } }'),
      '1:71: routes./.upstream.urls[2]: "b" is not absolute, expected an http://, https:// or unix: URL such as http://billing:8080/api',
    ],
    [
      withUrls('{ urls: [unix:/run/a.sock], tls: { server_name: a } }'),
      '1:68: routes./.upstream.tls: "tls" has no effect on an http:// upstream, expected an https:// URL, or no such key',
    ],
    [
      'routes: { /: { public: true, upstream: { url: ws://a } } }\n',
      '1:47: routes./.upstream.url: "ws://a" is a WebSocket URL, expected http:// or https://, which carry upgrades too; did you mean "http://a"?',
    ],
  ])('%s', (text, diagnostic) => {
    expect(listDiagnostics(text)).toEqual([diagnostic]);
  });

  test('neither url nor urls: told beside what else is wrong', () => {
    expect(listDiagnostics('routes: { /: { public: true, upstream: { lenint: true } } }\n')).toEqual([
      expect.stringContaining('routes./.upstream.url: missing key "url"'),
      expect.stringContaining('routes./.upstream.lenint: unknown key "lenint"'),
    ]);
  });

  test('several in one map: all of them', () => {
    const text = withKeys('lenient: maybe, tls: { ca_file: absent.pem, cert_file: gone.pem }');
    expect(listDiagnostics(text).map(line => line.split(': ')[1])).toEqual([
      'routes./.upstream.lenient',
      'routes./.upstream.tls.ca_file',
      'routes./.upstream.tls.cert_file',
      'routes./.upstream.tls.cert_file',
    ]);
  });
});

describe.skipIf(!hasOpenssl)('tls files', () => {
  let folder: string;
  let files: Record<string, string>;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-tls-'));
    const authority = createAuthority(folder);
    const [own, other] = [authority.issue('DNS:a'), authority.issue('DNS:b')];
    const ca = readFileSync(authority.file, 'utf8');
    files = {
      ...{ 'ca.pem': ca, 'two.pem': ca + own.cert, 'own.crt': own.cert, 'own.key': own.key, 'other.key': other.key },
      ...{
        'garbage.pem': 'x',
        'empty.pem': '',
        'half.pem': `${ca}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      },
    };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('all of them: their text, as it was read', () => {
    const tls = 'tls: { ca_file: two.pem, cert_file: own.crt, key_file: own.key, server_name: Billing.Internal }';
    expect(upstreamOf(tls, { files })?.tls).toMatchObject({
      ...{ ca: files['two.pem'], cert: files['own.crt'], key: files['own.key'], serverName: 'billing.internal' },
    });
  });

  test.each([
    ['ca_file: garbage.pem', 'ca_file', 'certificate'],
    ['ca_file: empty.pem', 'ca_file', 'certificate'],
    ['ca_file: own.key', 'ca_file', 'certificate'],
    ['ca_file: half.pem', 'ca_file', 'certificate'],
    ['cert_file: own.crt', 'cert_file', 'invalid-value'],
    ['key_file: own.key', 'key_file', 'invalid-value'],
    ['cert_file: garbage.pem, key_file: own.key', 'cert_file', 'certificate'],
    ['cert_file: own.crt, key_file: own.crt', 'key_file', 'certificate'],
    ['cert_file: own.crt, key_file: other.key', 'key_file', 'certificate'],
    ['ca_file: /dev/zero', 'ca_file', 'unreadable-file'],
  ])('%s: an error of %s', (written, key, code) => {
    const text = withKeys(`tls: { ${written} }`);
    expect(listDiagnostics(text, { files }).map(line => line.split(': ')[1])).toEqual([`routes./.upstream.tls.${key}`]);
    expect(listCodes(text, { files })).toEqual([code]);
    expect(listDiagnostics(text, { files }).join()).not.toContain('BEGIN');
  });

  test('the fingerprint: of what the files hold and of the name', () => {
    const base = 'tls: { ca_file: ca.pem';
    const fingerprint = (more: string, world = { files }) => upstreamOf(`${base}${more} }`, world)?.tls?.fingerprint;
    expect(fingerprint('')).toBe(fingerprint(''));
    const others = [
      fingerprint(', server_name: a'),
      fingerprint('', { files: { ...files, 'ca.pem': files['two.pem'] ?? '' } }),
    ];
    expect(new Set([fingerprint(''), ...others]).size).toBe(3);
  });

  test('routes with the same settings: one object', () => {
    const route = (path: string) => `${path}: { public: true, upstream: { url: https://a, tls: { ca_file: ca.pem } } }`;
    const { routes } = loadValid(`routes: { ${route('/a')}, ${route('/b')} }\n`, { files });
    expect(routes[0]?.upstream.tls).toBe(routes[1]?.upstream.tls);
  });

  test('source: has the files that were read, also where the load fails', () => {
    const file = join(folder, 'audgate.yaml');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    writeFileSync(file, withKeys('tls: { ca_file: ca.pem }'));
    const loaded = loadConfig(file, {});
    expect(loaded.ok && loaded.config.source.files).toMatchObject([{ path: join(folder, 'ca.pem') }]);
    writeFileSync(file, withKeys('tls: { ca_file: not-yet.pem }'));
    expect(loadConfig(file, {})).toMatchObject({ ok: false, files: [{ path: join(folder, 'not-yet.pem') }] });
  });
});
