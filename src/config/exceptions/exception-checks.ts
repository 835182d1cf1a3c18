/** Errors of `exceptions` that only other keys, or the clock, show. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { listNames } from '../diagnostics/quotation.ts';
import { findNearest } from '../diagnostics/suggestion.ts';
import type { RouteDraft } from '../routes.ts';
import type { ExceptionSettings } from '../schema/exception-schema.ts';
import { describeMissingKey } from '../schema/zod-diagnostic.ts';
import type { Path } from '../source/document.ts';
import { yearAfter } from '../values/day.ts';

export interface ExceptionSurroundings {
  readonly routes: readonly RouteDraft[];
  /** Every name under `issuers`; `undefined` where that map could not be read. */
  readonly issuers: readonly string[] | undefined;
  /** Whether `owner: TODO`, as `audgate propose` writes it, is accepted: only where nobody is let in by it. */
  readonly acceptsNoOwner: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What no name consists of. */
const NO_NAME = /[^\p{L}\p{N}]+/gu;

/** Reports what an exception says of issuers, audiences or days that cannot be. */
export function checkExceptions(surroundings: ExceptionSurroundings, diagnostics: DiagnosticCollector): void {
  for (const route of surroundings.routes) {
    for (const [index, exception] of (route.found.exceptions ?? []).entries()) {
      const path = [...route.path, 'exceptions', index];
      checkUntil(exception, path, surroundings.now, diagnostics);
      if (!surroundings.acceptsNoOwner) checkOwner(exception, path, diagnostics);
      checkIssuer(exception, path, route.found.issuers ?? surroundings.issuers, diagnostics);
      checkPresented(exception, path, listPresentable(route, surroundings.routes), diagnostics);
    }
  }
}

function checkUntil({ until }: ExceptionSettings, path: Path, now: number, diagnostics: DiagnosticCollector): void {
  const last = yearAfter(now);
  if (until <= last) return;
  const what = 'is more than a year ahead';
  diagnostics.error([...path, 'until'], { what, expected: `a day up to ${last}`, nearest: last });
}

/** `propose` writes `TODO`, so that somebody takes it on before it lets anybody in: `todo:` or a blank that is not seen is nobody, too. */
function checkOwner({ owner }: ExceptionSettings, path: Path, diagnostics: DiagnosticCollector): void {
  const name = owner.normalize('NFKC').replace(NO_NAME, '').toUpperCase();
  if (name !== 'TODO' && name !== '') return;
  const what = 'names nobody';
  diagnostics.error([...path, 'owner'], { code: 'exception-without-owner', what, expected: 'a person or a team' });
}

/** @param issuers those of the route; `undefined` where they could not be read. */
function checkIssuer(
  { iss }: ExceptionSettings,
  path: Path,
  issuers: readonly string[] | undefined,
  diagnostics: DiagnosticCollector,
): void {
  if (issuers === undefined) return;
  if (iss === undefined) {
    if (issuers.length < 2) return;
    const expected = 'the issuer of the client, since the route accepts several';
    diagnostics.error([...path, 'iss'], describeMissingKey('iss', expected), 'parent');
  } else if (!issuers.includes(iss)) {
    const nearest = diagnostics.isFull ? undefined : findNearest(iss, issuers);
    const names = listNames(issuers);
    const expected = names === '' ? 'an issuer of this route' : `one of ${names}`;
    diagnostics.error([...path, 'iss'], {
      code: 'unknown-issuer',
      what: 'is no issuer of this route',
      expected,
      nearest,
    });
  }
}

/** @param presentable `undefined` where some audience could not be read. */
function checkPresented(
  { presented, reasons }: ExceptionSettings,
  path: Path,
  presentable: readonly string[] | undefined,
  diagnostics: DiagnosticCollector,
): void {
  if (presented === undefined) return;
  const place = [...path, 'presented'];
  if (!reasons.includes('wrong_audience')) {
    const what = 'has no effect, since wrong_audience is not among the reasons';
    diagnostics.error(place, { what, expected: 'no such key, or that reason' });
  } else if (presentable && !presentable.includes(presented)) {
    const nearest = diagnostics.isFull ? undefined : findNearest(presented, presentable);
    const what = 'is nothing that a token can present here';
    diagnostics.error(place, { what, expected: `one of ${listNames(presentable)}`, nearest });
  }
}

/** The values of the label `presented` on `route`, as the decision finds them. */
function listPresentable(route: RouteDraft, routes: readonly RouteDraft[]): readonly string[] | undefined {
  const own = audiencesOf(route);
  const multiple = route.found.multiple_audiences;
  if (own === undefined || multiple === undefined) return undefined;
  const siblings = new Set<string>();
  for (const other of routes) {
    if (other.found.public === true) continue;
    const audiences = audiencesOf(other);
    const { resource } = other.found;
    if (audiences === undefined || resource === undefined) return undefined;
    if (audiences.some(audience => !own.includes(audience))) siblings.add(resource);
  }
  return [...siblings, 'foreign', 'missing', ...(multiple === 'any' ? [] : ['multiple'])];
}

function audiencesOf({ found: { resource, audiences } }: RouteDraft): readonly string[] | undefined {
  return resource === undefined || audiences === undefined ? undefined : [resource, ...audiences];
}
