/** Values → YAML on one line that is read back as the same values, whoever chose them: names and audiences come from tokens. */

import { escapeJson } from '../diagnostics/visible-text.ts';
import { writeScalar } from '../source/yaml-text.ts';

/** What is written into a list. */
export type FlowValue = string | readonly FlowValue[] | { readonly [key: string]: FlowValue };

/** Characters that mean nothing to YAML where they stand within a word, in block and in flow style (YAML 1.2.2 section 7.3.3). */
const PLAIN = /^[A-Za-z0-9](?:[\w./:@~+%-]*[\w./@~+%-])?$/;

/**
 * @returns `value` on one line, for block and flow style. A text is quoted unless it is a plain word, and what would act on a
 *   terminal, or turn the reading direction, is escaped.
 */
export function writeFlow(value: FlowValue): string {
  if (typeof value === 'string') return writeText(value);
  if (Array.isArray(value)) return `[${value.map(writeFlow).join(', ')}]`;
  const members = Object.entries(value).map(([name, member]) => `${writeText(name)}: ${writeFlow(member)}`);
  return `{ ${members.join(', ')} }`;
}

/** The texts of JSON are texts of YAML (YAML 1.2.2 section 1.3). */
function writeText(text: string): string {
  return PLAIN.test(text) && writeScalar(text) === text ? text : escapeJson(JSON.stringify(text));
}

/** @returns whether the loader would take a part of `text` for a reference such as `${NAME}`, which nothing can escape. */
export function hasReference(text: string): boolean {
  return text.includes('${');
}
