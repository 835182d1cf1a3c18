/** The comments of a patch: who needs the line below, how often, and since when. Names come from tokens, so they are escaped. */

import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { fitText, quoteValue } from '../../terminal.ts';
import { type AcceptedType, isOfType } from '../plan/accepted-type.ts';
import type { Alias } from '../plan/audience-aliases.ts';
import type { Need } from '../survey/need-groups.ts';

/** Clients that are named one by one at one line of the patch. */
const MOST_CLIENTS = 100;
/** Characters of a comment, beyond which it is no evidence but noise. */
const WIDTH = 240;
const WORD = /^[\w.:@/-]{1,120}$/;

/** Requests of one client. */
export interface ClientCount {
  /** `null`: the tokens name no client. */
  readonly client: string | null;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

/** @returns those that would be refused without `alias`, and not all whose tokens present it. */
export function listServedByAlias({ route, audience }: Alias, needs: readonly Need[]): readonly Need[] {
  return needs.filter(
    need => need.route === route && need.reasons.includes('wrong_audience') && need.audience.includes(audience),
  );
}

/** @returns those that would be refused without `type`. */
export function listServedByType(type: AcceptedType, needs: readonly Need[]): readonly Need[] {
  return needs.filter(need => need.reasons.includes('wrong_token_type') && isOfType(need, type));
}

/** @returns one for each client, the one with the most requests first. */
export function countClients(needs: readonly Need[]): readonly ClientCount[] {
  const counts = new Map<string | null, ClientCount>();
  for (const { clientId, count, first, last } of needs) {
    const client = clientId ?? null;
    const known = counts.get(client) ?? { client, count: 0, first, last };
    counts.set(client, {
      client,
      count: known.count + count,
      first: Math.min(known.first, first),
      last: Math.max(known.last, last),
    });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || compareNames(a, b));
}

function compareNames({ client: a }: ClientCount, { client: b }: ClientCount): number {
  if (a === b) return 0;
  return (a ?? '') < (b ?? '') ? -1 : 1;
}

/** @returns one line for each client, without `#`. */
export function describeClients(needs: readonly Need[]): readonly string[] {
  const counts = countClients(needs);
  const lines = counts.slice(0, MOST_CLIENTS).map(describeClient);
  const rest = counts.slice(MOST_CLIENTS);
  if (rest.length === 0) return lines;
  const requests = rest.reduce((sum, { count }) => sum + count, 0);
  return [...lines, `and ${rest.length} more clients with ${requests} requests, see --json`];
}

/** @returns one line on which `name` stands, however it is made. */
export function nameClient(client: string | null): string {
  if (client === null) return '(no client)';
  return WORD.test(client) ? client : quoteValue(client);
}

export function describeClient({ client, count, first, last }: ClientCount): string {
  const requests = `${count} ${count === 1 ? 'request' : 'requests'}`;
  const time = (at: number) => new Date(at).toISOString();
  return `${nameClient(client)}: ${requests}, first ${time(first)}, last ${time(last)}`;
}

/** @returns a line without `#`: `text` on one line, cut where it is long. */
export function toComment(text: string): string {
  return fitText(text, WIDTH);
}

/** @returns what the product of the issuer may be the cause of, where the log cannot prove it. */
export function hintAtScopes({ issuer, scope, reasons }: Need): string | undefined {
  if (!reasons.includes('insufficient_scope')) return undefined;
  const { family, scopeClaims, scopeSetting, shortScopes } = recogniseProduct(issuer);
  const further = scopeSetting ?? scopeClaims.filter(claim => claim !== 'scope' && claim !== 'scp');
  if (scope === '' && further.length > 0) {
    return `no scope was read from these tokens, and ${family} may keep it elsewhere: scope_claim: ${further.join(', ')}? The log cannot prove it`;
  }
  return shortScopes && `${shortScopes}; metadata: { scopes: [...] } says what clients are to ask with`;
}
