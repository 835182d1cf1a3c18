/** An issue of zod → a rejection with our own message and the nearest valid name. */

import { z } from 'zod';
import type { DiagnosticSubject } from '../diagnostics/diagnostic-collector.ts';
import { quote } from '../diagnostics/quotation.ts';
import { findNearest } from '../diagnostics/suggestion.ts';
import type { Path } from '../source/document.ts';
import { isRawMap } from '../source/raw-map.ts';
import type { Rejection } from '../values/parsed-value.ts';

/** A rejection at its place in a map. */
export interface PlacedRejection {
  /** Below the map that was read. */
  readonly below: Path;
  readonly rejection: Rejection;
  readonly subject: DiagnosticSubject;
}

/** A map, and the schema that it was read by. */
export interface Reading {
  readonly schema: z.ZodObject;
  readonly raw: unknown;
}

type Issue = z.core.$ZodIssue;

/** @returns each rejection in `issue`: it may hold several unknown keys, or the issues of a branch of a union. */
export function explainIssue(issue: Issue, reading: Reading): PlacedRejection[] {
  const below = issue.path.map(segment => (typeof segment === 'number' ? segment : String(segment)));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => ({
        below: [...below, key],
        rejection: describeUnknownKey(key, Object.keys(readBelow(reading, below)?.schema.shape ?? {})),
        subject: 'key',
      }));
    case 'invalid_type':
      return explainType(issue, below, reading);
    case 'invalid_value':
      return [{ below, rejection: describeChoice(issue.input, issue.values.map(String)), subject: 'value' }];
    case 'invalid_union':
      return chooseBranch(issue).flatMap(inner =>
        explainIssue({ ...inner, path: [...issue.path, ...inner.path] }, reading),
      );
    case 'custom':
      return [
        {
          below,
          rejection: issue.params?.['rejection'] as Rejection,
          subject: issue.params?.['isKey'] ? 'key' : 'value',
        },
      ];
    default:
      return [{ below, rejection: { what: 'is not valid' }, subject: 'value' }];
  }
}

/** @returns the rejection of a map that lacks `key`. */
export function describeMissingKey(key: string, expected: string): Rejection {
  return { code: 'missing-key', what: `missing key ${quote(key)}`, expected, standsAlone: true };
}

/** @returns whether `raw` has an unknown key that is most likely a misspelled `key`: then one error is reported, not two. */
export function isMisspelled(key: string, { schema, raw }: Reading): boolean {
  const keys = Object.keys(schema.shape);
  return isRawMap(raw) && Object.keys(raw).some(name => !keys.includes(name) && findNearest(name, keys) === key);
}

function describeUnknownKey(key: string, known: readonly string[]): Rejection {
  return {
    code: 'unknown-key',
    what: `unknown key ${quote(key)}`,
    expected: `one of ${known.join(', ')}`,
    nearest: findNearest(key, known),
    standsAlone: true,
  };
}

function explainType(issue: z.core.$ZodIssueInvalidType, below: Path, reading: Reading): PlacedRejection[] {
  const expected = issue.message || nameType(issue.expected);
  const key = String(below.at(-1) ?? '');
  const parent = readBelow(reading, below.slice(0, -1));
  if (issue.input !== undefined) {
    const what = `found ${nameKind(issue.input)}`;
    return [{ below, rejection: { what, expected, nearest: suggestFlag(issue), standsAlone: true }, subject: 'value' }];
  }
  return parent && isMisspelled(key, parent)
    ? []
    : [{ below, rejection: describeMissingKey(key, expected), subject: 'parent' }];
}

function describeChoice(found: unknown, choices: readonly string[]): Rejection {
  const expected = `one of ${choices.join(', ')}`;
  if (typeof found !== 'string') return { what: `found ${nameKind(found)}`, expected, standsAlone: true };
  return { what: 'is not accepted', expected, nearest: findNearest(found, choices) };
}

/** The issues of the branch for the kind of value that was found; without such a branch, one issue that names every kind. */
function chooseBranch(issue: z.core.$ZodIssueInvalidUnion): Issue[] {
  const isOfKind = (branch: readonly Issue[]) =>
    !branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  const branch = issue.errors.find(isOfKind);
  if (branch !== undefined) return [...branch];
  const wanted = issue.errors.flatMap(branch =>
    branch.flatMap(inner => ('expected' in inner ? [inner.message || nameType(inner.expected)] : [])),
  );
  return [{ code: 'invalid_type', expected: 'unknown', path: [], message: wanted.join(' or '), input: issue.input }];
}

/** YAML 1.1 has more words for true and false; YAML 1.2 reads them as strings. */
function suggestFlag({ expected, input }: z.core.$ZodIssueInvalidType): string | undefined {
  if (expected !== 'boolean' || typeof input !== 'string') return undefined;
  if (/^(?:yes|on|true)$/i.test(input)) return 'true';
  return /^(?:no|off|false)$/i.test(input) ? 'false' : undefined;
}

/** @returns the map at `path` below the one that was read, and its schema; `undefined` where there is none. */
function readBelow({ schema, raw }: Reading, path: Path): Reading | undefined {
  let inner: z.core.$ZodType | undefined = schema;
  let found: unknown = raw;
  for (const segment of path) {
    const child = findChild(inner, segment);
    found = isRawMap(found) || Array.isArray(found) ? (found as Record<Path[number], unknown>)[segment] : undefined;
    inner = child && unwrap(child, found);
  }
  return inner instanceof z.ZodObject ? { schema: inner, raw: found } : undefined;
}

/** @returns the schema of a key, or of an entry of a list. */
function findChild(schema: z.core.$ZodType | undefined, segment: Path[number]): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[segment];
  return schema instanceof z.ZodArray ? schema.element : undefined;
}

/** @returns the schema inside those of defaults, optional keys, and the branches for other kinds of values than `found`. */
function unwrap(schema: z.core.$ZodType, found: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return unwrap(schema.unwrap(), found);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) return unwrap(schema.unwrap(), found);
  if (schema instanceof z.ZodPipe) return unwrap(schema.in, found);
  if (!(schema instanceof z.ZodUnion)) return schema;
  const wanted = Array.isArray(found) ? z.ZodArray : z.ZodObject;
  return schema.options.map(option => unwrap(option, found)).find(option => option instanceof wanted) ?? schema;
}

function nameType(expected: string): string {
  const names: Record<string, string> = { array: 'a list', object: 'a map', record: 'a map', boolean: 'true or false' };
  return names[expected] ?? `a ${expected}`;
}

function nameKind(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `a ${typeof value}`;
}
