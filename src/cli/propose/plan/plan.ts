/** Needs → the smallest set of aliases, types and exceptions that gives every caller what it needs. */

import type { Config } from '../../../config/config.ts';
import type { ExcusableReason } from '../../../denial.ts';
import type { Survey } from '../survey/log-survey.ts';
import type { Need } from '../survey/need-groups.ts';
import { type AcceptedType, isOfType, listTypes } from './accepted-type.ts';
import { type Alias, listAliases } from './audience-aliases.ts';
import { type ClientExceptions, nameExcused, proposeExceptions } from './client-exceptions.ts';
import { Coverage } from './coverage.ts';

export interface Plan extends ClientExceptions {
  readonly aliases: readonly Alias[];
  readonly types: readonly AcceptedType[];
}

/** An alias, or a type: it opens a route for more than one client. */
type Opening = { readonly alias: Alias } | { readonly type: AcceptedType };

/**
 * An alias or a type that would also let in what was denied is not proposed: then each client gets an exception. Nor is one
 * that all who need it do not need beside their exceptions.
 */
export function createPlan(config: Config, { needs, sightings }: Pick<Survey, 'needs' | 'sightings'>): Plan {
  const letIn = needs.filter(({ wasLetIn }) => wasLetIn);
  return new Planner(config, needs).plan([
    ...listAliases(config, letIn, sightings).map(alias => ({ alias })),
    ...listTypes(config, letIn).map(type => ({ type })),
  ]);
}

class Planner {
  readonly #config: Config;
  readonly #letIn: readonly Need[];
  /** What was denied to clients that were never let in with the same. */
  readonly #denied: readonly Need[];

  constructor(config: Config, needs: readonly Need[]) {
    this.#config = config;
    this.#letIn = needs.filter(({ wasLetIn }) => wasLetIn);
    const same = ({ route, clientId, issuer, audience, type, reasons }: Need) =>
      JSON.stringify([route, clientId, issuer, audience, type, reasons]);
    const known = new Set(this.#letIn.map(same));
    this.#denied = needs.filter(need => !need.wasLetIn && !known.has(same(need)));
  }

  plan(all: readonly Opening[]): Plan {
    const needed = this.#dropSuperfluous(this.#dropUnsafe(all));
    return { ...proposeExceptions(this.#letIn, this.#cover(needed)), ...splitOpenings(needed) };
  }

  #cover(openings: readonly Opening[]): Coverage {
    const { aliases, types } = splitOpenings(openings);
    return new Coverage(this.#config, aliases, types);
  }

  /** Drops each of those by which something is let in that was denied. */
  #dropUnsafe(all: readonly Opening[]): readonly Opening[] {
    for (let left = all; ; ) {
      const coverage = this.#cover(left);
      const opened = this.#denied.filter(need => coverage.listLacking(need).length === 0);
      if (opened.length === 0) return left;
      const safe = left.filter(opening => !opened.some(need => isPartOf(need, opening)));
      // Nothing else can have opened it; were it so, nothing is proposed rather than something unsafe.
      left = safe.length < left.length ? safe : [];
    }
  }

  /** The one that the fewest requests need goes first. */
  #dropSuperfluous(openings: readonly Opening[]): readonly Opening[] {
    const weights = new Map(openings.map(opening => [opening, this.#weigh(opening)]));
    const byWeight = [...openings].sort((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0));
    let left = openings;
    let given = this.#give(left);
    for (const opening of byWeight) {
      const without = left.filter(each => each !== opening);
      if (!this.#isSuperfluous(opening, given, { ...given, coverage: this.#cover(without) })) continue;
      left = without;
      given = this.#give(left);
    }
    return left;
  }

  #weigh(opening: Opening): number {
    return this.#letIn.reduce((sum, need) => sum + (isPartOf(need, opening) ? need.count : 0), 0);
  }

  #give(openings: readonly Opening[]): Given {
    const coverage = this.#cover(openings);
    const { exceptions } = proposeExceptions(this.#letIn, coverage);
    const named = exceptions.map(
      ({ needs: [first], reasons }) => [nameExcused(first as Need, coverage), reasons] as const,
    );
    return { coverage, excused: new Map(named) };
  }

  /** Whether nobody who has enough by what is given now has less without `opening`. It may have helped some only half the way. */
  #isSuperfluous(opening: Opening, now: Given, without: Given): boolean {
    const served = this.#letIn.filter(need => isPartOf(need, opening) && hasEnough(need, now));
    return served.every(need => hasEnough(need, without));
  }
}

/** Some aliases and types, and the exceptions beside them. */
interface Given {
  readonly coverage: Coverage;
  /** By `nameExcused`. */
  readonly excused: ReadonlyMap<string, readonly ExcusableReason[]>;
}

function hasEnough(need: Need, { coverage, excused }: Given): boolean {
  const reasons = excused.get(nameExcused(need, coverage)) ?? [];
  return coverage.listLacking(need).every(reason => reasons.includes(reason));
}

function splitOpenings(openings: readonly Opening[]) {
  return {
    aliases: openings.flatMap(opening => ('alias' in opening ? [opening.alias] : [])),
    types: openings.flatMap(opening => ('type' in opening ? [opening.type] : [])),
  };
}

/** Whether the token of `need` has what `opening` accepts. On a route of `multiple_audiences: known` that may be an alias of another route. */
function isPartOf(need: Need, opening: Opening): boolean {
  if ('type' in opening) return need.reasons.includes('wrong_token_type') && isOfType(need, opening.type);
  return need.reasons.includes('wrong_audience') && need.audience.includes(opening.alias.audience);
}
