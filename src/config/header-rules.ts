/** `request_headers` and `response_headers` of a route, checked against its other keys. */

import type { HeaderRules } from './config.ts';
import type { DiagnosticCollector } from './diagnostics/diagnostic-collector.ts';
import type { HeaderRuleSettings } from './schema/header-rules-schema.ts';
import type { RouteSettings } from './schema/route-schema.ts';
import type { Path } from './source/document.ts';
import { foldFieldName } from './values/header/reserved-fields.ts';
import type { Rejection } from './values/parsed-value.ts';
import { defaultUpstreamToken, readUpstreamToken } from './values/upstream-token.ts';

/** @returns the rules as they are applied. */
export function buildHeaderRules({ set, remove }: HeaderRuleSettings): HeaderRules {
  return { set: new Map(Object.entries(set)), remove: new Set(remove) };
}

/** Reports fields that two rules name, or a rule and another key; and Authorization where the client's goes on. */
export function checkHeaderRules(found: Partial<RouteSettings>, path: Path, diagnostics: DiagnosticCollector): void {
  const { request_headers: request, response_headers: response, claims_to_headers: claims = {} } = found;
  const byClaims = Object.keys(claims).map((name): [string, string] => [foldFieldName(name), 'claims_to_headers']);
  if (request) checkRepeats(request, [...path, 'request_headers'], new Map(byClaims), diagnostics);
  if (response) checkRepeats(response, [...path, 'response_headers'], new Map(), diagnostics);
  if (response && found.cors) checkCors(response, [...path, 'response_headers'], diagnostics);
  if (request) checkAuthorization(request, found, [...path, 'request_headers'], diagnostics);
}

/** @param known folded names that other keys have, with these keys. */
function checkRepeats(
  { set, remove }: HeaderRuleSettings,
  path: Path,
  known: Map<string, string>,
  diagnostics: DiagnosticCollector,
): void {
  const names: [string, Path, 'set' | 'remove'][] = [
    ...Object.keys(set).map((name): [string, Path, 'set'] => [name, [...path, 'set', name], 'set']),
    ...remove.map((name, index): [string, Path, 'remove'] => [name, [...path, 'remove', index], 'remove']),
  ];
  for (const [name, place, where] of names) {
    const folded = foldFieldName(name);
    const first = known.get(folded);
    // Two keys of one map are compared by its schema.
    if (first !== undefined && !(first === 'set' && where === 'set')) {
      const what = first === where ? 'is named twice' : `is named by ${first} already`;
      diagnostics.error(place, { what, expected: 'one of the two' }, where === 'set' ? 'key' : 'value');
    }
    known.set(folded, first ?? where);
  }
}

/** `cors` replaces all of them. */
function checkCors({ set, remove }: HeaderRuleSettings, path: Path, diagnostics: DiagnosticCollector): void {
  const isCors = (name: string) => foldFieldName(name).startsWith('access-control-');
  const rejection = { what: 'is written by cors of this route', expected: 'one of the two' };
  for (const name of Object.keys(set).filter(isCors)) diagnostics.error([...path, 'set', name], rejection, 'key');
  for (const [index, name] of remove.entries()) {
    if (isCors(name)) diagnostics.error([...path, 'remove', index], rejection);
  }
}

function checkAuthorization(
  { set, remove }: HeaderRuleSettings,
  found: Partial<RouteSettings>,
  path: Path,
  diagnostics: DiagnosticCollector,
): void {
  const name = Object.keys(set).find(isAuthorization);
  const index = remove.findIndex(isAuthorization);
  const token = readToken(found);
  if (name !== undefined && token !== 'strip') {
    diagnostics.error([...path, 'set', name], token === 'exchange' ? EXCHANGED : FORWARDED, 'key');
  }
  if (index !== -1) diagnostics.error([...path, 'remove', index], REMOVED);
}

const FORWARDED: Rejection = {
  code: 'reserved-header-rule',
  what: "is set, while the client's own goes on to the upstream",
  expected: 'upstream_token: strip beside it',
};
const EXCHANGED: Rejection = { ...FORWARDED, what: 'is set, while an issued token is sent as Authorization' };
const REMOVED: Rejection = {
  code: 'reserved-header-rule',
  what: 'is a header field that no rule may remove',
  expected: 'upstream_token: strip instead',
};

function readToken(found: Partial<RouteSettings>) {
  const enforcement = found.public === true ? undefined : found.enforcement;
  return readUpstreamToken(found) ?? defaultUpstreamToken(enforcement);
}

function isAuthorization(name: string): boolean {
  return foldFieldName(name) === 'authorization';
}
