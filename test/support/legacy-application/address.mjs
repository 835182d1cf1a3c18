/** Under which address the application believes to be known, and what it checks by that. */

export class Address {
  /** Where this instance listens. */
  port;
  /** Host and port, for URLs that it writes. */
  authority;
  /** The URL under which it was installed, whatever Host says. */
  installed;
  /** What stands before every path of the application. */
  base;
  /** The path below `base`, without the query; `undefined` where the request is for something else. */
  path;
  query;
  #request;

  constructor(request, options) {
    const { headers, url } = request;
    const believed = options['proxy-headers'] ? headers : {};
    this.#request = request;
    this.port = options.port;
    this.authority = believed['x-forwarded-host'] ?? headers.host;
    this.installed = options.installed ?? `https://127.0.0.1:${options.port}${options.base}`;
    this.base = `${believed['x-forwarded-prefix'] ?? ''}${options.base}`;
    const [path, query = ''] = url.split('?', 2);
    const isBelow = path === options.base || path.startsWith(`${options.base}/`);
    this.path = isBelow ? path.slice(options.base.length) : undefined;
    this.query = new URLSearchParams(query);
  }

  /** @returns the absolute URL of a page. */
  to(path) {
    return `https://${this.authority}${this.base}${path}`;
  }

  /** The attributes of its cookies. */
  cookie(path = '') {
    return `Path=${this.base + path || '/'}; Domain=${this.authority.replace(/:\d+$/, '')}; Secure; HttpOnly; SameSite=Lax`;
  }

  /** A browser names the origin of the page in every POST and in the handshake of a WebSocket: another one is a forged request. */
  isSameOrigin() {
    return this.#request.headers.origin === `https://${this.authority}`;
  }
}
