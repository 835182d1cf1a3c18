/** The text of a file with a list → its entries, and where each stands. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { readContent } from '../source/content.ts';
import { type Places, YamlDocument } from '../source/document.ts';
import { EntryPlaces, ListPlaces } from './entry-places.ts';
import { readJsonEntries } from './json-entries.ts';
import { readLineEntries } from './line-entries.ts';

export interface ListText {
  readonly places: Places;
  /** @returns the value of the file, a list where all is well. Errors of the YAML itself go to `diagnostics`. */
  readonly read: (diagnostics: DiagnosticCollector) => unknown;
}

/** @param text of the file. References in it are not replaced: it is data. */
export function readListText(text: string): ListText {
  const found = readJsonEntries(text) ?? readLineEntries(text);
  if (!found) return readYaml(text);
  const { entries, isUnclear, textOf } = found;
  const places = new EntryPlaces(textOf);
  return {
    places,
    read: diagnostics => entries.map((entry, at) => (isUnclear(at) ? places.read(at, diagnostics) : entry)),
  };
}

function readYaml(text: string): ListText {
  const { document, syntaxErrors } = YamlDocument.parse(text);
  return {
    places: new ListPlaces(document),
    read: diagnostics => {
      for (const error of syntaxErrors) diagnostics.syntaxError(error);
      return diagnostics.isUnreadable ? undefined : readContent(document, undefined, diagnostics);
    },
  };
}
