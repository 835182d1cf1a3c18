import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalizePath } from '../../../src/route/path.ts';

const AMBIGUOUS = { ok: false, reason: 'ambiguous_path' };

describe('path that two servers could read differently: ambiguous_path', () => {
  test.each([
    ['nothing', ''],
    ['no slash', 'a/b'],
    ['asterisk', '*'],
    ['dot', '/.'],
    ['dot, then slash', '/a/./b'],
    ['dot at the end', '/a/.'],
    ['dot-dot alone', '/..'],
    ['dot-dot before a slash', '/../'],
    ['dot-dot in the middle', '/a/../b'],
    ['dot-dot at the end', '/a/..'],
    ['dot-dot after a slash at the end', '/a/../'],
    ['encoded dot', '/%2e/a'],
    ['encoded dot-dot, lower case', '/a/%2e%2e/b'],
    ['encoded dot-dot, mixed case', '/a/%2E%2e'],
    ['half encoded dot-dot', '/a/.%2e/b'],
    ['half encoded dot-dot, the other half', '/a/%2E./b'],
    ['dot-dot with an empty parameter (Tomcat)', '/a/..;/b'],
    ['dot-dot with a parameter', '/a/..;x=1/b'],
    ['dot-dot behind a parameter', '/a/x;../b'],
    ['dot with a parameter', '/a/.;/b'],
    ['encoded dot-dot with a parameter', '/a/%2e%2e;/b'],
    ['dot-dot with an encoded parameter', '/a/..%3Bx/b'],
    ['dot-dot before an encoded slash (HAProxy)', '/a/..%2fb'],
    ['all of it encoded', '/a/%2e%2e%2fb'],
    ['dot-dot behind an encoded slash', '/a%2F../b'],
    ['dot-dot before an encoded backslash', '/a/..%5cb'],
    ['dot-dot before an encoded NUL', '/a/..%00/b'],
    ['dot-dot before an encoded line feed', '/a/..%0a/b'],
    ['dot-dot before an encoded fragment', '/a/..%23'],
    ['dot-dot before an encoded query', '/a/..%3f'],
    ['dot-dot before an encoded percent', '/a/..%25'],
    ['dot-dot before an encoded space (Windows drops it)', '/a/..%20/b'],
    ['double-encoded dot-dot', '/a/%252e%252e/b'],
    ['double-encoded dot-dot, half', '/a/.%252e/b'],
    ['triple-encoded dot', '/%25252e'],
    ['double-encoded dot-dot and slash', '/a/%252e%252e%252fb'],
    ['empty first segment', '//a'],
    ['empty segment alone', '//'],
    ['empty segment in the middle', '/a//b'],
    ['empty segment at the end', '/a//'],
    ['three slashes', '/a///b'],
    ['backslash', '/a\\b'],
    ['backslash for slash and dot-dot', '/a\\..\\b'],
    ['backslash first', '\\a'],
    ['fragment', '/a#b'],
    ['space', '/a b'],
    ['tab', '/a\tb'],
    ['NUL', '/a\0'],
    ['CR LF', '/a\r\nb'],
    ['DEL', '/a\x7f'],
    ['C1 control, raw', '/a\x85'],
    ['Latin-1, raw', '/caf\xe9'],
    ['UTF-8, raw, one character a byte', '/caf\xc3\xa9'],
    ['percent alone', '/%'],
    ['percent at the end', '/a%'],
    ['percent with one digit', '/a%2'],
    ['percent without hex', '/%zz'],
    ['percent with half hex', '/%4g'],
    ['IIS unicode escape', '/%u002e%u002e/'],
    ['percent before an encoding', '/%%32e/a'],
  ])('%s: %j', (_, raw) => {
    expect(canonicalizePath(raw)).toEqual(AMBIGUOUS);
  });
});

describe('encodings that servers read differently', () => {
  test.each([
    ['/a%2Fb', ['%2F']],
    ['/a%2fb', ['%2F']],
    ['/a%5cb', ['%5C']],
    ['/a%00', ['%00']],
    ['/a%0d%0ab', ['%0D', '%0A']],
    ['/a%1F', ['%1F']],
    ['/a%7f', ['%7F']],
    ['/a%3Bb', ['%3B']],
    ['/a;b', [';']],
    ['/a;v=1/b;w', [';', ';']],
    ['/a%25b', ['%25']],
    ['/%252fa', ['%25']],
    ['/%2561dmin', ['%25']],
    ['/a%3Fb', ['%3F']],
    ['/a%23b', ['%23']],
    ['/a%2Fb%5Cc%3fd', ['%2F', '%5C', '%3F']],
    ['/%FF', ['%FF']],
    ['/%c3', ['%C3']],
    ['/%C3%28', ['%C3']],
    ['/%A9', ['%A9']],
    ['/%C0%AF', ['%C0', '%AF']],
    ['/%E0%80%AE', ['%E0', '%80', '%AE']],
    ['/%ED%A0%80', ['%ED', '%A0', '%80']],
    ['/%F4%90%80%80', ['%F4', '%90', '%80', '%80']],
    ['/a%E2%82/b', ['%E2', '%82']],
    ['/%C2%80', ['%C2', '%80']],
    ['/%C2%85', ['%C2', '%85']],
    ['/%C2%9f', ['%C2', '%9F']],
  ])('%s: contested %j', (raw, contested) => {
    expect(canonicalizePath(raw)).toMatchObject({ ok: true, contested });
  });
});

