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

type ApiAudience = NonNullable<IdentityProduct['apiAudiences']>[number];

export class Sightings {
  readonly #routes = new Map<string, string | typeof SEVERAL>();
  readonly #clients = new Set<string>();
  readonly #products = new Map<string, readonly ApiAudience[]>();
  #isCut = false;

  /** Whether more was seen than is kept, so that nothing can be said of any audience. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** @param route the key of the route that it came to. */
  add({ claims }: LogEntry, route: string): void {
    if (typeof claims !== 'object') return;
    const forms = this.formsOf(claims.issuer);
    if (forms.length === 0) return;
    const isId = (text: string) => text.length <= LONGEST && forms.some(({ form }) => form.test(text));
    for (const audience of claims.audience) if (isId(audience)) this.#addAudience(audience, route);
    const { clientId } = claims;
    if (clientId !== undefined && isId(clientId) && !this.#clients.has(clientId)) {
      if (this.#clients.size >= MOST) this.#isCut = true;
      else this.#clients.add(copyText(clientId));
    }
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

  /** @returns whether `audience` was seen on `route`, on no other route, and as the name of no client: ID tokens are for that. */
  isOfRouteAlone(audience: string, route: string): boolean {
    return !this.#isCut && this.#routes.get(audience) === route && !this.#clients.has(audience);
  }
}

/** V8 keeps the whole string of which another is a slice, here a piece of the log; a copy does not. */
function copyText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
