/** Fields that belong to one connection (RFC 9110 section 7.6.1), in both directions. */

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** @returns whether a field, its name in lower-case, always ends at this hop. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/**
 * @param fields alternating names and values.
 * @returns the names that Connection lists, lower-case; `undefined` for the ordinary case of none.
 */
export function readConnectionOptions(fields: readonly string[]): ReadonlySet<string> | undefined {
  let listed: Set<string> | undefined;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index]?.length !== 10 || fields[index]?.toLowerCase() !== 'connection') continue;
    for (const option of (fields[index + 1] ?? '').toLowerCase().split(',')) {
      if (option.trim() === 'keep-alive' || option.trim() === 'close') continue;
      listed = (listed ?? new Set()).add(option.trim());
    }
  }
  return listed;
}
