/** A route as a message about another entry names it. */

import type { RouteDraft } from '../routes.ts';

/** @param file of the message. @returns `"/profile" (line 7)`; of another file `"/profile" (routes.d/team.yaml:7:3)`. */
export function nameRoute({ key, place }: RouteDraft, file: string): string {
  const { line, column } = place;
  return `"${key}" (${place.file === file ? `line ${line}` : `${place.file}:${line}:${column}`})`;
}
