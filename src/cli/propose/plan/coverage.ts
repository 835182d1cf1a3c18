/** What a need lacks under some aliases and types, by the function that decides on audiences. */

import {
  type AudienceIndex,
  addAudiences,
  findWrongAudience,
  type PresentedAudience,
} from '../../../authorization/audience.ts';
import type { Config, ProtectedRoute } from '../../../config/config.ts';
import type { ExcusableReason } from '../../../denial.ts';
import type { Need } from '../survey/need-groups.ts';
import { type AcceptedType, isOfType } from './accepted-type.ts';
import type { Alias } from './audience-aliases.ts';

export class Coverage {
  readonly #routes = new Map<string, ProtectedRoute>();
  readonly #index: AudienceIndex;
  readonly #types: readonly AcceptedType[];

  constructor(config: Config, aliases: readonly Alias[], types: readonly AcceptedType[]) {
    const index = new Map<string, ProtectedRoute['resource']>();
    const added = groupByRoute(aliases);
    for (const route of config.routes) {
      if (route.public) continue;
      const more = added.get(route.key);
      const accepting = more ? { ...route, audiences: new Set([...route.audiences, ...more]) } : route;
      this.#routes.set(route.key, accepting);
      addAudiences(index, accepting);
    }
    this.#index = index;
    this.#types = types;
  }

  /** @returns the reasons that are left. */
  listLacking(need: Need): readonly ExcusableReason[] {
    return need.reasons.filter(reason => {
      if (reason === 'wrong_audience') return this.findPresented(need) !== undefined;
      return reason !== 'wrong_token_type' || !this.#types.some(type => isOfType(need, type));
    });
  }

  /** @returns the value of `presented` of a token with `wrong_audience`; `undefined` for one that is for the route. */
  findPresented({ route: key, audience }: Need): PresentedAudience | undefined {
    const route = this.#routes.get(key);
    return route && findWrongAudience(route, audience, this.#index);
  }

  /** @returns whether `route` accepts tokens of several issuers, so that an exception has to name one. */
  hasSeveralIssuers(route: string): boolean {
    return (this.#routes.get(route)?.issuers.size ?? 0) > 1;
  }

  /** @returns how many exceptions `route` has already. */
  countExceptions(route: string): number {
    const known = this.#routes.get(route)?.exceptions ?? new Map<string, readonly unknown[]>();
    return [...known.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

function groupByRoute(aliases: readonly Alias[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { route, audience } of aliases) {
    const group = groups.get(route);
    if (group) group.push(audience);
    else groups.set(route, [audience]);
  }
  return groups;
}
