/**
 * What a configuration decides on the request of a line: head → metadata → route → authorization, by the functions that
 * the gateway calls, in its order.
 */

import { createAudienceIndex, type PresentedAudience } from '../../authorization/audience.ts';
import { authorize } from '../../authorization/authorize.ts';
import { createMetadataIndex, findMetadata } from '../../challenge/metadata.ts';
import type { Config, Route } from '../../config/config.ts';
import { deny, type Reason } from '../../denial.ts';
import { createRouteTable, type Match, matchRoute } from '../../route/match.ts';
import { type RequestHead, readRequestHead } from '../../route/request-head.ts';
import { LONGEST_TEXT } from '../../telemetry/access-line.ts';
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

/** Where the log cuts a path, because a query could follow: only a route that opens one of these takes such a path. */
const CUTTING = [';', '%3F', '%23', '%3B', '%25'];
const BEFORE_READING: readonly unknown[] = ['malformed_request', 'headers_too_large', 'request_timeout'];
const READING: readonly string[] = ['GET', 'HEAD'];

export class Judge {
  readonly #rules: Rules;
  readonly #routes;
  readonly #audiences;
  readonly #metadata;
  readonly #opensCut: boolean;
  /** Routes where the part of a path that the log may have cut off can change the decision. */
  readonly #hangingOnTail: ReadonlySet<Route>;

  /** @param from the configuration that wrote the log, where it is known. */
  constructor(config: Config, from?: Config) {
    this.#rules = { issuers: config.issuers, origin: from && new Origin(from, config) };
    this.#routes = createRouteTable(config.routes);
    this.#audiences = createAudienceIndex(config.routes);
    this.#metadata = createMetadataIndex(config.routes);
    this.#opensCut = config.routes.some(opensCut);
    this.#hangingOnTail = new Set(config.routes.filter(route => hangsOnTail(route, config.routes)));
  }

  /** @returns what the configuration decides on the request of `line`, as far as the line tells. */
  rule(line: LogLine): Ruled {
    const ruled = this.#ruleRequest(line);
    return isOpen(ruled) && this.#rules.origin?.keepsRoute(line.route) ? 'as_before' : ruled;
  }

  #ruleRequest(line: LogLine): Ruled {
    if (line.reason === 'internal') return { unknown: 'fault' };
    const isUnrouted = line.route === NO_ROUTE && line.outcome === 'denied';
    if (isUnrouted && BEFORE_READING.includes(line.reason)) return 'as_before';
    if (line.path.length >= LONGEST_TEXT) return { unknown: 'path_cut' };
    const head = readHead(line);
    if (line.reason === 'ambiguous_path') return this.#ruleAmbiguous(head);
    // `OPTIONS *` asks about no path.
    if (isUnrouted && line.path === '') return 'as_before';
    if (!head) return { unknown: 'unfamiliar' };
    return this.#ruleMetadata(line, head) ?? this.#ruleRouted(line, head);
  }

  /** Its path is logged as it was sent, save what follows a `?`, `#` or `;`. */
  #ruleAmbiguous(head: RequestHead | undefined): Ruled {
    if (!head) return 'as_before';
    if (this.#opensCut) return { unknown: 'path_cut' };
    if (head.path.contested.length === 0) return 'as_before';
    const match = matchRoute(this.#routes, head.host, head.path);
    return match.ok ? { unknown: 'token_not_read' } : 'as_before';
  }

  /** Documents are found by the whole target, as sent; the log has its path, without a query. */
  #ruleMetadata(line: LogLine, head: RequestHead): Ruled | undefined {
    const wasMetadata =
      line.route === NO_ROUTE && (line.outcome === 'forwarded' || line.reason === 'method_not_allowed');
    const metadata = findMetadata(this.#metadata, head.target, head.authority);
    if (metadata === undefined) {
      const withQuery =
        wasMetadata && [...this.#metadata.targets.keys()].some(target => target.startsWith(`${line.path}?`));
      return withQuery ? { unknown: 'query_not_logged' } : undefined;
    }
    if (!wasMetadata && !(metadata === null && line.reason === 'no_route')) return { unknown: 'query_not_logged' };
    if (metadata === null) return [refuse('no_route')];
    return READING.includes(line.method) ? [rulingOf({})] : [refuse('method_not_allowed')];
  }

  #ruleRouted(line: LogLine, head: RequestHead): Ruled {
    const match = matchRoute(this.#routes, head.host, head.path);
    // A path that no route opens is logged as it is; of one that had a route, a part may be missing.
    const mayBeCut = line.route !== NO_ROUTE && (match.ok ? this.#hangsOnTail(line, match.route) : this.#opensCut);
    if (mayBeCut) return { unknown: 'path_cut' };
    if (!match.ok) return [refuse(match.reason)];
    const evidence = readEvidence(line, match.route, this.#rules);
    if (!('unknown' in evidence)) return evidence.map(each => this.#authorize(match, line, each));
    const anyhow = this.#authorize(match, line, deny('missing_token'));
    return match.route.public || anyhow.reason === 'method_not_allowed' ? [anyhow] : evidence;
  }

  #hangsOnTail(line: LogLine, route: Route): boolean {
    return this.#hangingOnTail.has(route) || this.#rules.origin?.keepsTail(line.route, route, CUTTING) === false;
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
  const head = readRequestHead({ method, url: path, httpVersion: '1.1', rawHeaders: ['Host', host] });
  return head.ok ? head : undefined;
}

function opensCut({ allowEncoded }: Route): boolean {
  return CUTTING.some(encoding => allowEncoded.has(encoding));
}

function hangsOnTail(route: Route, routes: readonly Route[]): boolean {
  if (!opensCut(route)) return false;
  const below = route.prefix === '/' ? '/' : `${route.prefix}/`;
  if (routes.some(other => other !== route && other.prefix.startsWith(below))) return true;
  return !route.public && route.scopeRules.some(rule => rule.path !== '/');
}
