/** The proxy through which issuers are reached. */

/** The proxy that the environment names. */
export interface ForwardProxy {
  /** URL of the proxy for http, which may have a password; `undefined` for none. */
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are reached without it, as in `no_proxy`. */
  readonly except: string;
}
