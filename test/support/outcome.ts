/** What became of one request: refused with a reason, or forwarded. */

import { bearer, request } from './raw-http.ts';
import type { Upstream } from './upstream.ts';

/**
 * Sends `GET path`, with `token` where there is one.
 *
 * @returns `arrives as TARGET` where the request reached `upstream`, otherwise the `reason` in the body of the refusal.
 */
export async function reasonOrTarget(port: number, upstream: Upstream, path: string, token?: string): Promise<string> {
  upstream.received.length = 0;
  const { body } = await request(port, { path, headers: token === undefined ? [] : [bearer(token)] });
  const [arrived] = upstream.received;
  return arrived ? `arrives as ${arrived.url}` : JSON.parse(body.toString()).reason;
}

/** Sends a GET with `token`. @returns the status. */
export async function statusWithToken(port: number, path: string, token: string): Promise<number> {
  return (await request(port, { path, headers: [bearer(token)] }, { timeout: 60_000 })).status;
}
