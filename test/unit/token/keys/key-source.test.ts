/** Where keys come from, and what an issuer may not do to us. Every peer is a real server. */

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeySettings } from '../../../../src/config/config.ts';
import type { KeySource } from '../../../../src/config/key-source.ts';
import { describeFetchFailure } from '../../../../src/token/fetching/fetch-failure.ts';
import { fetchKeys } from '../../../../src/token/keys/key-source.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { listenOnLoopback } from '../../../support/listener.ts';
import { exampleIssuer } from '../example-token.ts';

const KEYS = { keys: [{ kty: 'EC', kid: 'a' }] };
const OAUTH = '/.well-known/oauth-authorization-server';
const OIDC = '/.well-known/openid-configuration';

let server: Server;
let origin: string;
let asked: string[];
/** What is published, by path; a function answers by itself. Everything else is 404. */
let published: Record<string, unknown>;

beforeEach(async () => {
  asked = [];
  published = {};
  const answer: RequestListener = (request, response) => {
    const url = request.url ?? '';
    asked.push(url);
    const content = published[url];
    if (typeof content === 'function') content(request, response);
    else if (content === undefined) response.writeHead(404).end('{}');
    else response.end(typeof content === 'string' ? content : JSON.stringify(content));
  };
  server = createServer(answer);
  origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const DISCOVERY: KeySource = { kind: 'discovery' };
const never = new AbortController().signal;
const fetchFrom = async (keySource: KeySource, issuer = origin, stopped = never, keys: Partial<KeySettings> = {}) =>
  (await fetchKeys(exampleIssuer({ issuer, keySource, keys }), stopped)).jwks;
const fetchJwks = () => fetchFrom({ kind: 'uri', uri: `${origin}/jwks` });

describe('discovery', () => {
  test('first request: RFC 8414 metadata', async () => {
    published = { [OAUTH]: { issuer: origin, jwks_uri: `${origin}/jwks` }, '/jwks': KEYS };
    expect(await fetchFrom(DISCOVERY)).toEqual(KEYS.keys);
    expect(asked).toEqual([OAUTH, '/jwks']);
  });

  test('RFC 8414 document missing: OpenID Connect', async () => {
    published = { [OIDC]: { issuer: origin, jwks_uri: `${origin}/jwks` }, '/jwks': KEYS };
    expect(await fetchFrom(DISCOVERY)).toEqual(KEYS.keys);
    expect(asked).toEqual([OAUTH, OIDC, '/jwks']);
  });

  test('RFC 8414 document of another issuer: OpenID Connect', async () => {
    const foreign = { issuer: 'https://elsewhere.example', jwks_uri: `${origin}/foreign` };
    published = { [OAUTH]: foreign, [OIDC]: { issuer: origin, jwks_uri: `${origin}/jwks` }, '/jwks': KEYS };
    expect(await fetchFrom(DISCOVERY)).toEqual(KEYS.keys);
    expect(asked).toEqual([OAUTH, OIDC, '/jwks']);
  });

  test('issuer with a path: inserted before it for RFC 8414, appended for OpenID Connect', async () => {
    const issuer = `${origin}/tenant/7`;
    published = { [`/tenant/7${OIDC}`]: { issuer, jwks_uri: `${origin}/jwks` }, '/jwks': KEYS };
    expect(await fetchFrom(DISCOVERY, issuer)).toEqual(KEYS.keys);
    expect(asked).toEqual([`${OAUTH}/tenant/7`, `/tenant/7${OIDC}`, '/jwks']);
  });

  test('issuer with a slash at its end: dropped in the URL, compared with it', async () => {
    const issuer = `${origin}/tenant/`;
    published = { [`${OAUTH}/tenant`]: { issuer, jwks_uri: `${origin}/jwks` }, '/jwks': KEYS };
    expect(await fetchFrom(DISCOVERY, issuer)).toEqual(KEYS.keys);
    published = { [`/tenant${OIDC}`]: { issuer, jwks_uri: `${origin}/jwks` }, '/jwks': KEYS };
    expect(await fetchFrom(DISCOVERY, issuer)).toEqual(KEYS.keys);
  });

  test.each([
    ['another issuer', (own: string) => ({ issuer: 'https://evil.example', jwks_uri: `${own}/jwks` })],
    ['the issuer with a slash', (own: string) => ({ issuer: `${own}/`, jwks_uri: `${own}/jwks` })],
    ['the issuer in upper case', (own: string) => ({ issuer: own.toUpperCase(), jwks_uri: `${own}/jwks` })],
    ['no issuer', (own: string) => ({ jwks_uri: `${own}/jwks` })],
    ['no jwks_uri', (own: string) => ({ issuer: own })],
    ['a jwks_uri that is no string', (own: string) => ({ issuer: own, jwks_uri: [`${own}/jwks`] })],
    ['a relative jwks_uri', (own: string) => ({ issuer: own, jwks_uri: '/jwks' })],
    ['a jwks_uri that is a file', (own: string) => ({ issuer: own, jwks_uri: 'file:///etc/passwd' })],
  ])('metadata with %s: refused (RFC 8414 section 3.3)', async (_, metadata) => {
    published = { [OAUTH]: metadata(origin), [OIDC]: metadata(origin), '/jwks': KEYS };
    await expect(fetchFrom(DISCOVERY)).rejects.toThrow();
    expect(asked).not.toContain('/jwks');
  });

  test('https issuer with an http jwks_uri: refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'audgate-authority-'));
    const authority = createAuthority(folder);
    const secure = createSecureServer(authority.issue('IP:127.0.0.1'), (_, response) =>
      response.end(JSON.stringify(metadata)),
    );
    const issuer = `https://127.0.0.1:${await listenOnLoopback(secure)}`;
    const metadata = { issuer, jwks_uri: `${origin}/jwks` };
    try {
      const fetching = fetchKeys(
        exampleIssuer({ issuer, keySource: DISCOVERY, keys: { caFile: authority.file } }),
        never,
      );
      await expect(fetching).rejects.toThrow('the jwks_uri is not https');
    } finally {
      secure.closeAllConnections();
      secure.close();
      rmSync(folder, { recursive: true });
    }
    expect(asked).not.toContain('/jwks');
  });
});

describe('message of a failed discovery', () => {
  const told = () => fetchFrom(DISCOVERY).then(String, String);

  test('both documents wrong: each with its reason', async () => {
    published = { [OIDC]: { issuer: `${origin}/`, jwks_uri: `${origin}/jwks` } };
    expect(await told()).toBe(
      `Error: ${origin}${OAUTH}: the answer has status 404; ${origin}${OIDC}: the metadata is of "${origin}/", not of "${origin}"`,
    );
  });

  test.each([
    [undefined, 'no issuer'],
    [null, 'no issuer'],
    [7, 'an issuer that is no string'],
    ['https://u:p@login.example', 'another issuer'],
    ['https://login.example?token=x', 'another issuer'],
    ['accounts.example', '"accounts.example"'],
    ['https://login.example/\u202e\n', '"https://login.example/\\u202e\\n"'],
    [`https://login.example/${'x'.repeat(300)}`, `"https://login.example/${'x'.repeat(234)}"`],
    ['https://login.example/realms/a', '"https://login.example/realms/a"'],
    ['https://login.microsoftonline.com/{tenantid}/v2.0', '"https://login.microsoftonline.com/{tenantid}/v2.0"'],
  ])('issuer of the document %s: quoted where it is a plain URL', async (issuer, name) => {
    published = { [OAUTH]: { issuer, jwks_uri: `${origin}/jwks` } };
    expect(await told()).toContain(`${OAUTH}: the metadata is of ${name}, not of "${origin}";`);
  });

  test('no keys at the jwks_uri of the metadata: its URL', async () => {
    published = { [OAUTH]: { issuer: origin, jwks_uri: `${origin}/keys?secret=1` } };
    expect(await told()).toBe(`Error: ${origin}/keys: the answer has status 404`);
  });
});

test('credentials and query of a jwks_uri: not in the message', async () => {
  const uri = `${origin.replace('http://', 'http://user:pass@')}/jwks?key=secret`;
  const error = await fetchFrom({ kind: 'uri', uri }).then(String, String);
  expect(error).toMatch(/^Error: http:\/\/127\.0\.0\.1:\d+\/jwks: /);
  expect(error).not.toMatch(/user|pass@|secret/);
});

describe('token_file', () => {
  let folder: string;
  const authorized: string[] = [];
  const answerAs =
    (content: unknown): RequestListener =>
    (request, response) => {
      authorized.push(`${request.headers.host} ${request.headers.authorization ?? 'none'}`);
      response.end(JSON.stringify(content));
    };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-token-'));
    authorized.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('sent to the origin of the issuer, and not to that of a jwks_uri elsewhere; read again each time', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'first-token\n');
    const elsewhere = createServer(answerAs(KEYS));
    const port = await listenOnLoopback(elsewhere);
    const host = origin.replace('http://', '');
    const metadata = { issuer: origin, jwks_uri: `${origin}/jwks` };
    published = { [OAUTH]: answerAs(metadata), '/jwks': answerAs(KEYS) };
    await fetchFrom(DISCOVERY, origin, never, { tokenFile });
    expect(authorized).toEqual([`${host} Bearer first-token`, `${host} Bearer first-token`]);
    authorized.length = 0;
    published[OAUTH] = answerAs({ ...metadata, jwks_uri: `http://127.0.0.1:${port}/jwks` });
    writeFileSync(tokenFile, 'second-token');
    await fetchFrom(DISCOVERY, origin, never, { tokenFile });
    expect(authorized).toEqual([`${host} Bearer second-token`, `127.0.0.1:${port} none`]);
    elsewhere.closeAllConnections();
    elsewhere.close();
  });

  test('file that is gone or holds something else: told, and nothing is sent', async () => {
    const tokenFile = join(folder, 'token');
    published['/jwks'] = answerAs(KEYS);
    const fetching = () => fetchFrom({ kind: 'uri', uri: `${origin}/jwks` }, origin, never, { tokenFile });
    await expect(fetching()).rejects.toThrow(`${origin}/jwks: the file of token_file does not exist`);
    writeFileSync(tokenFile, 'two tokens');
    await expect(fetching()).rejects.toThrow('the file of token_file holds something else than one bearer token');
    expect(authorized).toEqual([]);
  });
});

