/** The series that exist at 0 from the start, so that `rate()` sees the first event. What is here is never stored: it follows from the configuration. */

import {
  type AudienceIndex,
  listPresentable,
  type NoSibling,
  type PresentedAudience,
} from '../../authorization/audience.ts';
import type { ProtectedRoute, Route } from '../../config/config.ts';
import { isDecidedWithin, isRefused, REASONS, type Reason } from '../../denial.ts';
import type { InUse } from './counts.ts';
import { COUNTERS, type CounterName, type Label } from './families.ts';

type Labels = readonly string[];

/** Routes × siblings × issuers grows with the square of the routes; past this, only `foreign` and `missing` begin at 0. */
const MOST_CONFUSIONS = 20_000;
/** Past this, these too begin at their first event. */
const MOST_WITHOUT_SIBLINGS = 100_000;
/** Routes × reasons; past this, a denial's series begins at its first event. */
const MOST_DENIALS = 50_000;
const WITHOUT_SIBLINGS: readonly NoSibling[] = ['foreign', 'missing'];
/** Values of `presented` that are no resource. */
const NO_RESOURCE: Readonly<Record<NoSibling, true>> = { foreign: true, missing: true, multiple: true };

/** The reasons that are decided once a route is known, so that they are counted for it. */
const REASONS_OF_ROUTES = REASONS.filter(reason => isDecidedWithin(reason, 'method', 'fault'));

/** What follows from one configuration. */
export class ZeroSeries {
  readonly #routes: readonly Route[];
  readonly #issuers: readonly string[];
  readonly #index: AudienceIndex;
  readonly #resources: ReadonlySet<string>;
  readonly #presented: (route: ProtectedRoute) => readonly PresentedAudience[];
  readonly #hasDenials: boolean;
  /** By counter and subject. */
  readonly #written = new Map<CounterName, Map<string, { readonly size: number; readonly text: Buffer }>>();

  constructor(routes: readonly Route[], index: AudienceIndex, issuers: readonly string[]) {
    this.#routes = routes;
    this.#issuers = issuers;
    this.#index = index;
    this.#resources = new Set(index.values());
    const guarded = routes.filter(route => !route.public);
    const pairs = guarded.reduce((sum, route) => sum + route.issuers.size, 0);
    // Of each route: its siblings, and what no sibling is behind.
    const most = pairs * (this.#resources.size - 1 + WITHOUT_SIBLINGS.length);
    if (most <= MOST_CONFUSIONS) this.#presented = route => listPresentable(route, index);
    else this.#presented = pairs * WITHOUT_SIBLINGS.length <= MOST_WITHOUT_SIBLINGS ? () => WITHOUT_SIBLINGS : () => [];
    this.#hasDenials = guarded.length * REASONS_OF_ROUTES.length + routes.length <= MOST_DENIALS;
  }

  /** @returns each subject of `counter` that the configuration has, with the label values of the series that it begins with. */
  *of(counter: CounterName): Generator<readonly [subject: string, series: Iterable<Labels>]> {
    switch (COUNTERS[counter].subject) {
      case 'route':
        for (const route of this.#routes) yield [route.key, this.#ofRoute(counter, route)];
        return;
      case 'issuer':
        for (const issuer of this.#issuers) yield [issuer, listClosed(counter)];
        return;
      case 'gateway':
        yield ['', listClosed(counter)];
    }
  }

  *#ofRoute(counter: CounterName, route: Route): Generator<Labels> {
    if (counter === 'denials' && this.#hasDenials && isLenient(route)) yield ['ambiguous_path', 'forwarded'];
    if (route.public) return;
    if (counter === 'multipleAudiences') yield* listClosed(counter);
    if (counter === 'denials' && this.#hasDenials) {
      for (const reason of REASONS_OF_ROUTES) yield [reason, actionOn(route, reason)];
    }
    if (counter !== 'confusedDeputies') return;
    const action = actionOn(route, 'wrong_audience');
    for (const presented of this.#presented(route)) {
      for (const issuer of route.issuers) yield [route.resource, presented, issuer, action];
    }
  }

  /**
   * Keeps what `write` gives, since most series stay at 0 from one page to the next.
   *
   * @param size how many series of the subject are counted: with another one fewer stand at 0.
   */
  keep(counter: CounterName, subject: string, size: number, write: () => string): Buffer {
    const ofCounter = this.#written.get(counter) ?? new Map();
    if (ofCounter.size === 0) this.#written.set(counter, ofCounter);
    const known = ofCounter.get(subject);
    if (known?.size === size) return known.text;
    const text = Buffer.from(write());
    ofCounter.set(subject, { size, text });
    return text;
  }

  /** @returns whether each of `audience` is an audience of this gateway. */
  knowsAll(audience: readonly string[]): boolean {
    return audience.every(value => this.#index.has(value));
  }

  /** @returns the names that this configuration has. */
  inUse(): InUse {
    const issuers = new Set(this.#issuers);
    const byKey = new Map(this.#routes.map(route => [route.key, route]));
    const isPresentable = (presented: string) =>
      Object.hasOwn(NO_RESOURCE, presented) || this.#resources.has(presented);
    return {
      routes: new Set([...byKey.keys(), NO_ROUTE]),
      issuers,
      isConfusion: (key, [resource = '', presented = '', issuer = '']) => {
        const route = byKey.get(key);
        if (!route || route.public) return false;
        return route.resource === resource && issuers.has(issuer) && isPresentable(presented);
      },
    };
  }
}

/** What is counted of requests that no route was found for. */
export const NO_ROUTE = '(none)';

/** @returns whether a path of several readings can be reported on `route`, instead of refused before there is a route. */
function isLenient(route: Route): boolean {
  return route.public || route.enforcement === 'report';
}

/** @returns the label values of a counter that has no further label, or one with a closed list of values. */
function listClosed(counter: CounterName): readonly Labels[] {
  const [label]: readonly Label[] = COUNTERS[counter].labels;
  return label ? (label.values ?? []).map(value => [value]) : [[]];
}

function actionOn(route: ProtectedRoute, reason: Reason) {
  return isRefused(reason, route.enforcement) ? 'refused' : 'forwarded';
}