describe('unusual path with one reading: forwarded unchanged', () => {
  test.each([
    ['/', '/'],
    ['/a', '/a'],
    ['/a/', '/a/'],
    ['/a/b.c/d-e_f~g', '/a/b.c/d-e_f~g'],
    ['/.well-known/x', '/.well-known/x'],
    ['/~x/..foo/...bar', '/~x/..foo/...bar'],
    ['/foo../bar.', '/foo../bar.'],
    ['/...', '/...'],
    ['/@me:1,2', '/@me:1,2'],
    ['/a+b=c&d', '/a+b=c&d'],
    ["/!$&'()*", "/!$&'()*"],
    ['/a%20b', '/a b'],
    ['/%20', '/ '],
    ['/caf%C3%A9', '/café'],
    ['/%E2%82%AC', '/€'],
    ['/%F0%9F%98%80', '/😀'],
    ['/%C2%A0', '/\u00a0'],
    ['/%22%3C%5B%7B%7C', '/"<[{|'],
  ])('%s: matched as %j', (raw, key) => {
    expect(canonicalizePath(raw)).toEqual({ ok: true, text: raw, key, contested: [] });
  });
});

describe('canonical form (RFC 3986 section 6.2.2)', () => {
  test.each([
    ['/%61dmin', '/admin', '/admin'],
    ['/%61%64%6D%69%6e', '/admin', '/admin'],
    ['/%41%5A%30%39', '/AZ09', '/AZ09'],
    ['/%2Da%2ea%5fa%7E', '/-a.a_a~', '/-a.a_a~'],
    ['/%2e%2efoo', '/..foo', '/..foo'],
    ['/%2e%2e%2e', '/...', '/...'],
    ['/caf%c3%a9', '/caf%C3%A9', '/café'],
    ['/%40me', '/%40me', '/@me'],
    ['/a%2bb', '/a%2Bb', '/a+b'],
    ['/%61%2fb', '/a%2Fb', '/a%2Fb'],
  ])('%s: forwarded as %s, matched as %s', (raw, text, key) => {
    expect(canonicalizePath(raw)).toMatchObject({ ok: true, text, key });
  });

  test('double encoding: decoded once', () => {
    expect(canonicalizePath('/%2561dmin')).toMatchObject({ text: '/%2561dmin', key: '/%2561dmin' });
  });
});

/** Pieces from which attacks on paths are made. */
const PIECES = ['/', 'a', '.', '..', '%2e', '%2E', '%2f', '%5C', '\\', ';', '%3b', '%25', '%61', '%C3%A9', '%40', '%'];
const attempts = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map(pieces => `/${pieces.join('')}`);

describe('random paths', () => {
  test('accepted: read the same by the WHATWG URL parser', () => {
    let accepted = 0;
    const readAlike = fc.property(attempts, raw => {
      const path = canonicalizePath(raw);
      if (!path.ok || path.contested.length > 0) return;
      accepted += 1;
      expect(new URL(path.text, 'http://host').pathname).toBe(path.text);
      expect(new URL(`http://host${path.text}`).pathname).toBe(path.text);
    });
    fc.assert(readAlike, { numRuns: 5_000 });
    expect(accepted).toBeGreaterThan(200);
  });

  test('accepted: no dot or empty segment, also after decoding', () => {
    const hasNoTraversal = fc.property(attempts, raw => {
      const path = canonicalizePath(raw);
      if (!path.ok || path.contested.length > 0) return;
      const segments = decodeURIComponent(path.text)
        .slice(1)
        .split(/[/\\;]/);
      expect(segments.slice(0, -1)).not.toContain('');
      for (const dots of ['.', '..']) expect(segments).not.toContain(dots);
    });
    fc.assert(hasNoTraversal, { numRuns: 5_000 });
  });

  test('canonical form: unchanged when canonicalized again', () => {
    const settles = fc.property(attempts, raw => {
      const path = canonicalizePath(raw);
      if (path.ok) expect(canonicalizePath(path.text)).toEqual(path);
    });
    fc.assert(settles, { numRuns: 5_000 });
  });
});