describe('TLS failure', () => {
  test.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /authority that is not trusted here \(.*\); name that of a private one in ca_file/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /authority that is not trusted/],
    ['CERT_HAS_EXPIRED', /has expired/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /for another name/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /^TLS failed/],
    ['ENOTFOUND', /^no answer \(ENOTFOUND\)$/],
    ['peer text', /^no answer$/],
  ])('%s: its own message', (code, words) => {
    const cause = Object.assign(new Error('peer-text'), { code });
    expect(describeFetchFailure(new TypeError('fetch failed', { cause }))).toMatch(words);
  });

  test('certificate of a private authority, from a real server: its own message', async () => {
    const { key, cert } = createCertificate();
    const secure = createSecureServer({ key, cert }, (_, response) => response.end('{}'));
    const port = await listenOnLoopback(secure);
    try {
      await expect(fetchFrom({ kind: 'uri', uri: `https://127.0.0.1:${port}/jwks` })).rejects.toThrow(
        `https://127.0.0.1:${port}/jwks: its certificate is of an authority that is not trusted here (DEPTH_ZERO_SELF_SIGNED_CERT)`,
      );
      await expect(fetchFrom({ kind: 'uri', uri: `${origin.replace('http:', 'https:')}/jwks` })).rejects.toThrow(
        /TLS failed/,
      );
    } finally {
      secure.closeAllConnections();
      secure.close();
    }
  });
});

