/** The gateway for a configuration that has been reloaded. */

import type { Config } from '../config/config.ts';
import { Gateway } from '../gateway.ts';
import { createIndexesInSlices } from '../indexes.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { KeyFetcher } from '../token/keys/key-source.ts';

/** @returns the gateway that follows `previous`. Its indexes are created in slices, so that requests are served in between. */
export async function createNextGateway(
  previous: Gateway | undefined,
  config: Config,
  telemetry: Telemetry,
  fetchKeys?: KeyFetcher,
): Promise<Gateway> {
  const indexes = await createIndexesInSlices(config.routes);
  return new Gateway(config, telemetry, previous, fetchKeys, indexes);
}
