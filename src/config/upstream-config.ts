/** The upstream of a route in the checked configuration. Times are milliseconds. */

export interface Upstream {
  /**
   * The servers of one API, asked in turn; in the order of the YAML, none twice, and all with one scheme. None at all where another
   * proxy forwards and only asks: the data listener has no such route.
   */
  readonly endpoints: readonly Endpoint[];
  readonly timeouts: Timeouts;
  /** Whether it gets the Host of the client; else its own. What TLS sends and verifies is never the client's. */
  readonly preserveHost: boolean;
  readonly tls: UpstreamTls | undefined;
  /** `undefined`: each request has a connection of its own. */
  readonly keepAlive: { readonly idle: number; readonly maxAge: number } | undefined;
  /** Bytes of the head of a response. */
  readonly maxResponseHeaders: number;
  /** Whether some malformed responses are read, as old servers send them. */
  readonly lenient: boolean;
}

/** One server of an upstream. */
export interface Endpoint {
  /** Scheme, host and port, the usual port left out: `http://billing:8080`; `http://localhost` of a unix socket. */
  readonly origin: string;
  /** Put before the forwarded path: `` or `/api`, without a trailing slash; `` of a unix socket. */
  readonly basePath: string;
  /** The value of Host, unless the route sends that of the client: `billing:8080`, `localhost` of a unix socket. */
  readonly authority: string;
  /** The absolute path of a unix socket, which is connected to instead of the origin; else `undefined`. */
  readonly socketPath: string | undefined;
  /** Its name in log, metrics and status page: host and port, also the usual one (`billing:443`), or the path of the socket. */
  readonly label: string;
}

/** TLS to an upstream. One object for all routes with the same settings. The texts are in PEM; `key` is a secret. */
export interface UpstreamTls {
  /** The authorities that are trusted; `undefined`: those that Node.js brings along. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** What is sent (SNI) and verified; `undefined`: the host of the URL. */
  readonly serverName: string | undefined;
  /** SHA-256 of all of it, in hex. */
  readonly fingerprint: string;
}

export interface Timeouts {
  /** To open a connection. */
  readonly connect: number;
  /** From the last byte of the request to the head of the response. */
  readonly response: number;
  /** Between two pieces of a body or of a tunnel. */
  readonly idle: number;
  /** On a route with `mcp`: how long the answer to a POST may go on after the token has expired. */
  readonly afterExpiry: number;
}