describe('response that is no key set', () => {
  test.each([
    ['text', 'hello'],
    ['HTML', '<!doctype html>'],
    ['nothing', ''],
    ['a list', [KEYS]],
    ['null', 'null'],
    ['no keys', {}],
    ['keys that are no list', { keys: { a: 1 } }],
    ['JSON that is cut', '{"keys":[{"kty":"EC"'],
  ])('%s: refused, nothing of it in the message', async (_, content) => {
    published['/jwks'] = content;
    const error = await fetchJwks().then(String, String);
    expect(error).toMatch(/^Error: http:\/\/127\.0\.0\.1:\d+\/jwks: the answer is not a (?:JSON object|key set)$/);
  });

  test.each([201, 204, 304, 400, 404, 500, 503])('status %d: refused', async status => {
    published['/jwks'] = (_: unknown, response: { writeHead(status: number): { end(): void } }) =>
      response.writeHead(status).end();
    await expect(fetchJwks()).rejects.toThrow(`the answer has status ${status}`);
  });

  test('an endless key set: no more than 200 entries, of which the first 100 count', async () => {
    const keys = ['x', null, 7, [], ...Array.from({ length: 300 }, () => ({ kty: 'EC' }))];
    published['/jwks'] = { keys };
    expect(await fetchJwks()).toEqual(keys.slice(0, 200));
  });
});

