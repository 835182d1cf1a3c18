/**
 * Decides on the request of a log entry under a configuration: head → metadata → route → authorization, with the functions
 * that the gateway calls, in the same order.
 */

import { createAudienceIndex, type PresentedAudience } from '../../../authorization/audience.ts';
import { authorize } from '../../../authorization/authorize.ts';
import type { Excused } from '../../../authorization/exceptions.ts';
import { matchSentPath } from '../../../authorizer/sent-path.ts';
import { createMetadataIndex, findMetadata } from '../../../challenge/metadata.ts';
import { METADATA_METHODS } from '../../../challenge/metadata-reply.ts';
import type { Config, Route } from '../../../config/config.ts';
import { deny, isDecidedWithin, isExcusable, isReason, isRefused, type Reason } from '../../../denial.ts';
import { assumeRequest } from '../../../mcp/mcp-request.ts';
import { bindsSessions } from '../../../mcp/session-owner.ts';
import { MASK } from '../../../route/loggable-path.ts';
import { createRouteTable, type Match, matchRequest } from '../../../route/match.ts';
import { type RequestHead, readRequestHead } from '../../../route/request-head.ts';
import { NO_ROUTE } from '../../../telemetry/finished-request.ts';
import type { Verification } from '../../../token/verifier.ts';
import { hasUpstream } from '../../../upstream/upstreams.ts';
import { type LogEntry, wasGranted } from '../log/log-entry.ts';
import { judgeLoggedOrigin } from './logged-origin.ts';
import { LoggedRevocation } from './logged-revocation.ts';
import { type IssuerRules, readLoggedToken } from './logged-token.ts';
import { RecordedConfig } from './recorded-config.ts';
import type { Unknown } from './unknown.ts';

export interface ReplayedDecision {
  readonly outcome: 'forwarded' | 'reported' | 'denied';
  readonly reason: Reason | undefined;
  readonly route: Route | undefined;
  readonly presented: PresentedAudience | undefined;
  /** What exceptions of the route excused at the time of the entry, in the order of the checks. */
  readonly excused: readonly Excused[];
}

const ORIGIN = 'origin_not_allowed';
const SESSION = 'session_not_found';

/** `as_before`: the same under every configuration. Several decisions: a value that the log lacks would select one. */
export type ReplayedDecisions = readonly ReplayedDecision[] | 'as_before' | Unknown;

export class DecisionReplay {
  readonly #rules: IssuerRules;
  /** Whether `client_id` may have been left out of the log. */
  readonly #isClientOmitted: boolean;
  readonly #routes;
  readonly #audiences;
  readonly #metadata;
  /** Routes on which a part of the path that the log masks can change the decision. */
  readonly #maskedPathMatters: ReadonlySet<Route>;

