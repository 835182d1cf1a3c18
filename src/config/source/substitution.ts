/** `${NAME}`, `${NAME:-default}` and `${file:PATH}` in scalar values. */

import { resolve } from 'node:path';
import { accept, type Parsed, type Refused, refuse } from '../values/parsed-value.ts';
import { readText } from './file.ts';
import { formatLimit, LIMITS } from './limits.ts';

export interface Sources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start: the folder of the configuration file. */
  readonly folder: string;
  /** What `${file:PATH}` gave, by path: read once. */
  readonly named: Map<string, string>;
}

/** The name comes first, so that `${file:-x}` is, as in a shell, the variable `file`. */
const REFERENCE = /\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?|file:([^}]+))\}/y;
const LARGEST_FILE = LIMITS.text;

/**
 * @returns `text` with each reference replaced, once: what comes in is not looked at again.
 * Refuses an unset variable without a default, an unreadable file, and `${` that begins no reference.
 */
export function substitute(text: string, sources: Sources): Parsed<string> {
  const pieces: string[] = [];
  let left: number = LIMITS.text;
  let end = 0;
  for (let start = text.indexOf('${'); start !== -1; start = text.indexOf('${', end)) {
    const reference = matchAt(text, start);
    if (reference === undefined) {
      return refuse('has a ${ that begins no reference', { expected: '${NAME}, ${NAME:-default} or ${file:PATH}' });
    }
    const replaced = resolveReference(reference, sources);
    if (!replaced.ok) return replaced;
    pieces.push(text.slice(end, start), replaced.value);
    left -= start - end + replaced.value.length;
    if (left < 0) return refuseLength();
    end = start + reference[0].length;
  }
  return accept(pieces.join('') + text.slice(end));
}

/** A reference that is not closed is looked at once, not once from each `${` before it. */
function matchAt(text: string, start: number): RegExpExecArray | undefined {
  if (text.indexOf('}', start) === -1) return undefined;
  REFERENCE.lastIndex = start;
  return REFERENCE.exec(text) ?? undefined;
}

function refuseLength(): Refused {
  const expected = `at most ${formatLimit(LIMITS.text)} characters once its references are replaced`;
  return refuse('becomes too long', { code: 'over-limit', expected });
}

function resolveReference([, name, fallback, path]: RegExpExecArray, sources: Sources): Parsed<string> {
  return name === undefined ? readSecret(path ?? '', sources) : readVariable(name, fallback, sources);
}

function readVariable(name: string, fallback: string | undefined, { environment }: Sources): Parsed<string> {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  const found = fallback === undefined ? value : value || fallback;
  if (found !== undefined) return accept(found);
  return refuse(`the environment variable ${name} is not set`, {
    code: 'unset-variable',
    expected: `a value for it, or a default: \${${name}:-default}`,
    standsAlone: true,
  });
}

function readSecret(path: string, { folder, named }: Sources): Parsed<string> {
  const known = named.get(path);
  if (known !== undefined) return accept(known);
  const file = readText(resolve(folder, path), LARGEST_FILE);
  if (file.ok) {
    const value = file.value.replace(/\r?\n$/, '');
    named.set(path, value);
    return accept(value);
  }
  return refuse(`names a file that ${file.fault.what}`, {
    code: 'unreadable-file',
    expected: 'a readable file of at most 64 KiB',
  });
}
