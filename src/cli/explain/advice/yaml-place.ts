/** Where in the YAML a key stands, for naming it in a remedy. */

import { type Path, YamlDocument } from '../../../config/source/document.ts';
import { readText } from '../../../config/source/file.ts';

export interface YamlPlace {
  readonly file: string;
  readonly line: number;
  /** `routes./billing.audiences` */
  readonly path: string;
}

const LARGEST_FILE = 4 * 1024 * 1024;

/** @returns where the key at `path` stands; where there is no such key, the nearest above it, under which it would stand. */
export function locate(file: string, path: Path): YamlPlace {
  const text = readText(file, LARGEST_FILE);
  const line = text.ok ? YamlDocument.parse(text.value).document.placeOfKey(path).line : 1;
  return { file, line, path: path.join('.') };
}
