/**
 * What a configuration decides on the request of a line: head → metadata → route → authorization, by the functions that
 * the gateway calls, in its order.
 */

import { createAudienceIndex, type PresentedAudience } from '../../authorization/audience.ts';
import { authorize } from '../../authorization/authorize.ts';
import { createMetadataIndex, findMetadata } from '../../challenge/metadata.ts';
import type { Config, Route } from '../../config/config.ts';
import { deny, type Reason } from '../../denial.ts';
import { MASK } from '../../route/loggable-path.ts';
import { createRouteTable, type Match, matchRequest } from '../../route/match.ts';
import { type RequestHead, readRequestHead } from '../../route/request-head.ts';
import type { Verification } from '../../token/verifier.ts';
import { type Rules, readEvidence } from './evidence.ts';
import { type LogLine, NO_ROUTE } from './log-line.ts';
import { Origin } from './origin.ts';
import type { Unknown } from './unknown.ts';

export interface Ruling {
  readonly outcome: 'forwarded' | 'reported' | 'denied';
  readonly reason: Reason | undefined;
  readonly route: Route | undefined;
  readonly presented: PresentedAudience | undefined;
}

/** `as_before`: no configuration changes it. Several rulings: what the line leaves open decides between them. */
export type Ruled = readonly Ruling[] | 'as_before' | Unknown;

const BEFORE_READING: readonly unknown[] = ['malformed_request', 'headers_too_large', 'request_timeout'];
const READING: readonly string[] = ['GET', 'HEAD'];

export class Judge {
  readonly #rules: Rules;
  readonly #routes;
  readonly #audiences;
  readonly #metadata;
  /** Routes where what the log masks in a path can change the decision. */
  readonly #hangingOnMasked: ReadonlySet<Route>;

  /** @param from the configuration that wrote the log, where it is known. */
  constructor(config: Config, from?: Config) {
    this.#rules = { issuers: config.issuers, origin: from && new Origin(from, config) };
    this.#routes = createRouteTable(config.routes);
    this.#audiences = createAudienceIndex(config.routes);
    this.#metadata = createMetadataIndex(config.routes);
    this.#hangingOnMasked = new Set(config.routes.filter(route => hangsOnMasked(route, config.routes)));
  }

  /** @returns what the configuration decides on the request of `line`, as far as the line tells. */
  rule(line: LogLine): Ruled {
    const ruled = this.#ruleRequest(line);
    // The key of a route that was cut may be that of another one.
    if (line.isCut) return ruled;
    return isOpen(ruled) && this.#rules.origin?.keepsRoute(line.route) ? 'as_before' : ruled;
  }

  #ruleRequest(line: LogLine): Ruled {
    if (line.reason === 'internal') return { unknown: 'fault' };
    const isUnrouted = line.route === NO_ROUTE && line.outcome === 'denied';
    if (isUnrouted && BEFORE_READING.includes(line.reason)) return 'as_before';
    if (line.isCut) return { unknown: 'line_cut' };
    if (line.isPathCut) return { unknown: 'path_cut' };
    const head = readHead(line);
    // `OPTIONS *` asks about no path.
    if (isUnrouted && line.path === '') return 'as_before';
    // What has a control character or a blank in it is refused by every configuration.
    if (!head) return line.reason === 'ambiguous_path' ? 'as_before' : { unknown: 'unfamiliar' };
    return this.#ruleMetadata(line, head) ?? this.#ruleRouted(line, head);
  }

  /** Documents are found by the whole target, as sent; the log has its path, without a query. */
  #ruleMetadata(line: LogLine, head: RequestHead): Ruled | undefined {
    const wasMetadata =
      line.route === NO_ROUTE && (line.outcome === 'forwarded' || line.reason === 'method_not_allowed');
    const metadata = findMetadata(this.#metadata, head.target, head.authority);
    if (metadata.kind === 'none') {
      const withQuery =
        wasMetadata && [...this.#metadata.targets.keys()].some(target => target.startsWith(`${line.path}?`));
      return withQuery ? { unknown: 'query_not_logged' } : undefined;
    }
    if (!wasMetadata && !(metadata.kind === 'ambiguous' && line.reason === 'no_route'))
      return { unknown: 'query_not_logged' };
    if (metadata.kind === 'ambiguous') return [refuse('no_route')];
    return READING.includes(line.method) ? [rulingOf({})] : [refuse('method_not_allowed')];
  }

  #ruleRouted(line: LogLine, head: RequestHead): Ruled {
    const match = matchRequest(this.#routes, head);
    // What is masked can only add readings to those of which there are too many already.
    if (!match.ok) return [refuse(match.reason)];
    if (line.path.includes(MASK) && this.#hangsOnMasked(line, match)) return { unknown: 'path_cut' };
    const evidence = readEvidence(line, match.route, this.#rules);
    if (!('unknown' in evidence)) return evidence.map(each => this.#authorize(match, line, each));
    const anyhow = this.#authorize(match, line, deny('missing_token'));
    const isDecided =
      match.route.public || anyhow.reason === 'ambiguous_path' || anyhow.reason === 'method_not_allowed';
    return isDecided ? [anyhow] : evidence;
  }

  #hangsOnMasked({ route: key }: LogLine, { route, isAmbiguous }: Match): boolean {
    if (isAmbiguous) return false;
    return this.#hangingOnMasked.has(route) || this.#rules.origin?.keepsEncodings(key, route) !== true;
  }

  #authorize(match: Match, { method }: LogLine, presented: Verification): Ruling {
    const { grant, denial } = authorize(this.#audiences, match, method, presented);
    const outcome = !grant ? 'denied' : denial ? 'reported' : 'forwarded';
    return { outcome, reason: denial?.reason, route: match.route, presented: denial?.presented };
  }
}

/** Whether what the line does not hold decides. */
function isOpen(ruled: Ruled): boolean {
  return ruled !== 'as_before' && ('unknown' in ruled || ruled.length > 1);
}

function rulingOf(ruling: Partial<Ruling>): Ruling {
  return { outcome: 'forwarded', reason: undefined, route: undefined, presented: undefined, ...ruling };
}

function refuse(reason: Reason): Ruling {
  return rulingOf({ outcome: 'denied', reason });
}

function readHead({ method, host, path }: LogLine): RequestHead | undefined {
  if (path === '') return undefined;
  const url = path.replaceAll(MASK, 'x');
  const head = readRequestHead({ method, url, httpVersion: '1.1', rawHeaders: ['Host', host] });
  return head.ok ? head : undefined;
}

function hangsOnMasked(route: Route, routes: readonly Route[]): boolean {
  const below = route.prefix === '/' ? '/' : `${route.prefix}/`;
  if (routes.some(other => other !== route && other.prefix.startsWith(below))) return true;
  return !route.public && route.scopeRules.some(rule => rule.path !== '/');
}
