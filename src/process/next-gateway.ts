/** The gateway for a configuration that has been reloaded. */

import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { Gateway } from '../gateway.ts';
import { createIndexesInSlices } from '../indexes.ts';
import type { McpSessions } from '../mcp-sessions.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { KeyFetcher } from '../token/keys/key-source.ts';

/** @returns the gateway that follows `previous`. Its indexes are created in slices, so that requests are served in between. */
export async function createNextGateway(
  previous: Gateway | undefined,
  config: Config,
  telemetry: Telemetry,
  fetchKeys?: KeyFetcher,
  sessions?: McpSessions,
): Promise<Gateway> {
  const indexes = await createIndexesInSlices(config.routes);
  return new Gateway(config, telemetry, previous, fetchKeys, indexes, sessions);
}

/** Milliseconds that a reload waits for the keys of new issuers. Workers have to be prepared within 30 s. */
const START_LIMIT = 15_000;

/** Starts `gateway`. Settles after the first fetch of every issuer's keys; an issuer that takes longer is not waited for. */
export async function startWithinLimit(gateway: Gateway): Promise<void> {
  const waiting = new AbortController();
  const limit = setTimeout(START_LIMIT, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined);
  await Promise.race([gateway.start(), limit]);
  waiting.abort();
}
