/**
 * The series that exist at 0 from the start, so that `rate()` sees the first event. They are not stored as counts but listed
 * from the configuration whenever the page is made.
 */

import {
  type AudienceIndex,
  listPresentable,
  NON_RESOURCES,
  type NonResource,
  type PresentedAudience,
} from '../../authorization/audience.ts';
import type { ProtectedRoute, Route } from '../../config/config.ts';
import { listExceptions } from '../../config/exceptions/exception.ts';
import { isDecidedWithin, isRefused, REASONS, type Reason } from '../../denial.ts';
import { NO_ROUTE } from '../finished-request.ts';
import { hasRule, OTHER } from '../mcp-record.ts';
import type { InUse } from './counts.ts';
import { COUNTERS, type CounterName, type Label } from './families.ts';

type Labels = readonly string[];

/** Routes × siblings × issuers, which grows with the square of the routes. Past this, only `foreign` and `missing` begin at 0. */
const MOST_CONFUSIONS = 20_000;
/** Routes × issuers × 2. Past this, these series begin at their first event, too. */
const MOST_ALWAYS_AT_ZERO = 100_000;
/** Routes × reasons; past this, a denial's series begins at its first event. */
const MOST_DENIALS = 50_000;
const ALWAYS_AT_ZERO: readonly NonResource[] = ['foreign', 'missing'];

/** The reasons that are decided once a route is known, so that they are counted for it. */
const REASONS_OF_ROUTES = REASONS.filter(reason => isDecidedWithin(reason, 'method', 'fault'));

/** The series of one configuration. */
export class ZeroSeries {
  readonly #routes: readonly Route[];
  readonly #issuers: readonly string[];
  readonly #introspecting: readonly string[];
  readonly #resources: ReadonlySet<string>;
  readonly #presented: (route: ProtectedRoute) => readonly PresentedAudience[];
  readonly #hasDenials: boolean;
  /** Text of series at 0, by counter and subject. */
  readonly #texts = new Map<CounterName, Map<string, { readonly size: number; readonly text: Buffer }>>();

