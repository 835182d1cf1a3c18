/** A plan → what is inserted into the YAML, in the order of the routes of the configuration. */

import type { Config } from '../../../config/config.ts';
import type { FlowValue } from '../../../config/editing/flow-text.ts';
import type { ListInsertion, NewEntry } from '../../../config/editing/insertion-edits.ts';
import type { AcceptedType } from '../plan/accepted-type.ts';
import type { Alias } from '../plan/audience-aliases.ts';
import type { ClientException } from '../plan/client-exceptions.ts';
import type { Plan } from '../plan/plan.ts';
import type { Need } from '../survey/need-groups.ts';
import { describeClients, hintAtScopes, listServedByAlias, listServedByType, toComment } from './evidence.ts';

/** Every command but `simulate` refuses it, so that somebody takes the exception on first. */
const OWNER = 'TODO';
/** Where `token_types` is absent. */
const DEFAULT_TYPES = ['at+jwt'];

/** @param until the last day of the exceptions. @param needs all that were let in. */
export function listInsertions(
  config: Config,
  plan: Plan,
  { needs, until }: { readonly needs: readonly Need[]; readonly until: string },
): readonly ListInsertion[] {
  const types = [...config.issuers.keys()].flatMap(issuer => {
    const ofIssuer = plan.types.filter(type => type.issuer === issuer);
    const entries = ofIssuer.map(type => describeType(type, needs));
    return entries.length === 0 ? [] : [{ path: ['issuers', issuer, 'token_types'], entries, initial: DEFAULT_TYPES }];
  });
  const aliases = groupByRoute(plan.aliases);
  const exceptions = groupByRoute(plan.exceptions);
  const ofRoutes = config.routes.flatMap(({ key }) => [
    ...toInsertion(
      ['routes', key, 'audiences'],
      (aliases.get(key) ?? []).map(alias => describeAlias(alias, needs)),
    ),
    ...toInsertion(
      ['routes', key, 'exceptions'],
      (exceptions.get(key) ?? []).map(each => describeException(each, until)),
    ),
  ]);
  return [...types, ...ofRoutes];
}

function toInsertion(path: ListInsertion['path'], entries: readonly NewEntry[]): readonly ListInsertion[] {
  return entries.length === 0 ? [] : [{ path, entries }];
}

function groupByRoute<T extends { readonly route: string }>(values: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(value.route);
    if (group) group.push(value);
    else groups.set(value.route, [value]);
  }
  return groups;
}

function describeAlias(alias: Alias, needs: readonly Need[]): NewEntry {
  return {
    value: alias.audience,
    comments: [toComment(alias.why), ...describeClients(listServedByAlias(alias, needs))],
  };
}

function describeType(type: AcceptedType, needs: readonly Need[]): NewEntry {
  return { value: type.type, comments: [toComment(type.why), ...describeClients(listServedByType(type, needs))] };
}

function describeException(exception: ClientException, until: string): NewEntry {
  const hints = new Set(exception.needs.flatMap(need => hintAtScopes(need) ?? []));
  return {
    value: toValue(exception, until),
    comments: [...describeClients(exception.needs), ...[...hints].map(toComment)],
  };
}

function toValue({ clientId, issuer, reasons, presented }: ClientException, until: string): FlowValue {
  return {
    client_id: clientId,
    ...(issuer !== undefined && { iss: issuer }),
    reasons,
    ...(presented !== undefined && { presented }),
    until,
    owner: OWNER,
  };
}
