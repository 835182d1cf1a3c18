/** The sessions of MCP servers: each is its owner's, which the id itself says. Nothing is remembered of them. */

import { randomBytes } from 'node:crypto';
import type { Route } from './config/config.ts';
import type { Mcp } from './config/mcp-config.ts';
import { deriveSessionKeys, SessionBinding, type SessionKeys } from './mcp/session-binding.ts';
import { bindsSessions, encodeOwner } from './mcp/session-owner.ts';
import type { AccessToken } from './token/access-token.ts';
import { readBearerToken } from './token/bearer.ts';

/** What one request has to do with sessions. */
export interface RequestSession {
  readonly binding: SessionBinding;
  /** The id of the upstream, in place of the one that the client sent; `undefined`: it is forwarded as it came, if there is one. */
  readonly id: string | undefined;
  /** Whether the client sent an id that is not its own. */
  readonly isForeign: boolean;
}

const KEY_SIZE = 32;

export class McpSessions {
  /** In hex: of the routes without `session_key`. Other workers get it. */
  readonly defaultKey: string;
  readonly #keys = new WeakMap<Mcp, SessionKeys>();

  /** @param defaultKey that of other processes, or of the configuration before; by default a new one. */
  constructor(defaultKey = randomBytes(KEY_SIZE).toString('hex')) {
    this.defaultKey = defaultKey;
  }

  /**
   * @param verified the token, also where it has expired since; `undefined` where it did not verify, and is only reported.
   * @param authorization the fields of the request.
   * @param received `Mcp-Session-Id` as the client sent it.
   * @returns `undefined` on a route whose sessions are not bound.
   */
  judge(
    route: Route,
    verified: AccessToken | undefined,
    authorization: readonly string[],
    received: string | undefined,
  ): RequestSession | undefined {
    if (!route.mcp || !bindsSessions(route)) return undefined;
    const binding = new SessionBinding(this.#keysOf(route.mcp), () => {
      const bearer = readBearerToken(authorization);
      return encodeOwner(route, verified, bearer.ok ? bearer.token : undefined);
    });
    const id = received === undefined ? undefined : binding.read(received);
    return { binding, id, isForeign: received !== undefined && id === undefined };
  }

  #keysOf(mcp: Mcp): SessionKeys {
    const known = this.#keys.get(mcp);
    if (known) return known;
    const derived = deriveSessionKeys(mcp.sessionKey ?? this.defaultKey);
    this.#keys.set(mcp, derived);
    return derived;
  }
}
