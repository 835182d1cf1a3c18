/**
 * Rows of the table that nginx 1.22 answers otherwise, with `proxy_redirect`, `proxy_cookie_path` and `proxy_cookie_domain` as its
 * users write them: what it sends, and why. Letters as in rows.ts.
 */

import type { Row } from './rows.ts';

interface Difference {
  /** nginx … */
  readonly why: string;
  /** World and field, what the upstream sends, what the client gets. */
  readonly rows: readonly (readonly [place: string, sent: string, received: string])[];
}

export const NGINX_DIFFERENCES: readonly Difference[] = [
  {
    why: 'compares text from its start: letter case, the usual port, a missing path, an encoded letter and a dot segment make another value',
    rows: [
      ['root Location', 'HTTP://UP/x', 'HTTP://UP/x'],
      ['root Location', 'http://UP', 'http://UP'],
      ['root Location', 'http://UP?x=1', 'http://UP?x=1'],
      ['root Location', '/a/../../b', 'http://GW/app/a/../../b'],
      ['root Location', '/%61pp/login', 'http://GW/app/%61pp/login'],
      ['base Location', 'http://UP/api', 'http://UP/api'],
      ['base Location', '/api', '/api'],
      ['base Location', '/%61pi/login', '/%61pi/login'],
      ['base Location', '/api/../api/x', 'http://GW/app/../api/x'],
      ['base Location', '/other/../api/x', '/other/../api/x'],
      ['unstripped Location', '/ctx', '/ctx'],
      ['preserved Location', 'http://gW/x', 'http://gW/x'],
      ['preserved Location', 'http://GW:80/x', 'http://GW:80/x'],
      ['base Set-Cookie', 'JSESSIONID=0A1B; Path=/api; HttpOnly', 'JSESSIONID=0A1B; Path=/api; HttpOnly'],
    ],
  },
  {
    why: 'takes `//host`, and what browsers read as that, for a path: safe, and a redirect to the upstream itself is lost',
    rows: [
      ['root Location', '//UP/x', 'http://GW/app//UP/x'],
      ['root Location', '//evil.example/x', 'http://GW/app//evil.example/x'],
      ['root Location', '///evil.example', 'http://GW/app///evil.example'],
      ['root Location', '/\\evil.example', 'http://GW/app/\\evil.example'],
      ['root Location', '/\tx', 'http://GW/app/\tx'],
      ['plain Location', '//UP/login', '//UP/login'],
      ['preserved Location', '//GW/x', 'http://GW/app//GW/x'],
    ],
  },
  {
    why: 'does not know that the prefix is there already',
    rows: [
      ['root Location', '/app/login', 'http://GW/app/app/login'],
      ['root Location', '/app', 'http://GW/app/app'],
      ['root Location', 'http://UP/app/login', 'http://GW/app/app/login'],
      ['base Location', 'http://UP/app/login', 'http://UP/app/login'],
      ['preserved Location', 'http://GW/app/x', 'http://GW/app/app/x'],
      ['root Set-Cookie', 'a=1; Path=/app', 'a=1; Path=/app/app'],
      ['root Set-Cookie', 'a=1; Path=/app/sub', 'a=1; Path=/app/app/sub'],
    ],
  },
  {
    why: 'needs one more proxy_redirect for what lies outside the route',
    rows: [['unstripped Location', '/ctx/other', '/ctx/other']],
  },
  {
    why: 'rewrites no Content-Location and no Link',
    rows: [
      ['root Content-Location', 'http://UP/doc.en', 'http://UP/doc.en'],
      ['root Content-Location', '/doc.en', '/doc.en'],
      ['root Link', '</style.css>; rel=preload; as=style', '</style.css>; rel=preload; as=style'],
      [
        'root Link',
        '<http://UP/orders?page=2,3>; rel="next", </orders>; rel=first; title="a, <b>", <https://cdn.example/x>; rel=preload',
        '<http://UP/orders?page=2,3>; rel="next", </orders>; rel=first; title="a, <b>", <https://cdn.example/x>; rel=preload',
      ],
      ['root Link', '</a>,</b>', '</a>,</b>'],
    ],
  },
  {
    why: 'takes the first `url=` of a Refresh, whatever stands before it, and no quotes; and writes a path in place of a URL',
    rows: [
      ['root Refresh', '0; url=http://UP/home', '0; url=/app/home'],
      ['root Refresh', "3, url='/home'", "3, url='/home'"],
      ['root Refresh', '0; url="/home"; x', '0; url="/home"; x'],
      ['root Refresh', '0;url="/home', '0;url="/home'],
      ['root Refresh', '1.5 /home', '1.5 /home'],
      ['root Refresh', '0; /home', '0; /home'],
      ['root Refresh', '0; url=/\\evil.example', '0; url=/app/\\evil.example'],
      ['root Refresh', '0url=/home', '0url=/app/home'],
    ],
  },
  {
    why: 'makes the path begin with `/app/`, which a request for `/app` does not get; Domain stays, with the Host of the request, so that subdomains get the cookie, too',
    rows: [
      ['root Set-Cookie', 'JSESSIONID=0A1B; Path=/; HttpOnly', 'JSESSIONID=0A1B; Path=/app/; HttpOnly'],
      [
        'root Set-Cookie',
        '_session=x; path=/; secure; HttpOnly; SameSite=Lax',
        '_session=x; path=/app/; secure; HttpOnly; SameSite=Lax',
      ],
      ['root Set-Cookie', 'a=1; Domain=UPHOST; Path=/', 'a=1; Domain=GW; Path=/app/'],
      ['root Set-Cookie', 'a=1; domain=.UPHOST', 'a=1; domain=.GW'],
      ['root Set-Cookie', 'a=1; Domain=example.com; Domain=UPHOST', 'a=1; Domain=example.com; Domain=GW'],
      ['root Set-Cookie', 'a=1; Domain=UPHOST; Domain=example.com', 'a=1; Domain=GW; Domain=example.com'],
      ['plain Set-Cookie', 'a=1; Path=/sub; Domain=UPHOST', 'a=1; Path=/sub; Domain=GW'],
      ['preserved Set-Cookie', 'a=1; Path=/; Domain=GW', 'a=1; Path=/app/; Domain=GW'],
      ['preserved Set-Cookie', 'a=1; Path=/; Domain=UPHOST', 'a=1; Path=/app/; Domain=GW'],
    ],
  },
  {
    why: 'knows no cookie prefixes: a browser then refuses a `__Host-` cookie',
    rows: [
      ['root Set-Cookie', '__Host-sid=1; Path=/; Secure', '__Host-sid=1; Path=/app/; Secure'],
      ['root Set-Cookie', '__hOST-sid=1; Path=/; Secure', '__hOST-sid=1; Path=/app/; Secure'],
      ['root Set-Cookie', '__Secure-sid=1; Path=/; Secure', '__Secure-sid=1; Path=/app/; Secure'],
    ],
  },
  {
    why: 'writes no blanks, and rewrites a Path, too, that browsers do not read as one, or never match',
    rows: [
      ['root Set-Cookie', 'a=1; Path = /sub ; Secure', 'a=1; Path=/app/sub; Secure'],
      ['root Set-Cookie', 'a=1; Path=/\\sub', 'a=1; Path=/app/\\sub'],
      ['root Set-Cookie', 'a=1; Path=/../x', 'a=1; Path=/app/../x'],
    ],
  },
];

/** @returns what nginx makes of a row, in the letters of rows.ts; `undefined` where it agrees with the gateway. */
export function findNginxDifference({ world, field, written }: Row): string | undefined {
  const rows = NGINX_DIFFERENCES.flatMap(difference => difference.rows);
  return rows.find(([place, sent]) => place === `${world} ${field}` && sent === written)?.[2];
}