  /** @param introspecting those of `issuers` that are asked about tokens. */
  constructor(
    routes: readonly Route[],
    index: AudienceIndex,
    issuers: readonly string[],
    introspecting: readonly string[],
  ) {
    this.#routes = routes;
    this.#issuers = issuers;
    this.#introspecting = introspecting;
    this.#resources = new Set(index.values());
    const protectedRoutes = routes.filter(route => !route.public);
    // A route with exceptions has a second series for what they excuse.
    const pairs = protectedRoutes.reduce(
      (sum, { issuers, exceptions }) => sum + issuers.size * (exceptions.size > 0 ? 2 : 1),
      0,
    );
    // For each route and issuer: one series for each sibling, and those that name no resource.
    const most = pairs * (this.#resources.size - 1 + ALWAYS_AT_ZERO.length);
    if (most <= MOST_CONFUSIONS) this.#presented = route => listPresentable(route, index);
    else this.#presented = pairs * ALWAYS_AT_ZERO.length <= MOST_ALWAYS_AT_ZERO ? () => ALWAYS_AT_ZERO : () => [];
    this.#hasDenials = protectedRoutes.length * REASONS_OF_ROUTES.length + routes.length <= MOST_DENIALS;
  }

  /** @returns each subject of `counter` in the configuration, with the label values of its series that begin at 0. */
  *list(counter: CounterName): Generator<readonly [subject: string, series: Iterable<Labels>]> {
    switch (COUNTERS[counter].subject) {
      case 'route':
        for (const route of this.#routes) yield [route.id, this.#listOfRoute(counter, route)];
        return;
      case 'issuer':
        for (const issuer of counter === 'introspections' ? this.#introspecting : this.#issuers) {
          yield [issuer, listClosed(counter)];
        }
        return;
      case 'gateway':
        yield ['', listClosed(counter)];
    }
  }

  *#listOfRoute(counter: CounterName, route: Route): Generator<Labels> {
    if (counter === 'denials' && this.#hasDenials && canReportAmbiguity(route)) yield ['ambiguous_path', 'forwarded'];
    if (route.public) return;
    if (counter === 'multipleAudiences' || (counter === 'tokenExchanges' && route.exchange)) yield* listClosed(counter);
    if (counter === 'denials' && this.#hasDenials) yield* listDenials(route);
    if (counter === 'exceptionsUsed') yield* listExceptionSeries(route);
    if (counter === 'confusedDeputies') yield* this.#listConfusions(route);
  }

  *#listConfusions(route: ProtectedRoute): Generator<Labels> {
    const action = actionOn(route, 'wrong_audience');
    const exceptions = action === 'refused' ? listExceptions(route.exceptions) : [];
    const excusing = exceptions.filter(({ reasons }) => reasons.has('wrong_audience'));
    for (const presented of this.#presented(route)) {
      const fitting = excusing.filter(each => each.presented === undefined || each.presented === presented);
      for (const issuer of route.issuers) {
        yield [route.resource, presented, issuer, action];
        const isExcused = fitting.some(each => each.issuer === undefined || each.issuer === issuer);
        if (isExcused) yield [route.resource, presented, issuer, 'forwarded'];
      }
    }
  }

  /**
   * @returns what `write` returned for these series: cached, since most series stay at 0 from one page to the next.
   *
   * @param size how many series of the subject are counted. Where it has changed, others are at 0, and `write` is called again.
   */
  cachedText(counter: CounterName, subject: string, size: number, write: () => string): Buffer {
    const ofCounter = this.#texts.get(counter) ?? new Map();
    if (ofCounter.size === 0) this.#texts.set(counter, ofCounter);
    const known = ofCounter.get(subject);
    if (known?.size === size) return known.text;
    const text = Buffer.from(write());
    ofCounter.set(subject, { size, text });
    return text;
  }

  /** @returns the names in this configuration. */
  inUse(): InUse {
    const issuers = new Set(this.#issuers);
    const byId = new Map(this.#routes.map(route => [route.id, route]));
    const isPresentable = (presented: string) =>
      NON_RESOURCES.some(value => value === presented) || this.#resources.has(presented);
    return {
      routes: new Set([...byId.keys(), NO_ROUTE]),
      issuers,
      isMcpCall: (id, [, tool = '']) => {
        const route = byId.get(id);
        return route?.mcp !== undefined && (tool === OTHER || hasRule(route, tool));
      },
      isException: (id, clientId) => {
        const route = byId.get(id);
        return route?.public === false && route.exceptions.has(clientId);
      },
      isConfusion: (id, [resource = '', presented = '', issuer = '']) => {
        const route = byId.get(id);
        if (!route || route.public) return false;
        return route.resource === resource && issuers.has(issuer) && isPresentable(presented);
      },
    };
  }
}

/** @returns whether `ambiguous_path` can be reported on `route`, instead of refused before the route is known. */
function canReportAmbiguity(route: Route): boolean {
  return route.public || route.enforcement === 'report';
}

/** @returns the label values of a counter that has no further label, or one with a closed list of values. */
function listClosed(counter: CounterName): readonly Labels[] {
  const [label]: readonly Label[] = COUNTERS[counter].labels;
  return label ? (label.values ?? []).map(value => [value]) : [[]];
}

function listDenials(route: ProtectedRoute): readonly Labels[] {
  const excused = new Set(listExceptionSeries(route).map(([, reason]) => reason));
  return REASONS_OF_ROUTES.filter(reason => canOccur(route, reason)).flatMap(reason => {
    const action = actionOn(route, reason);
    return action === 'refused' && excused.has(reason)
      ? [
          [reason, action],
          [reason, 'forwarded'],
        ]
      : [[reason, action]];
  });
}

/** None on report, where nothing is excused. */
function listExceptionSeries({ enforcement, exceptions }: ProtectedRoute): readonly Labels[] {
  if (enforcement === 'report') return [];
  return Array.from(exceptions, ([clientId, list]) =>
    [...new Set(list.flatMap(({ reasons }) => [...reasons]))].map(reason => [clientId, reason]),
  ).flat();
}

/** What the exchange of tokens refuses, only where there is one. */
function canOccur({ exchange }: ProtectedRoute, reason: Reason): boolean {
  return exchange !== undefined || !isDecidedWithin(reason, 'exchange', 'exchange');
}

function actionOn(route: ProtectedRoute, reason: Reason) {
  return isRefused(reason, route.enforcement) ? 'refused' : 'forwarded';
}
