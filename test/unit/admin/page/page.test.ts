import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTENT_SECURITY_POLICY, renderPage } from '../../../../src/admin/page/page.ts';
import { examplePage, PLAIN, type Texts } from '../example-page.ts';

const FIELDS = Object.keys(PLAIN) as (keyof Texts)[];
const INJECTIONS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onfocus='alert(1)' autofocus='",
  '</style><script>',
  '</td></table>',
  '<!--',
  ']]>',
  '`${1}`',
  '&lt;b&gt;',
  '\u0000\u0007\u001b[31m',
  '\u202e\u2066\u200f',
  '\u2028\ufeff\ud800',
  '\r\n\r\n<html>',
];
const hostile = fc.oneof(fc.constantFrom(...INJECTIONS), fc.string({ unit: 'binary', maxLength: 40 }));
const INVISIBLE = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u;

/** The tags in their order, each with the names of its attributes, which no text may change. */
function readSkeleton(page: string): string {
  const tags = page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '<$1></$1>').match(/<[^>]*>/g) ?? [];
  return tags.map(tag => tag.replace(/="[^"]*"/g, '=""')).join('');
}

describe('a hostile text is escaped', () => {
  test.each(FIELDS)('as %s', async field => {
    const skeleton = readSkeleton(renderPage(await examplePage(PLAIN)));
    await fc.assert(
      fc.asyncProperty(hostile, async text => {
        const page = renderPage(await examplePage({ ...PLAIN, [field]: `x${text}` }));
        expect(readSkeleton(page)).toBe(skeleton);
        expect(page).not.toMatch(INVISIBLE);
      }),
      { numRuns: 40 },
    );
  });

  test('in all places at once', async () => {
    const skeleton = readSkeleton(renderPage(await examplePage(PLAIN)));
    for (const text of INJECTIONS) {
      // All different, so that no two of them are taken for one route.
      const texts = Object.fromEntries(FIELDS.map(field => [field, `${field}${text}`])) as unknown as Texts;
      expect(readSkeleton(renderPage(await examplePage(texts)))).toBe(skeleton);
    }
  });

  test('and stays readable', async () => {
    const page = renderPage(await examplePage({ ...PLAIN, clientId: '<b>&"\u202e' }));
    expect(page).toContain('<bdi>&lt;b&gt;&amp;&quot;\\u{202e}</bdi>');
  });
});

describe('the Content-Security-Policy', () => {
  const hashOf = (text = '') => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

  test('allows the style and the script of the page by their hashes', async () => {
    const page = renderPage(await examplePage(PLAIN));
    const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)];
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)];
    expect([styles.length, scripts.length]).toEqual([1, 1]);
    expect(CONTENT_SECURITY_POLICY).toContain(`style-src ${hashOf(styles[0]?.[1])};`);
    expect(CONTENT_SECURITY_POLICY).toContain(`script-src ${hashOf(scripts[0]?.[1])};`);
    expect(page).not.toMatch(/ style=| on[a-z]+=|<script[^>]+>|<link[^>]+stylesheet/);
  });

  test('allows nothing else', () => {
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*|https?:/);
    for (const directive of ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]) {
      expect(CONTENT_SECURITY_POLICY).toContain(directive);
    }
  });
});

test('the page: shows what is in its sources', async () => {
  const page = renderPage(await examplePage(PLAIN));
  const words = page
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
  for (const text of [
    'Not ready Waiting for the keys of https://login.example .',
    'in the last hour and day, which are complete only since 2026-11-23 12:00:00 UTC : the process, or a worker that was replaced, began then',
    '/billing Billing https://billing.example/ report 1 1 in 1 h, 1 in 24 h latest',
    'wrong_audience 1 0 1 1 in 1 h, 1 in 24 h p50 18 ms, p99 25 ms upstream p50 7.5 ms, p99 10 ms 0',
    '/billing3 public 0 0 1 1 in 1 h, 1 in 24 h p50 18 ms, p99 25 ms 1 1 in 1 h, 1 in 24 h upstream_timeout (response_timeout) 1',
    'No route was found none 0 1 1 in 1 h, 1 in 24 h latest',
    'Upstream failures 1 allowed, no usable response',
    'shop https://login.example 1 1 in 1 h, 1 in 24 h 0 /billing wrong_audience 1',
    'https://profile.example/ 1 forwarded · its own',
    '12:00:00 2026-11-23 forwarded 200 wrong_audience token for https://profile.example/ GET /billing/1 route /billing Explain audgate explain --config=/etc/audgate/audgate.yaml --token-file=- --method=GET --at=2026-11-23T12:00:00.000Z http://api.example/billing/1 shop https://login.example 0b6d1d3e',
    '6 older denials',
    'https://login.example 0 never fetched fetched again after 10 min, usable for 1 d no answer',
    'https://login.example 1 not used : /billing , no answer not used : without kid, no answer 1 h 2 min',
    'File /etc/audgate/audgate.yaml SHA-256 ab12 Loaded 2026-11-23 12:00:00 UTC Reloads 0 done, 0 failed',
    '1 warning 3:5 routes./billing unused-issuer is dangerous',
  ]) {
    expect(words).toContain(text);
  }
});
