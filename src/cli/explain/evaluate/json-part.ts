/** The JSON object in one part of a JWT. */

import type { CompactJws } from '../../../token/jws/compact-jws.ts';

/** @returns the object in `part`, base64 or base64url; `undefined` where there is none. */
export function decodeObject(part: string): CompactJws['claims'] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as CompactJws['claims'])
      : undefined;
  } catch {
    return undefined;
  }
}
