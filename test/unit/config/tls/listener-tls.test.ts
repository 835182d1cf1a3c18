/** `tls` of the data listener: what it becomes, and what is wrong with it, at its place. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, hasOpenssl } from '../../../support/certificates.ts';
import { listCodes, listDiagnostics, load, loadValid } from '../configuration.ts';

const ROUTES = 'routes: { /: { public: true, upstream: http://a } }\n';
const yaml = (tls: string) => `tls: ${tls}\n${ROUTES}`;
const entry = (name: string, more = '') => `{ cert_file: ${name}.crt, key_file: ${name}.key${more} }`;

describe.skipIf(!hasOpenssl)('tls', () => {
  let folder: string;
  let files: Record<string, string>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-tls-'));
    const authority = createAuthority(folder);
    files = { 'garbage.crt': 'x', 'garbage.key': 'x' };
    const add = (name: string, { cert, key }: ReturnType<typeof authority.issue>) => {
      files[`${name}.crt`] = cert;
      files[`${name}.key`] = key;
    };
    add('a', authority.issue('DNS:A.example', 'DNS:*.wild.example', 'IP:192.0.2.1'));
    add('b', authority.issue('DNS:b.example'));
    add('address', authority.issue('IP:192.0.2.1'));
    add('nameless', authority.issueWith({}));
    add('rsa', authority.issueWith({ key: 'RSA-2048' }, 'DNS:rsa.example'));
    add('small', authority.issueWith({ key: 'RSA-1024' }, 'DNS:small.example'));
    add('curve', authority.issueWith({ key: 'secp256k1' }, 'DNS:curve.example'));
    add('expired', authority.issueExpired('DNS:expired.example'));
    const ca = readFileSync(authority.file, 'utf8');
    files['chain.crt'] = `${files['a.crt']}${ca}`;
    files['chain.key'] = files['a.key'] ?? '';
    files['reversed.crt'] = `${ca}${files['a.crt']}`;
    files['reversed.key'] = files['a.key'] ?? '';
    files['broken-chain.crt'] = `${files['a.crt']}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
    files['broken-chain.key'] = files['a.key'] ?? '';
    writeFileSync(join(folder, 'plain.key'), files['a.key'] ?? '');
    const encrypt = ['pkcs8', '-topk8', '-in', 'plain.key', '-passout', 'pass:secret'];
    files['secret.crt'] = files['a.crt'] ?? '';
    files['secret.key'] = execFileSync('openssl', encrypt, { cwd: folder, encoding: 'utf8' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const tlsOf = (tls: string) => loadValid(yaml(tls), { files }).tls;

  test('none: plain HTTP', () => {
    expect(loadValid(ROUTES).tls).toBeUndefined();
  });

  test('a misspelled key of one of several: one error, which names the right one', () => {
    const found = listDiagnostics(yaml(`[${entry('a')}, { cert_fil: b.crt, key_file: b.key }]`), { files });
    expect(found).toEqual([
      expect.stringMatching(/tls\[1\]\.cert_fil: unknown key "cert_fil", .*min_version.*; did you mean "cert_file"\?/),
    ]);
  });

  test('one: names in lower case, the first one as label, TLS 1.2', () => {
    const { minVersion, certificates } = tlsOf(entry('a')) ?? {};
    expect(minVersion).toBe('TLSv1.2');
    expect(certificates).toMatchObject([
      { names: ['a.example', '*.wild.example'], label: 'a.example', cert: files['a.crt'], key: files['a.key'] },
    ]);
    expect((certificates?.[0].expiresAt ?? 0) / Date.now()).toBeGreaterThan(1);
  });

  test('a list: in its order; the files are watched', () => {
    const config = loadValid(yaml(`[${entry('a')}, ${entry('rsa')}, ${entry('chain')}]`), { files });
    expect(config.tls?.certificates.map(({ label }) => label)).toEqual(['a.example', 'rsa.example', 'a.example']);
    expect(config.source.files).toHaveLength(6);
  });

  test.each([
    ['address', '192.0.2.1'],
    ['nameless', /^server-\d+$/],
  ])('%s: without a DNS name the label is %s', (name, label) => {
    expect(tlsOf(entry(name))?.certificates[0]).toMatchObject({ names: [], label: expect.stringMatching(label) });
  });

  test.each(['"1.3"', '1.3'])('min_version: %s', version => {
    expect(tlsOf(entry('a', `, min_version: ${version}`))?.minVersion).toBe('TLSv1.3');
  });

  test('min_version in one entry of a list: for all of them', () => {
    expect(tlsOf(`[${entry('a')}, ${entry('b', ', min_version: "1.3"')}]`)?.minVersion).toBe('TLSv1.3');
  });

  test.each([
    [entry('absent'), ['tls.cert_file unreadable-file', 'tls.key_file unreadable-file']],
    [entry('garbage'), ['tls.cert_file certificate', 'tls.key_file certificate']],
    ['{ cert_file: a.crt, key_file: b.key }', ['tls.key_file certificate']],
    ['{ cert_file: a.key, key_file: a.crt }', ['tls.cert_file certificate', 'tls.key_file certificate']],
    [entry('secret'), ['tls.key_file certificate']],
    [entry('small'), ['tls.key_file certificate']],
    [entry('curve'), ['tls.key_file certificate']],
    [entry('expired'), ['tls.cert_file certificate-expired']],
    [entry('reversed'), ['tls.key_file certificate']],
    [entry('broken-chain'), ['tls.cert_file certificate']],
    [`[${entry('a')}, ${entry('expired')}]`, ['tls[1].cert_file certificate-expired']],
    ['{ cert_file: a.crt }', ['tls.key_file missing-key']],
    [entry('a', ', min_version: "1.1"'), ['tls.min_version invalid-value']],
    [
      `[${entry('a', ', min_version: "1.2"')}, ${entry('b', ', min_version: "1.3"')}]`,
      ['tls[1].min_version invalid-value'],
    ],
    ['[]', ['tls invalid-value']],
    ['yes', ['tls invalid-value']],
    [entry('a', ', ciphers: ALL'), ['tls.ciphers unknown-key']],
  ])('%s: an error of %j, which quotes no file', (written, expected) => {
    const result = load(yaml(written), { files });
    expect(result.ok).toBe(false);
    const places = listDiagnostics(yaml(written), { files }).map(line => line.split(': ')[1]);
    expect(places.map((place, index) => `${place} ${listCodes(yaml(written), { files })[index]}`)).toEqual(expected);
    expect(listDiagnostics(yaml(written), { files }).join()).not.toContain('-----');
  });

  test('a key with a passphrase: the message says that', () => {
    expect(listDiagnostics(yaml(entry('secret')), { files }).join()).toContain('a key with a passphrase');
  });

  test('a weak key: the message says which', () => {
    expect(listDiagnostics(yaml(entry('small')), { files }).join()).toContain('rsa of 1024 bits');
  });

  test.each([
    [`[${entry('a')}, ${entry('a')}]`, ['certificate-never-chosen']],
    [`[${entry('a')}, ${entry('nameless')}]`, ['certificate-never-chosen']],
    [`[${entry('nameless')}, ${entry('a')}]`, []],
  ])('%s: warns of %j', (written, codes) => {
    expect(load(yaml(written), { files }).ok).toBe(true);
    expect(listCodes(yaml(written), { files })).toEqual(codes);
  });
});
