/**
 * The table of redirects and cookies: what an upstream sends, and what the client of the gateway gets. The unit test takes the
 * rows as they are; test/external/redirects.test.ts sends them through the gateway and through nginx.
 */

/** A route of the gateway. Its Host is `NAME.example`, by which clients know the gateway. */
export interface World {
  /** `` or `/app`. */
  readonly prefix: string;
  readonly strip: boolean;
  /** Of the upstream: `` or `/api`. */
  readonly basePath: string;
  readonly preserveHost: boolean;
}

const APP = { prefix: '/app', strip: true, basePath: '', preserveHost: false };

export const WORLDS = {
  /** `/app/x` → `/x`. */
  root: APP,
  /** `/app/x` → `/api/x`. */
  base: { ...APP, basePath: '/api' },
  /** `/x` → `/x`. */
  plain: { ...APP, prefix: '', strip: false },
  /** `/app/x` → `/ctx/app/x`. */
  unstripped: { ...APP, strip: false, basePath: '/ctx' },
  /** `/app/x` → `/app/v1/x`: the base path begins with the prefix. */
  nested: { ...APP, basePath: '/app/v1' },
  /** As `root`, and the upstream gets the Host of the client. */
  preserved: { ...APP, preserveHost: true },
} as const satisfies Record<string, World>;

export type WorldName = keyof typeof WORLDS;
export type FieldName = 'Location' | 'Content-Location' | 'Refresh' | 'Link' | 'Set-Cookie';

export interface Row {
  readonly world: WorldName;
  readonly field: FieldName;
  readonly sent: string;
  readonly expected: string;
  /** `sent` with letters for names, as the table has it. */
  readonly written: string;
}

type Given = readonly [sent: string, expected?: string];

/**
 * `UP` stands for host and port of the upstream, `UPHOST` for the host alone, `GW` for the gateway's host. Without `expected`
 * the value is left byte by byte.
 */
