/** Replaces `${NAME}`, `${NAME:-default}` and `${file:PATH}` in scalar values. */

import { resolve } from 'node:path';
import { accept, type ParsedValue, type Rejected, reject } from '../values/parsed-value.ts';
import { readText } from './file.ts';
import { formatLimit, LIMITS } from './limits.ts';
import type { ReferencedFiles } from './referenced-files.ts';

/** Where the values of references come from. */
export interface ReferenceSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start: the folder of the configuration file. */
  readonly folder: string;
  /** Files of `${file:PATH}` that were read already, by path. */
  readonly files: Map<string, string>;
  /** Where a file is read whose change loads the configuration again; `undefined`: it is read at each load only. */
  readonly watched?: ReferencedFiles | undefined;
}

/** The variable comes first, so that `${file:-x}` is the variable `file` with a default, as in a shell. */
const REFERENCE = /\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?|file:([^}]+))\}/y;
const LARGEST_FILE = LIMITS.text;

/**
 * @returns `text` with each reference replaced once: a reference in a replaced value stays as it is. Rejects an unset
 *   variable without a default, an unreadable file, `${` that begins no reference, and a result over 64 Ki characters.
 */
export function replaceReferences(text: string, sources: ReferenceSources): ParsedValue<string> {
  const pieces: string[] = [];
  let left: number = LIMITS.text;
  let end = 0;
  for (let start = text.indexOf('${'); start !== -1; start = text.indexOf('${', end)) {
    const reference = matchAt(text, start);
    if (reference === undefined) {
      return reject('has a ${ that begins no reference', { expected: '${NAME}, ${NAME:-default} or ${file:PATH}' });
    }
    const replaced = resolveReference(reference, sources);
    if (!replaced.ok) return replaced;
    pieces.push(text.slice(end, start), replaced.value);
    left -= start - end + replaced.value.length;
    if (left < 0) return rejectLength();
    end = start + reference[0].length;
  }
  return accept(pieces.join('') + text.slice(end));
}

/** The check for a closing brace keeps a text of many unclosed `${` from costing its length squared. */
function matchAt(text: string, start: number): RegExpExecArray | undefined {
  if (text.indexOf('}', start) === -1) return undefined;
  REFERENCE.lastIndex = start;
  return REFERENCE.exec(text) ?? undefined;
}

function rejectLength(): Rejected {
  const expected = `at most ${formatLimit(LIMITS.text)} characters once its references are replaced`;
  return reject('becomes too long', { code: 'over-limit', expected });
}

function resolveReference([, name, fallback, path]: RegExpExecArray, sources: ReferenceSources): ParsedValue<string> {
  return name === undefined ? readNamedFile(path ?? '', sources) : readVariable(name, fallback, sources);
}

function readVariable(
  name: string,
  fallback: string | undefined,
  { environment }: ReferenceSources,
): ParsedValue<string> {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  const found = fallback === undefined ? value : value || fallback;
  if (found !== undefined) return accept(found);
  return reject(`the environment variable ${name} is not set`, {
    code: 'unset-variable',
    expected: `a value for it, or a default: \${${name}:-default}`,
    standsAlone: true,
  });
}

function readNamedFile(path: string, { folder, files, watched }: ReferenceSources): ParsedValue<string> {
  const known = watched ? undefined : files.get(path);
  if (known !== undefined) return accept(known);
  const file = watched ? watched.readText(path) : readText(resolve(folder, path), LARGEST_FILE);
  if (file.ok) {
    const value = file.value.replace(/\r?\n$/, '');
    files.set(path, value);
    return accept(value);
  }
  return reject(`names a file that ${file.rejection.what}`, {
    code: 'unreadable-file',
    expected: 'a readable file of at most 64 KiB',
  });
}
