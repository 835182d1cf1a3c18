/**
 * Which presented audiences may become an alias of a route: another spelling of its resource (RFC 3986 section 6.2), or the
 * application id that the issuer writes for it. Whatever could be meant for another API is none.
 */

import { createAudienceIndex } from '../../../authorization/audience.ts';
import type { Config, ProtectedRoute } from '../../../config/config.ts';
import { hasReference } from '../../../config/editing/flow-text.ts';
import { nameSharedAudience } from '../../../config/lint/identity-products/shared-audience.ts';
import { findDifference } from '../../explain/checks/difference.ts';
import type { Need } from '../survey/need-groups.ts';
import { foldId, type Sightings } from '../survey/sightings.ts';
import { limitRoutes } from './route-limits.ts';

/** Aliases of one route, beyond which each client gets an exception instead: nobody reviews more, and one client may invent them. */
const MOST_OF_ROUTE = 100;

export interface Alias {
  readonly route: string;
  readonly audience: string;
  /** Why it may be one, to be read by the reviewer; with what only the reviewer knows. */
  readonly why: string;
}

/** @returns the possible aliases, each once, in the order of `needs`. */
export function listAliases(config: Config, needs: readonly Need[], sightings: Sightings): readonly Alias[] {
  const finder = new AliasFinder(config, sightings);
  const found = new Map<string, Alias>();
  const idsOfRoutes = new Map<string, Set<string>>();
  for (const need of needs.filter(({ reasons }) => reasons.includes('wrong_audience'))) {
    for (const { audience, text, isId } of finder.list(need)) {
      const name = JSON.stringify([need.route, audience]);
      found.set(name, found.get(name) ?? { route: need.route, audience, why: text });
      if (isId) addTo(idsOfRoutes, JSON.stringify([need.route, need.issuer]), name);
    }
  }
  // Of several ids, at most one is that of this API.
  const doubtful = new Set([...idsOfRoutes.values()].filter(({ size }) => size > 1).flatMap(names => [...names]));
  const aliases = [...found].flatMap(([name, alias]) => (doubtful.has(name) ? [] : [alias]));
  const known = new Map(
    config.routes.flatMap(route => (route.public ? [] : [[route.key, route.audiences.size] as const])),
  );
  return limitRoutes(
    aliases,
    ({ route }) => route,
    MOST_OF_ROUTE,
    route => known.get(route) ?? Number.POSITIVE_INFINITY,
  );
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

interface Why {
  readonly audience: string;
  readonly text: string;
  readonly isId: boolean;
}

class AliasFinder {
  readonly #routes: ReadonlyMap<string, ProtectedRoute>;
  readonly #accepted;
  /** The resources with an audience of which another may be a spelling, by the fold of that audience. */
  readonly #folded = new Map<string, Set<string>>();
  readonly #sightings: Sightings;

  constructor(config: Config, sightings: Sightings) {
    const routes = config.routes.filter((route): route is ProtectedRoute => !route.public);
    this.#routes = new Map(routes.map(route => [route.key, route]));
    this.#accepted = createAudienceIndex(routes);
    for (const [audience, resource] of this.#accepted) addTo(this.#folded, fold(audience), resource);
    this.#sightings = sightings;
  }

  list(need: Need): readonly Why[] {
    return need.audience.flatMap(audience => this.#explain(audience, need) ?? []);
  }

  #explain(audience: string, need: Need): Why | undefined {
    const route = this.#routes.get(need.route);
    if (!route || audience.trim() !== audience || audience === '' || hasReference(audience)) return undefined;
    const owner = this.#accepted.get(audience);
    if (owner !== undefined && owner !== route.resource) return undefined;
    const alike = this.#folded.get(fold(audience)) ?? new Set();
    if ([...alike].some(resource => resource !== route.resource)) return undefined;
    if (nameSharedAudience(audience, [...route.issuers]) !== undefined) return undefined;
    const difference = findDifference(audience, route.resource);
    if (difference?.isSameResource) {
      return { audience, text: `another spelling of the resource (${difference.words.join(', ')})`, isId: false };
    }
    return this.#explainId(audience, need, route);
  }

  #explainId(audience: string, { issuer, clientId }: Need, route: ProtectedRoute): Why | undefined {
    const forms = this.#sightings.formsOf(issuer);
    const fitting = forms.find(({ form }) => form.test(audience));
    if (fitting === undefined || (clientId !== undefined && foldId(clientId) === foldId(audience))) return undefined;
    // It is known already which id this API has.
    if ([...route.audiences].some(known => forms.some(({ form }) => form.test(known)))) return undefined;
    if (!this.#sightings.isOfRouteAlone(audience, route.id)) return undefined;
    return { audience, text: `${fitting.cause}; keep it only ${fitting.condition}`, isId: true };
  }
}

/** Equal for all spellings of one resource, and for some others. */
function fold(audience: string): string {
  const decoded = audience.replace(/%[0-9a-f]{2}/gi, each => String.fromCharCode(Number.parseInt(each.slice(1), 16)));
  const bare = foldId(decoded).replace(/:(?:80|443)(?=\/|$)/, '');
  return bare.endsWith('/') ? bare.slice(0, -1) : bare;
}
