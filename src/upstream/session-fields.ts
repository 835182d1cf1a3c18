/** `Mcp-Session-Id` between a client, which has ids that are bound to their owner, and the upstream, which has its own. */

import { foldFieldName } from '../config/values/header/reserved-fields.ts';
import { type HeaderList, isName, reduceFields, valuesOf } from '../http/header-list.ts';
import type { SessionBinding } from '../mcp/session-binding.ts';

/** Folded, and in lower case. */
const FIELD = 'mcp-session-id';

/** @returns the fields of a request with `id` in that field, in whichever spelling a server may take for it: there is one at most. */
export function replaceSessionId(fields: readonly string[], id: string): string[] {
  const replace = (replaced: string[], name: string, value: string) => {
    replaced.push(name, /^mcp/i.test(name) && foldFieldName(name) === FIELD ? id : value);
    return replaced;
  };
  return reduceFields<string[]>(fields, replace, []);
}

/** @returns the fields of a response with the id bound; without it, where there are two, or none that can be bound. */
export function bindSessionId(fields: HeaderList, binding: SessionBinding): HeaderList {
  const [id, ...others] = valuesOf(fields, FIELD);
  if (id === undefined) return fields;
  const bound = others.length > 0 ? undefined : binding.bind(id);
  const replace = (replaced: string[], name: string, value: string) => {
    if (!isName(name, FIELD)) replaced.push(name, value);
    else if (bound !== undefined) replaced.push(name, bound);
    return replaced;
  };
  return reduceFields<string[]>(fields, replace, []);
}
