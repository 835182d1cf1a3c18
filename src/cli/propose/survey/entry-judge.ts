/** What an entry of the log would need so that its request is let in once every route is on `enforce`. */

import {
  type AudienceIndex,
  createAudienceIndex,
  findWrongAudience,
  type PresentedAudience,
} from '../../../authorization/audience.ts';
import { findExcused } from '../../../authorization/exceptions.ts';
import type { Config, ProtectedRoute } from '../../../config/config.ts';
import type { Exception } from '../../../config/exceptions/exception.ts';
import { EXCUSABLE_REASONS, type ExcusableReason, isExcusable, isReason } from '../../../denial.ts';
import type { LogEntry, LoggedClaims } from '../../simulate/log/log-entry.ts';
import { type Change, compare } from '../../simulate/replay/comparison.ts';
import { DecisionReplay, type ReplayedDecisions } from '../../simulate/replay/decision-replay.ts';
import type { Unknown } from '../../simulate/replay/unknown.ts';
import { enforceAll } from './enforced-config.ts';

/** Why a request would be refused on `enforce`, of which all can be excused. */
export interface Demand {
  readonly route: ProtectedRoute;
  readonly claims: LoggedClaims;
  /** `undefined`: the token names no client. */
  readonly clientId: string | undefined;
  readonly reasons: readonly ExcusableReason[];
  /** Whether it was let through when the log was written. Never excused where it was not. */
  readonly wasLetIn: boolean;
}

/** `refused`: for a reason that nothing excuses. */
export type Judged = 'kept' | Unknown | { readonly refused: Change } | { readonly demand: Demand };

/** The name of the client of a token that names none: any text, since only its presence counts. */
const NOBODY = '(none)';

export class EntryJudge {
  readonly #strict: DecisionReplay;
  readonly #lenient: DecisionReplay;
  /** What the lenient configuration excuses: everything to the client of the entry. */
  readonly #excuses = new Map<string, readonly Exception[]>();
  readonly #audiences: AudienceIndex;

  /** @param config in use when the log was recorded. */
  constructor(config: Config) {
    this.#strict = new DecisionReplay(enforceAll(config), config);
    this.#lenient = new DecisionReplay(enforceAll(config, this.#excuses), config);
    this.#audiences = createAudienceIndex(config.routes);
  }

  judge(entry: LogEntry): Judged {
    const found = compare(entry, this.#strict.decide(entry));
    if (wasDenied(entry)) return this.#judgeDenied(entry);
    if (found === 'unchanged') return 'kept';
    if ('unknown' in found) return found;
    return found.kind === 'would_break' ? this.#judgeBroken(entry, found) : 'kept';
  }

  #judgeBroken(entry: LogEntry, change: Change): Judged {
    const { claims } = entry;
    if (
      claims === undefined ||
      claims === 'omitted' ||
      !isReason(change.becomes.reason) ||
      !isExcusable(change.becomes.reason)
    ) {
      return { refused: change };
    }
    const { route } = change.becomes;
    if (!route || route.public) return { refused: change };
    if (isClientCut(claims)) return { unknown: 'claims_cut' };
    return this.#findDemand(entry, claims, route, change);
  }

  /** What was refused then is of interest only as what the proposal must not let in. */
  #judgeDenied(entry: LogEntry): Judged {
    const { claims } = entry;
    const decisions = this.#strict.decide(entry);
    const isKnown = decisions !== 'as_before' && !('unknown' in decisions);
    const route = isKnown ? decisions[0]?.route : undefined;
    if (claims === undefined || claims === 'omitted' || !route || route.public || isClientCut(claims)) return 'kept';
    const found = this.#findDemand(entry, claims, route);
    return found !== 'kept' && 'demand' in found ? found : 'kept';
  }

  /** Where it is refused for something else, too, that is the reason which counts: nothing excuses it. */
  #findDemand(entry: LogEntry, claims: LoggedClaims, route: ProtectedRoute, change?: Change): Judged {
    const decisions = this.#decideLeniently(entry, claims);
    if (decisions === 'as_before' || 'unknown' in decisions) return decisions === 'as_before' ? 'kept' : decisions;
    const denied = decisions.filter(({ outcome }) => outcome === 'denied');
    const [becomes] = denied;
    if (becomes && denied.length < decisions.length) return { unknown: 'field_omitted' };
    if (becomes) return change ? { refused: { ...change, becomes } } : 'kept';
    const certain = EXCUSABLE_REASONS.filter(reason =>
      decisions.every(({ excused }) => excused.some(each => each.reason === reason)),
    );
    const clientId = clientOf(claims);
    const reasons = certain.filter(reason => !this.#isExcused(entry, { route, claims, clientId, reason }));
    if (reasons.length === 0) return 'kept';
    return { demand: { route, claims, clientId, reasons, wasLetIn: entry.outcome !== 'denied' } };
  }

  #decideLeniently(entry: LogEntry, claims: LoggedClaims): ReplayedDecisions {
    const client = clientOf(claims) ?? NOBODY;
    this.#excuses.clear();
    this.#excuses.set(client, [createExcuse(client)]);
    return this.#lenient.decide({ ...entry, claims: { ...claims, whole: { ...claims.whole, client_id: client } } });
  }

  /** Whether the exceptions of the configuration excuse `reason` already. */
  #isExcused(
    { time, durationMs = 0 }: LogEntry,
    { route, claims, clientId, reason }: Pick<Demand, 'route' | 'claims' | 'clientId'> & { reason: ExcusableReason },
  ): boolean {
    if (clientId === undefined) return false;
    const presented = reason === 'wrong_audience' ? this.#findPresented(route, claims) : undefined;
    const token = { issuer: claims.issuer, claims: { client_id: clientId } };
    return (
      findExcused({ ...route, enforcement: 'enforce' }, token, { reason, presented }, time - durationMs) !== undefined
    );
  }

  #findPresented(route: ProtectedRoute, { audience }: LoggedClaims): PresentedAudience | undefined {
    return findWrongAudience(route, audience, this.#audiences);
  }
}

function wasDenied({ outcome, reason }: LogEntry): boolean {
  return outcome === 'denied' && isReason(reason) && isExcusable(reason);
}

function clientOf({ clientId }: LoggedClaims): string | undefined {
  return clientId === '' ? undefined : clientId;
}

/** Part of a name may be the whole name of another client. */
function isClientCut({ clientId, whole }: LoggedClaims): boolean {
  return clientId !== undefined && whole['client_id'] === undefined;
}

const EVERYTHING = new Set(EXCUSABLE_REASONS);

function createExcuse(clientId: string): Exception {
  const always = { until: '9999-12-31', lapsesAt: Number.POSITIVE_INFINITY, owner: 'nobody' };
  return { ...always, clientId, issuer: undefined, presented: undefined, reasons: EVERYTHING };
}