  /**
   * @param config the configuration to decide under.
   * @param from the configuration in use when the log was recorded, where it is known.
   */
  constructor(config: Config, from?: Config) {
    const omitted = new Set([config, from].flatMap(each => [...(each?.accessLog?.omit ?? [])]));
    this.#rules = {
      issuers: config.issuers,
      recorded: from && new RecordedConfig(from, config),
      revocation: new LoggedRevocation(config.revoked, omitted),
      isKindOmitted: omitted.has('kind'),
    };
    this.#isClientOmitted = [config, from].some(each => each?.accessLog?.omit.has('client_id'));
    this.#routes = createRouteTable(config.routes);
    this.#audiences = createAudienceIndex(config.routes);
    this.#metadata = createMetadataIndex(config.routes);
    this.#maskedPathMatters = new Set(config.routes.filter(route => doesMaskedPathMatter(route, config.routes)));
  }

  /** @returns the decision on the request of `entry`, as far as the entry holds what it depends on. */
  decide(entry: LogEntry): ReplayedDecisions {
    const decisions = this.#decideRequest(entry);
    // A truncated id may equal that of another route.
    if (entry.isCut) return decisions;
    return isUndecided(decisions) && this.#rules.recorded?.keepsRoute(entry.route) ? 'as_before' : decisions;
  }

  #decideRequest(entry: LogEntry): ReplayedDecisions {
    if (entry.reason === 'internal') return { unknown: 'fault' };
    const isUnrouted = entry.route === NO_ROUTE && entry.outcome === 'denied';
    if (isUnrouted && isReason(entry.reason) && isDecidedWithin(entry.reason, 'request', 'request')) return 'as_before';
    if (entry.isCut) return { unknown: 'line_cut' };
    if (entry.isPathCut) return { unknown: 'path_cut' };
    const head = readHead(entry);
    // `OPTIONS *` has no path.
    if (isUnrouted && entry.path === '') return 'as_before';
    // A control character or a blank in the path is refused under every configuration.
    if (!head) return entry.reason === 'ambiguous_path' ? 'as_before' : { unknown: 'unfamiliar' };
    return this.#decideMetadata(entry, head) ?? this.#decideRouted(entry, head);
  }

  /** Documents are found by the whole target, as sent; the log has its path, without the query. */
  #decideMetadata(entry: LogEntry, head: RequestHead): ReplayedDecisions | undefined {
    const wasMetadata =
      entry.route === NO_ROUTE && (entry.outcome === 'forwarded' || entry.reason === 'method_not_allowed');
    const metadata = findMetadata(this.#metadata, head.target, head.authority);
    if (metadata.kind === 'none') {
      const withQuery =
        wasMetadata && [...this.#metadata.targets.keys()].some(target => target.startsWith(`${entry.path}?`));
      return withQuery ? { unknown: 'query_not_logged' } : undefined;
    }
    // Asked for through another proxy, it is a path like any other.
    if (!wasMetadata && entry.via === 'authorizer') return undefined;
    if (!wasMetadata && !(metadata.kind === 'ambiguous' && entry.reason === 'no_route'))
      return { unknown: 'query_not_logged' };
    if (metadata.kind === 'ambiguous') return [reject('no_route')];
    return METADATA_METHODS.includes(entry.method) ? [decisionOf({})] : [reject('method_not_allowed')];
  }

  #decideRouted(entry: LogEntry, head: RequestHead): ReplayedDecisions {
    const match = this.#findRoute(entry, head);
    // Masked parts could only add readings to a path that already has too many.
    if (!match.ok) return [reject(match.reason)];
    if (entry.path.includes(MASK) && this.#dependsOnMasked(entry, match)) return { unknown: 'path_cut' };
    if (entry.isPreflight) return [this.#decidePreflight(match, entry)];
    const origin = judgeLoggedOrigin(entry, match.route, this.#rules.recorded);
    if (origin === 'refused') return [decisionOf({ outcome: 'denied', reason: ORIGIN, route: match.route })];
    return origin === 'unknown' ? { unknown: 'origin_not_logged' } : this.#decideByToken(match, entry);
  }

  #decideByToken(match: Match, entry: LogEntry): ReplayedDecisions {
    const verifications = readLoggedToken(entry, match.route, this.#rules);
    if (!('unknown' in verifications)) return this.#decideAsked(match, entry, verifications);
    const withoutToken = this.#authorize(match, entry, deny('missing_token'));
    const { reason, outcome } = withoutToken;
    if (match.route.public) return [withoutToken];
    // A revoked token is refused also where the mode only reports the method.
    const isOpen = outcome !== 'denied' && !this.#rules.revocation.isEmpty;
    const isDecided = reason !== undefined && isDecidedWithin(reason, 'request', 'method') && !isOpen;
    return isDecided ? [withoutToken] : verifications;
  }

  /** What an MCP request asked for decides only where its token would be enough otherwise. */
  #decideAsked(match: Match, entry: LogEntry, verifications: readonly Verification[]): ReplayedDecisions {
    const decisions = verifications.map(each => refuseSession(entry, match.route, this.#authorize(match, entry, each)));
    const isAsked = match.route.mcp?.hasRules === true && entry.method === 'POST';
    const isKnown = !isAsked || (entry.mcp !== undefined && entry.mcp !== 'unknown');
    const isRefused = decisions.every(({ outcome }) => outcome === 'denied');
    const hidden = this.#findHiddenClient(entry, match.route, decisions);
    if (hidden) return hidden;
    return isKnown || isRefused || wasGranted(entry) ? decisions : { unknown: 'tool_not_logged' };
  }

  /** Whether an exception may be the client's, which the log does not hold. */
  #findHiddenClient(
    { claims, isExcused }: LogEntry,
    route: Route,
    decisions: readonly ReplayedDecision[],
  ): Unknown | undefined {
    if (route.public || route.exceptions.size === 0 || claims === 'omitted' || !claims) return undefined;
    // Only a token with a client was ever excused, so its name was left out of this line, whatever the configurations say.
    const isOmitted = this.#isClientOmitted || isExcused;
    if ('client_id' in claims.whole || (claims.clientId === undefined && !isOmitted)) return undefined;
    const isOpen = decisions.some(({ outcome, reason }) => outcome === 'denied' && reason && isExcusable(reason));
    return isOpen ? { unknown: claims.clientId === undefined ? 'field_omitted' : 'claims_cut' } : undefined;
  }

  #findRoute({ via }: LogEntry, head: RequestHead): ReturnType<typeof matchRequest> {
    if (via === 'authorizer') return matchSentPath(this.#routes, head);
    const match = matchRequest(this.#routes, head);
    return match.ok && !hasUpstream(match.route) ? deny('no_route') : match;
  }

  /** Browsers send none with a token. */
  #decidePreflight(match: Match, entry: LogEntry): ReplayedDecision {
    if (match.route.cors) return decisionOf({ route: match.route });
    return this.#authorize(match, entry, deny('missing_token'));
  }

  #dependsOnMasked({ route: id }: LogEntry, { route, isAmbiguous }: Match): boolean {
    if (isAmbiguous) return false;
    return this.#maskedPathMatters.has(route) || this.#rules.recorded?.keepsEncodings(id, route) !== true;
  }

  #authorize(match: Match, entry: LogEntry, verification: Verification): ReplayedDecision {
    const { method, mcp } = entry;
    const asked = assumeRequest(mcp === undefined || mcp === 'unknown' ? [] : [mcp]);
    const at = decidedAt(entry);
    const { grant, denial, excused } = authorize(this.#audiences, match, method, verification, at, asked);
    const outcome = !grant ? 'denied' : denial ? 'reported' : 'forwarded';
    return { outcome, reason: denial?.reason, route: match.route, presented: denial?.presented, excused };
  }
}

/** A request that an exception let in is refused for what was excused, once that lapses before there is a response. */
function decidedAt({ time, durationMs = 0, outcome, reason }: LogEntry): number {
  const isAtEnd = outcome === 'denied' && reason !== undefined && isReason(reason) && isExcusable(reason);
  return isAtEnd ? time : time - durationMs;
}

/** Whether a value that the entry does not hold would decide. */
function isUndecided(decisions: ReplayedDecisions): boolean {
  return decisions !== 'as_before' && ('unknown' in decisions || decisions.length > 1);
}

function decisionOf(fields: Partial<ReplayedDecision>): ReplayedDecision {
  const nothing = { reason: undefined, route: undefined, presented: undefined, excused: [] };
  return { outcome: 'forwarded', ...nothing, ...fields };
}

function reject(reason: Reason): ReplayedDecision {
  return decisionOf({ outcome: 'denied', reason });
}

function readHead({ method, host, path }: LogEntry): RequestHead | undefined {
  if (path === '') return undefined;
  const target = path.replaceAll(MASK, 'x');
  // Only HTTP/1.0 may leave Host out.
  const version = host === '' ? '1.0' : '1.1';
  const fields = host === '' ? [] : ['Host', host];
  const head = readRequestHead({ method, target, version, fields, body: 'none', expects: 'nothing' });
  return head.ok ? head : undefined;
}

/** Another route lies below it, or its scopes depend on the path. */
function doesMaskedPathMatter(route: Route, routes: readonly Route[]): boolean {
  const below = route.prefix === '/' ? '/' : `${route.prefix}/`;
  if (routes.some(other => other !== route && other.prefix.startsWith(below))) return true;
  return !route.public && route.scopeRules.some(rule => rule.path !== '/');
}

/** An id that was not its sender's then is not now. */
function refuseSession({ reason }: LogEntry, route: Route, decision: ReplayedDecision): ReplayedDecision {
  if (reason !== SESSION || route.public || !bindsSessions(route) || decision.outcome === 'denied') return decision;
  if (isRefused(SESSION, route.enforcement)) return { ...decision, outcome: 'denied', reason: SESSION };
  return { ...decision, outcome: 'reported', reason: decision.reason ?? SESSION };
}
