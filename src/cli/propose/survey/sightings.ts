/** On which routes an audience was seen that may be the application id of an API, and which names clients have. */

import type { IdentityProduct } from '../../../config/lint/identity-products/identity-product.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import type { LogEntry } from '../../simulate/log/log-entry.ts';

/** Values that are kept of each kind. */
const MOST = 20_000;
/** An application id is much shorter. */
const LONGEST = 256;
/** An audience that was seen on several routes. */
const SEVERAL = Symbol('several routes');

/**
 * @returns the same for all spellings of one application id: as a GUID in either case, and behind `api://`, by which v1 tokens of
 *   Entra ID name the same application as v2 tokens by the GUID alone.
 */
export function foldId(id: string): string {
  return id.toLowerCase().replace(/^api:\/\//, '');
}

type ApiAudience = NonNullable<IdentityProduct['apiAudiences']>[number];

export class Sightings {
  /** Both by `foldId`. */
  readonly #routes = new Map<string, string | typeof SEVERAL>();
  readonly #clients = new Set<string>();
  readonly #products = new Map<string, readonly ApiAudience[]>();
  #isCut = false;

  /** Whether more was seen than is kept, so that nothing can be said of any audience. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** @param route the id of the route that it came to. */
  add({ claims }: LogEntry, route: string): void {
    if (typeof claims !== 'object') return;
    const forms = this.formsOf(claims.issuer);
    if (forms.length === 0) return;
    const isId = (text: string) => text.length <= LONGEST && forms.some(({ form }) => form.test(text));
    for (const audience of claims.audience) if (isId(audience)) this.#addAudience(foldId(audience), route);
    const { clientId } = claims;
    if (clientId !== undefined && isId(clientId)) this.#addClient(foldId(clientId));
  }

  #addClient(name: string): void {
    if (this.#clients.has(name)) return;
    if (this.#clients.size >= MOST) this.#isCut = true;
    else this.#clients.add(copyText(name));
  }

  #addAudience(audience: string, route: string): void {
    const known = this.#routes.get(audience);
    if (known === undefined && this.#routes.size >= MOST) this.#isCut = true;
    else if (known === undefined) this.#routes.set(copyText(audience), copyText(route));
    else if (known !== route) this.#routes.set(audience, SEVERAL);
  }

  /** @returns the forms of the ids that the product of `issuer` writes for an API. */
  formsOf(issuer: string): readonly ApiAudience[] {
    const known = this.#products.get(issuer);
    if (known) return known;
    const forms = recogniseProduct(issuer).apiAudiences ?? [];
    if (this.#products.size < MOST) this.#products.set(issuer, forms);
    return forms;
  }

  /** @returns whether `audience` was seen on `route`, on no other route in any spelling, and as the name of no client: ID tokens are for that. */
  isOfRouteAlone(audience: string, route: string): boolean {
    const id = foldId(audience);
    return !this.#isCut && this.#routes.get(id) === route && !this.#clients.has(id);
  }
}

/** V8 keeps the whole string of which another is a slice, here a piece of the log; a copy does not. */
function copyText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
