/** The line of a key in the YAML, to name in a remedy. */

import { type Path, YamlDocument } from '../../../config/source/document.ts';
import { readText } from '../../../config/source/file.ts';
import { escapeText } from '../../terminal.ts';

export interface YamlPlace {
  readonly file: string;
  readonly line: number;
  /** `routes./billing.audiences` */
  readonly path: string;
}

const LARGEST_FILE = 4 * 1024 * 1024;

/** @returns the place of the key at `path`; where it is absent, of the nearest key above it, under which it belongs. */
export function findYamlPlace(file: string, path: Path): YamlPlace {
  const text = readText(file, LARGEST_FILE);
  const line = text.ok ? YamlDocument.parse(text.value).document.placeOfKey(path).line : 1;
  return { file, line, path: path.join('.') };
}

/** @returns `FILE:LINE`, escaped for a terminal. */
export function formatPlace({ file, line }: YamlPlace): string {
  return `${escapeText(file)}:${line}`;
}