describe('hostile or broken issuer', () => {
  test.each([301, 302, 303, 307, 308])('redirect (%d): not followed', async status => {
    const redirect: RequestListener = (_, response) => response.writeHead(status, { location: '/elsewhere' }).end();
    published = { '/jwks': redirect, '/elsewhere': KEYS };
    await expect(fetchJwks()).rejects.toThrow(
      `${origin}/jwks: the answer is a redirect (${status}) to ${origin}/elsewhere, which is not followed`,
    );
    expect(asked).toEqual(['/jwks']);
  });

  test.each([
    ['https://u:p@login.example/jwks?secret=1#x', ' to https://login.example/jwks, which is not followed'],
    ['javascript:alert(1)', ', which is not followed'],
    ['http://[', ', which is not followed'],
    ['', ` to ORIGIN/jwks, which is not followed`],
  ])('redirect to %s: in the message without credentials and query', async (location, told) => {
    published['/jwks'] = ((_, response) => response.writeHead(302, { location }).end()) as RequestListener;
    const error = await fetchJwks().then(String, String);
    expect(error).toBe(`Error: ${origin}/jwks: the answer is a redirect (302)${told.replace('ORIGIN', origin)}`);
  });

  test('redirect of the metadata: not followed', async () => {
    const redirect: RequestListener = (_, response) => response.writeHead(302, { location: '/elsewhere' }).end();
    published = { [OAUTH]: redirect, [OIDC]: redirect, '/elsewhere': { issuer: origin, jwks_uri: `${origin}/jwks` } };
    await expect(fetchFrom(DISCOVERY)).rejects.toThrow();
    expect(asked).toEqual([OAUTH, OIDC]);
  });

  test('a byte order mark before the key set, and before the metadata: skipped', async () => {
    published = {
      [OAUTH]: `\uFEFF${JSON.stringify({ issuer: origin, jwks_uri: `${origin}/jwks` })}`,
      '/jwks': `\uFEFF${JSON.stringify(KEYS)}`,
    };
    expect(await fetchFrom(DISCOVERY)).toEqual(KEYS.keys);
  });

  test('response of 2 MiB: refused', async () => {
    published['/jwks'] = JSON.stringify({ ...KEYS, filler: 'x'.repeat(2 * 1024 * 1024) });
    await expect(fetchJwks()).rejects.toThrow('the answer is larger than 1 MiB');
  });

  test('endless response: ended after 1 MiB', async () => {
    let sent = 0;
    const flood: RequestListener = (_, response) => {
      const piece = Buffer.alloc(64 * 1024, ' ');
      const pour = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
        response.once('drain', pour);
      };
      pour();
    };
    published['/jwks'] = flood;
    await expect(fetchJwks()).rejects.toThrow('the answer is larger than 1 MiB');
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test('compressed bomb: refused', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024, ' '));
    const explode: RequestListener = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    published['/jwks'] = explode;
    await expect(fetchJwks()).rejects.toThrow('the answer is larger than 1 MiB');
  });

  // A deadline that only a weak reference holds is lost to the garbage collector, so it is run meanwhile.
  test('no response at the place of RFC 8414: the others have their own time', async () => {
    published = {
      [OAUTH]: () => setTimeout(collectGarbage, 100),
      [OIDC]: { issuer: origin, jwks_uri: `${origin}/jwks` },
      '/jwks': KEYS,
    };
    expect(await fetchFrom(DISCOVERY, origin, never, { timeout: 1_000 })).toEqual(KEYS.keys);
    expect(asked).toEqual([OAUTH, OIDC, '/jwks']);
  });

  test('no response at all: each place is told, with the time that it had', async () => {
    published[OAUTH] = () => undefined;
    published[OIDC] = () => undefined;
    await expect(fetchFrom(DISCOVERY, origin, never, { timeout: 300 })).rejects.toThrow(
      `${origin}${OAUTH}: no answer within 0.3 s; ${origin}${OIDC}: no answer within 0.3 s`,
    );
  });

  test('response byte by byte: ended within six seconds', async () => {
    const drip: RequestListener = (_, response) => {
      const timer = setInterval(() => response.write(' '), 100);
      response.once('close', () => clearInterval(timer));
      setTimeout(collectGarbage, 300);
    };
    published['/jwks'] = drip;
    const startedAt = performance.now();
    await expect(fetchJwks()).rejects.toThrow('no answer within 5 s');
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  }, 7_000);

  test('no response, then stop: ended at once', async () => {
    const stop = new AbortController();
    published['/jwks'] = () => stop.abort();
    const startedAt = performance.now();
    await expect(fetchFrom({ kind: 'uri', uri: `${origin}/jwks` }, origin, stop.signal)).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test('truncated response: refused', async () => {
    const cut: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"keys":[');
      setImmediate(() => response.destroy());
    };
    published['/jwks'] = cut;
    await expect(fetchJwks()).rejects.toThrow(/\/jwks: no answer/);
  });

  test('connection refused: message with the system code', async () => {
    const gone = createServer();
    const port = await listenOnLoopback(gone);
    gone.close();
    await once(gone, 'close');
    await expect(fetchFrom({ kind: 'uri', uri: `http://127.0.0.1:${port}/jwks` })).rejects.toThrow(
      `http://127.0.0.1:${port}/jwks: no answer (ECONNREFUSED)`,
    );
  });

  test('secrets in the response: not in the message', async () => {
    const say: RequestListener = (_, response) => response.writeHead(418, 'peer-text').end('peer-text');
    published['/jwks'] = say;
    expect(await fetchJwks().then(String, String)).not.toContain('peer-text');
  });
});

describe('file', () => {
  test('changed between two fetches: read again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'audgate-keys-'));
    const path = join(folder, 'keys.json');
    try {
      const key = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'a' };
      writeFileSync(path, JSON.stringify({ keys: [key] }));
      expect(await fetchFrom({ kind: 'file', path })).toEqual([key]);
      writeFileSync(path, JSON.stringify({ keys: [key, { kty: 'XYZ' }] }));
      expect(await fetchFrom({ kind: 'file', path })).toEqual([key, { kty: 'XYZ' }]);
      writeFileSync(path, 'no JSON');
      await expect(fetchFrom({ kind: 'file', path })).rejects.toThrow('the file is not a JSON object');
    } finally {
      rmSync(folder, { recursive: true });
    }
    await expect(fetchFrom({ kind: 'file', path })).rejects.toThrow('the file cannot be read');
  });
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/** A certificate that signed itself, as small installations have. */
function createCertificate() {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const { status } = spawnSync('openssl', [...request, '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert]);
  const files = { status, key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return files;
}
