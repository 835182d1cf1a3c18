/**
 * `include`: the files of routes beside the configuration file, each read by itself. Its anchors, its relative file names and the
 * places of what is wrong in it are its own; the limits hold for all files together.
 */

import { dirname } from 'node:path';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { quote } from '../diagnostics/quotation.ts';
import type { Surroundings } from '../issuers.ts';
import { fileSchema, includedFileSchema } from '../schema/file-schema.ts';
import { readSettings } from '../schema/settings.ts';
import type { IncludedSource } from '../source/config-source.ts';
import { type ContentCounts, readContent } from '../source/content.ts';
import { YamlDocument } from '../source/document.ts';
import { formatLimit, LIMITS } from '../source/limits.ts';
import { isRawMap, type RawMap } from '../source/raw-map.ts';
import { ReferencedFiles } from '../source/referenced-files.ts';
import { accept } from '../values/parsed-value.ts';
import { type IncludedName, listIncluded } from './included-files.ts';

/** What is left of `LIMITS` for the files that are read next. */
export interface Budget {
  bytes: number;
  tokens: number;
  readonly counts: ContentCounts;
}

/** The routes of one file, whose keys no file before has, and where relative names in them start. */
export interface RouteFile {
  readonly routes: RawMap;
  readonly surroundings: Surroundings;
}

export interface Included {
  readonly routeFiles: readonly RouteFile[];
  readonly sources: readonly IncludedSource[];
  /** Whether each of them could be read to its end. */
  readonly isComplete: boolean;
}

/** What the files are read for. */
interface Including {
  readonly surroundings: Surroundings;
  readonly diagnostics: DiagnosticCollector;
  readonly budget: Budget;
  /** By the name of the file: what it is taken to hold. */
  readonly texts: ReadonlyMap<string, string> | undefined;
  /** The keys of all routes so far. */
  readonly keys: Set<string>;
}

/**
 * @param entries of `include`. @param routes of the file that includes.
 * @returns the routes of each included file. Errors go to `including.diagnostics`, each to its own file; a key that two files have to both.
 */
export function readIncluded(entries: readonly string[], routes: RawMap, including: Omit<Including, 'keys'>): Included {
  const { surroundings, diagnostics } = including;
  const names = listIncluded(diagnostics.file, entries, surroundings.files, diagnostics);
  const all = { ...including, keys: new Set(Object.keys(routes)) };
  const routeFiles: RouteFile[] = [];
  const sources: IncludedSource[] = [];
  for (const name of names) {
    const text = readIncludedText(name, all);
    if (text === undefined) continue;
    sources.push({ file: name.file, hash: text.hash });
    const read = readRouteFile(name, text.text, all);
    if (read) routeFiles.push(read);
  }
  return { routeFiles, sources, isComplete: routeFiles.length === names.length };
}

/** What cannot be read is told where the file is named, or in the file that a pattern matches. */
function readIncludedText(
  { path, file, entry }: IncludedName,
  { surroundings, diagnostics, budget, texts }: Including,
) {
  const found = surroundings.files.readHashed(path);
  const text = texts?.get(file);
  const read = found.ok && text !== undefined ? accept({ ...found.value, text }) : found;
  if (read.ok) {
    budget.bytes -= Buffer.byteLength(read.value.text);
    if (budget.bytes >= 0) return read.value;
  }
  const what = read.ok
    ? `brings all files together above ${formatLimit(LIMITS.fileBytes / 1024)} KiB`
    : read.rejection.what;
  const [code, expected] = read.ok
    ? (['over-limit', 'less'] as const)
    : (['unreadable-file', 'a readable YAML file'] as const);
  if (entry !== undefined)
    diagnostics.error(['include', entry], { code, what: read.ok ? what : `names a file that ${what}`, expected });
  else {
    const included = diagnostics.createIncluded(file, YamlDocument.parse('').document);
    included.error([], { code, what: `the file ${what}`, expected, standsAlone: true });
  }
  return undefined;
}

function readRouteFile({ path, file }: IncludedName, text: string, including: Including): RouteFile | undefined {
  const { budget, diagnostics } = including;
  const { document, syntaxErrors, tokens } = YamlDocument.parse(text, budget.tokens);
  budget.tokens -= tokens;
  const included = diagnostics.createIncluded(file, document);
  for (const error of syntaxErrors) included.syntaxError(error);
  if (included.isUnreadable) return undefined;
  const { environment, files } = including.surroundings;
  const folder = dirname(path);
  const surroundings = { environment, folder, files: new ReferencedFiles(folder, files) };
  const sources = { environment, folder, files: new Map(), watched: surroundings.files };
  const content = readContent(document, sources, included, budget.counts);
  if (included.isUnreadable) return undefined;
  const routes = readShape(content, diagnostics.file, included);
  return routes && { routes: placeRoutes(routes, included, including), surroundings };
}

/** @returns the routes of the file; `undefined` where it has none to read. */
function readShape(content: unknown, including: string, included: DiagnosticCollector): RawMap | undefined {
  if (content === null) {
    included.error([], { what: 'the file is empty', expected: 'a map with the key routes', standsAlone: true });
    return undefined;
  }
  if (!isRawMap(content)) return readSettings(includedFileSchema, [], content, included).found.routes;
  const others = Object.keys(content).filter(key => key !== 'routes' && key in fileSchema.shape);
  for (const key of others) {
    const what = `${quote(key)} is for all routes`;
    const expected = `it in ${including}: an included file has routes and nothing else`;
    included.error([key], { code: 'unknown-key', what, expected, standsAlone: true }, 'key');
  }
  const left = Object.entries(content).filter(([key]) => !others.includes(key));
  return readSettings(includedFileSchema, [], Object.assign(Object.create(null), Object.fromEntries(left)), included)
    .found.routes;
}

/** @returns the routes whose keys no file before has. The others are reported in both files. */
function placeRoutes(routes: RawMap, included: DiagnosticCollector, { keys, diagnostics }: Including): RawMap {
  const own: Record<string, unknown> = Object.create(null);
  for (const [key, entry] of Object.entries(routes)) {
    const path = ['routes', key];
    if (keys.has(key)) {
      reportRepeated(path, included, diagnostics);
      continue;
    }
    if (keys.size === LIMITS.routes) {
      included.error(path, { code: 'over-limit', what: describeRoutes(), expected: 'fewer', standsAlone: true }, 'key');
      break;
    }
    keys.add(key);
    diagnostics.placeRoute(key, included);
    own[key] = entry;
  }
  return own;
}

function describeRoutes(): string {
  return `more than ${formatLimit(LIMITS.routes)} routes in all files`;
}

function reportRepeated(
  path: readonly string[],
  included: DiagnosticCollector,
  diagnostics: DiagnosticCollector,
): void {
  const [earlier, later] = [diagnostics.locate(path), included.locate(path)];
  const describe = ({ file, line, column }: typeof later) => ({
    code: 'duplicate-route' as const,
    what: `matches the same requests as ${quote(path.at(-1) ?? '')} (${file}:${line}:${column})`,
    expected: 'one of them',
  });
  included.error(path, describe(earlier), 'key');
  diagnostics.error(path, describe(later), 'key');
}