const ROWS: Readonly<Record<string, readonly Given[]>> = {
  'root Location': [
    // Rails before 7.1, and whoever makes absolute URLs of its own address.
    ['http://UP/session/new', 'http://GW/app/session/new'],
    ['http://UP/orders?page=2#last', 'http://GW/app/orders?page=2#last'],
    ['HTTP://UP/x', 'http://GW/app/x'],
    ['http://UP', 'http://GW/app/'],
    ['http://UP?x=1', 'http://GW/app/?x=1'],
    ['//UP/x', '//GW/app/x'],
    // Tomcat with useRelativeRedirects, python's http.server, Django.
    ['/login;jsessionid=0A1B', '/app/login;jsessionid=0A1B'],
    ['/sub/', '/app/sub/'],
    ['/', '/app/'],
    ['/?next=http://UP/', '/app/?next=http://UP/'],
    ['/a/../../b', '/app/b'],
    ['/caf\xc3\xa9 x', '/app/caf\xc3\xa9 x'],
    ['/apple', '/app/apple'],
    // The prefix is there already.
    ['/app/login'],
    ['/app'],
    ['/%61pp/login'],
    ['http://UP/app/login', 'http://GW/app/login'],
    // Relative to the URL of the request, which both know.
    ['login'],
    ['../x'],
    ['./'],
    ['?page=2'],
    ['#top'],
    [''],
    // Somebody else.
    ['https://login.example.com/authorize?redirect_uri=http://UP/cb'],
    ['https://UP/x'],
    ['http://UPHOST/x'],
    ['http://UPHOST:1/x'],
    ['http://UP:80/x'],
    ['http://UP.evil.example/x'],
    ['http://UP@evil.example/x'],
    ['http://evil.example@UP/x'],
    ['http://evil.example/?http://UP/'],
    ['//evil.example/x'],
    ['mailto:help@example.com'],
    // What browsers repair, each in its own way.
    ['http:/UP/x'],
    ['http:x'],
    ['http:///UP/x'],
    ['///evil.example'],
    ['/\\evil.example'],
    ['\\\\UP\\x'],
    ['http:\\\\UP\\x'],
    ['http://UP\\@evil.example/x'],
    ['/\tx'],
  ],
  'base Location': [
    ['http://UP/api/login', 'http://GW/app/login'],
    ['http://UP/api', 'http://GW/app'],
    ['/api/login', '/app/login'],
    ['/api', '/app'],
    ['/%61pi/login', '/app/login'],
    ['/api/../api/x', '/app/x'],
    ['/other/../api/x', '/app/x'],
    ['/api/a/./b', '/app/a/b'],
    ['/api//evil.example', '/app//evil.example'],
    ['/apix'],
    ['/other'],
    ['/'],
    ['/api/../other'],
    ['/api/%2e%2e/other'],
    ['http://UP/other'],
    ['http://UP/'],
    ['/app/login'],
    ['http://UP/app/login', 'http://GW/app/login'],
  ],
  'plain Location': [
    ['http://UP/login', 'http://GW/login'],
    ['/login'],
    ['//UP/login', '//GW/login'],
    ['//evil.example'],
    ['http://UP//evil.example', 'http://GW//evil.example'],
  ],
  'unstripped Location': [
    ['/ctx/app/login', '/app/login'],
    ['/ctx/other', '/other'],
    ['http://UP/ctx/app/login', 'http://GW/app/login'],
    ['/ctx//evil.example'],
    ['/app/login'],
    ['/ctx', '/'],
  ],
  'nested Location': [
    ['/app/v1/login', '/app/login'],
    ['http://UP/app/v1/login', 'http://GW/app/login'],
    ['/app/login'],
  ],
  'preserved Location': [
    // Rails and Tomcat with the Host that they get, in the scheme of the connection or of X-Forwarded-Proto.
    ['http://GW/session/new', 'http://GW/app/session/new'],
    ['http://gW/x', 'http://GW/app/x'],
    ['http://GW:80/x', 'http://GW/app/x'],
    ['http://GW/app/x'],
    ['http://UP/x', 'http://GW/app/x'],
    ['//GW/x', '//GW/app/x'],
    // The server for https of this name, which the client did not ask: a redirect to TLS.
    ['https://GW/x'],
    ['http://www.GW/x'],
  ],
  'root Content-Location': [['http://UP/doc.en', 'http://GW/app/doc.en'], ['/doc.en', '/app/doc.en'], ['doc.en']],
  'root Refresh': [
    ['0; url=http://UP/home', '0; url=http://GW/app/home'],
    ['5;URL=/home', '5;URL=/app/home'],
    [`3, url='/home'`, `3, url='/app/home'`],
    ['0; url="/home"; x', '0; url="/app/home"; x'],
    ['0;url="/home', '0;url="/app/home'],
    ['1.5 /home', '1.5 /app/home'],
    ['0; /home', '0; /app/home'],
    ['30'],
    ['0; url=https://login.example.com/'],
    ['0; url=/\\evil.example'],
    [`0; url='/.. '`],
    ['0url=/home'],
  ],
  'root Link': [
    ['</style.css>; rel=preload; as=style', '</app/style.css>; rel=preload; as=style'],
    [
      '<http://UP/orders?page=2,3>; rel="next", </orders>; rel=first; title="a, <b>", <https://cdn.example/x>; rel=preload',
      '<http://GW/app/orders?page=2,3>; rel="next", </app/orders>; rel=first; title="a, <b>", <https://cdn.example/x>; rel=preload',
    ],
    ['</a>,</b>', '</app/a>,</app/b>'],
    ['</a>; title="not closed'],
    ['no link'],
  ],
  'root Set-Cookie': [
    // Tomcat, Rails, PHP.
    ['JSESSIONID=0A1B; Path=/; HttpOnly', 'JSESSIONID=0A1B; Path=/app; HttpOnly'],
    ['_session=x; path=/; secure; HttpOnly; SameSite=Lax', '_session=x; path=/app; secure; HttpOnly; SameSite=Lax'],
    ['a=1; Path=/sub', 'a=1; Path=/app/sub'],
    ['a=1; Path=/sub/', 'a=1; Path=/app/sub/'],
    ['a=1; Path = /sub ; Secure', 'a=1; Path =/app/sub; Secure'],
    ['a=1; Path=/app'],
    ['a=1; Path=/app/sub'],
    ['a=1'],
    ['a=1; HttpOnly'],
    ['a=1; Path='],
    ['a=1; Path'],
    ['a=1; Path=sub'],
    ['a=1; Path="/sub"'],
    ['a=1; Path=/\\sub'],
    ['a=1; Path=/../x'],
    ['a="x; Path=/sub"', 'a="x; Path=/app/sub"'],
    ['a=1; Path=/one; Path=/two', 'a=1; Path=/app/one; Path=/app/two'],
    ['a=1; Domain=UPHOST; Path=/', 'a=1; Path=/app'],
    ['a=1; domain=.UPHOST', 'a=1'],
    ['a=1; Domain=example.com; Domain=UPHOST', 'a=1'],
    ['a=1; Domain=UPHOST; Domain=example.com'],
    ['a=1; Domain=example.com'],
    ['a=1; Domain='],
    ['__Host-sid=1; Path=/; Secure'],
    ['__hOST-sid=1; Path=/; Secure'],
    ['__Secure-sid=1; Path=/; Secure', '__Secure-sid=1; Path=/app; Secure'],
    ['a=1; Path=/;Path=/\x01'],
  ],
  'base Set-Cookie': [
    // Tomcat: the context path.
    ['JSESSIONID=0A1B; Path=/api; HttpOnly', 'JSESSIONID=0A1B; Path=/app; HttpOnly'],
    ['JSESSIONID=0A1B; Path=/api/; HttpOnly', 'JSESSIONID=0A1B; Path=/app/; HttpOnly'],
    ['a=1; Path=/api/sub', 'a=1; Path=/app/sub'],
    ['a=1; Path=/'],
    ['a=1; Path=/apix'],
    ['a=1; Path=/other'],
  ],
  'plain Set-Cookie': [['a=1; Path=/'], ['a=1; Path=/sub; Domain=UPHOST', 'a=1; Path=/sub']],
  'preserved Set-Cookie': [
    ['a=1; Path=/; Domain=GW', 'a=1; Path=/app'],
    ['a=1; Path=/; Domain=UPHOST', 'a=1; Path=/app'],
    ['a=1; Domain=example'],
  ],
};

/** @param upstream host and port. @returns every row, with names in place of the letters. */
export function listRows(upstream: string): readonly Row[] {
  return Object.entries(ROWS).flatMap(([place, given]) => {
    const [world, field] = place.split(' ') as [WorldName, FieldName];
    return given.map(([written, expected = written]) => ({
      ...{ world, field, written },
      ...{ sent: fillIn(written, world, upstream), expected: fillIn(expected, world, upstream) },
    }));
  });
}

/** Puts names in place of the letters. */
export function fillIn(text: string, world: WorldName, upstream: string): string {
  return text
    .replace(/UPHOST/g, upstream.replace(/:\d+$/, ''))
    .replace(/UP/g, upstream)
    .replace(/GW/g, `${world}.example`)
    .replace(/gW/g, `${world.toUpperCase()}.Example`);
}
