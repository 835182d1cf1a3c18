/**
 * Header fields that a server behind the gateway may trust, each with the reader that trusts it. The configuration is checked
 * against this table, and so is every request.
 */

import { CONNECTION, FORWARDING, MESSAGE, METHOD, OVERRIDE } from './message-fields.ts';
import { PEER } from './peer-fields.ts';
import { USERS } from './user-fields.ts';

/**
 * - `connection`: belong to one connection or frame the message. Never forwarded, never set from a claim.
 * - `forwarding`: written by the gateway, from the connection or from what a trusted proxy sent. Never forwarded as sent,
 *   never set from a claim.
 * - `override`: replace path, host or handling after the gateway has decided on them. Never forwarded, never set.
 * - `method`: replace the method. Not forwarded where a route refuses by method, never set.
 * - `peer`: describe the client's connection to a proxy in front. Forwarded from trusted proxies only, never set.
 * - `user`: name the user. Never forwarded; a claim may set them.
 * - `message`: sent by the client. Forwarded, never set from a claim.
 */
export type FieldGroup = 'connection' | 'forwarding' | 'override' | 'method' | 'peer' | 'user' | 'message';

/**
 * By folded name (`foldFieldName`): who reads the field, and as what. A name may end in `*`, which matches any further text; at
 * least four letters stand before it.
 */
export type FieldReasons = Readonly<Record<string, string>>;

const GROUPS: Readonly<Record<FieldGroup, FieldReasons>> = {
  connection: CONNECTION,
  forwarding: FORWARDING,
  override: OVERRIDE,
  method: METHOD,
  peer: PEER,
  user: USERS,
  message: MESSAGE,
};

export interface ReservedField {
  readonly group: FieldGroup;
  /** Who reads the field, and as what. */
  readonly reason: string;
}

const NAMES = new Map<string, ReservedField>();
/** Prefixes by their first letters, so that a name which a client chose is not compared with every prefix. */
const PREFIXES = new Map<string, (readonly [string, ReservedField])[]>();
const INDEXED_LENGTH = 4;
for (const [group, reasons] of Object.entries(GROUPS) as [FieldGroup, FieldReasons][]) {
  for (const [name, reason] of Object.entries(reasons)) {
    if (name.endsWith('*')) addPrefix(name.slice(0, -1), { group, reason });
    else NAMES.set(name, { group, reason });
  }
}

function addPrefix(prefix: string, field: ReservedField): void {
  const first = prefix.slice(0, INDEXED_LENGTH);
  PREFIXES.set(first, [...(PREFIXES.get(first) ?? []), [prefix, field]]);
}

/**
 * @returns one text for all names that an upstream may confuse. CGI and what follows it (RFC 3875 section 4.1.18) make one
 *   variable of `X_User` and `X-User`; some servers also of `X.User` and every other character that no variable may have.
 */
export function foldFieldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/** @param folded a name as `foldFieldName` returns it. @returns its entry; `undefined` for a field that is not reserved. */
export function findReservedField(folded: string): ReservedField | undefined {
  const prefixes = PREFIXES.get(folded.slice(0, INDEXED_LENGTH));
  return NAMES.get(folded) ?? prefixes?.find(([prefix]) => folded.startsWith(prefix))?.[1];
}
