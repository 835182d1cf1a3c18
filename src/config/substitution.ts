/** `${NAME}`, `${NAME:-default}` and `${file:PATH}` in scalar values. */

import { resolve } from 'node:path';
import { accept, type Parsed, refuse } from './fault.ts';
import { readText } from './file.ts';

export interface Sources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start: the folder of the configuration file. */
  readonly folder: string;
  /** What `${file:PATH}` gave, by path: read once, and the same for every process that serves it. */
  readonly named: Map<string, string>;
}

/** The name comes first, so that `${file:-x}` is, as in a shell, the variable `file`. */
const REFERENCE = /\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?|file:([^}]+))\}/g;
const LARGEST_FILE = 64 * 1024;

/**
 * @returns `text` with each reference replaced, once: what comes in is not looked at again.
 * Refuses an unset variable without a default, an unreadable file, and `${` that begins no reference.
 */
export function substitute(text: string, sources: Sources): Parsed<string> {
  if (text.replace(REFERENCE, '').includes('${')) {
    return refuse('has a ${ that begins no reference', { expected: '${NAME}, ${NAME:-default} or ${file:PATH}' });
  }
  const pieces: string[] = [];
  let end = 0;
  for (const reference of text.matchAll(REFERENCE)) {
    const replaced = resolveReference(reference, sources);
    if (!replaced.ok) return replaced;
    pieces.push(text.slice(end, reference.index), replaced.value);
    end = reference.index + reference[0].length;
  }
  return accept(pieces.join('') + text.slice(end));
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
