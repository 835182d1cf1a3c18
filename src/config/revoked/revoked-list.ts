/** `revoked`: its entries, from the configuration or from a file of their own, each checked. */

import { dirname, isAbsolute, join } from 'node:path';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { type ListFile, type RevokedSettings, revokedEntry } from '../schema/revoked-schema.ts';
import { readSettings } from '../schema/settings.ts';
import { describeMissingKey } from '../schema/zod-diagnostic.ts';
import type { Path } from '../source/document.ts';
import { formatLimit, LIMITS } from '../source/limits.ts';
import { isRawMap } from '../source/raw-map.ts';
import type { ReferencedFiles } from '../source/referenced-files.ts';
import { readListText } from './list-text.ts';
import { type RevokedEntry, RevokedTokens } from './revoked-tokens.ts';

const NAMES = 'jti, sub with iss, client_id, iss or issued_before';
/** Warnings of one kind that are listed one by one: each costs the search of its place. */
const MOST_WARNINGS = 100;

type Written = readonly unknown[] | ListFile;

/**
 * @param written the list, or the file that has it; `undefined` where that has an error.
 * @param issuers the names under `issuers`; `undefined` where they could not be read.
 * @returns the tokens of the entries without an error. Every error is reported at its place, also in the file.
 */
export function readRevoked(
  written: Written | undefined,
  issuers: readonly string[] | undefined,
  files: ReferencedFiles,
  diagnostics: DiagnosticCollector,
): RevokedTokens {
  if (written === undefined) return new RevokedTokens();
  if ('name' in written) return readFile(written, issuers, files, diagnostics);
  return new EntryReader(issuers, diagnostics).read(written);
}

function readFile(
  { name }: ListFile,
  issuers: readonly string[] | undefined,
  files: ReferencedFiles,
  diagnostics: DiagnosticCollector,
): RevokedTokens {
  const text = files.readText(name, LIMITS.revokedBytes);
  if (!text.ok) {
    const what = `names a file that ${text.rejection.what}`;
    diagnostics.error(['revoked'], { code: 'unreadable-file', what, expected: 'a readable file with a list' });
    return new RevokedTokens();
  }
  const list = readListText(text.value);
  const shown = isAbsolute(name) ? name : join(dirname(diagnostics.file), name);
  const found = diagnostics.createIncluded(shown, list.places);
  return readEntries(list.read(found), issuers, found);
}

function readEntries(
  content: unknown,
  issuers: readonly string[] | undefined,
  found: DiagnosticCollector,
): RevokedTokens {
  if (found.isUnreadable) return new RevokedTokens();
  if (!Array.isArray(content)) {
    const what = content === null || content === undefined ? 'the file is empty' : 'the file holds no list';
    found.error([], { what, expected: 'a YAML or JSON list of entries, [] for none', standsAlone: true }, 'key');
    return new RevokedTokens();
  }
  if (content.length > LIMITS.revoked) {
    const what = `more than ${formatLimit(LIMITS.revoked)} entries in the list`;
    found.error([], { code: 'over-limit', what, expected: 'fewer', standsAlone: true }, 'key');
    return new RevokedTokens();
  }
  return new EntryReader(issuers, found).read(content);
}

class EntryReader {
  readonly #issuers: ReadonlySet<string> | undefined;
  readonly #diagnostics: DiagnosticCollector;
  readonly #revoked = new RevokedTokens();
  /** Entries of an issuer that is none. */
  #ofNobody = 0;

  constructor(issuers: readonly string[] | undefined, diagnostics: DiagnosticCollector) {
    this.#issuers = issuers && new Set(issuers);
    this.#diagnostics = diagnostics;
  }

  read(list: readonly unknown[]): RevokedTokens {
    for (const [index, raw] of list.entries()) {
      // What follows could only be counted, and counting costs as much as describing.
      if (this.#diagnostics.isFull) break;
      this.#readEntry(raw, ['revoked', index]);
    }
    const more = this.#ofNobody - MOST_WARNINGS;
    if (more > 0) {
      const what = `${formatLimit(more)} more entries name an iss that is no key under issuers`;
      this.#diagnostics.warning(['revoked'], 'revoked-nobody', what, 'key');
    }
    return this.#revoked;
  }

  #readEntry(raw: unknown, path: Path): void {
    const id = readOnlyId(raw);
    if (id !== undefined) {
      this.#revoked.add({ jti: id });
      return;
    }
    const parsed = revokedEntry.safeParse(raw);
    const settings = parsed.success ? parsed.data : readSettings(revokedEntry, path, raw, this.#diagnostics).complete;
    if (!settings || !this.#namesEnough(settings, path)) return;
    this.#revoked.add(toEntry(settings));
    this.#checkIssuer(settings.iss, path);
  }

  #namesEnough(settings: RevokedSettings, path: Path): boolean {
    if (settings.sub !== undefined && settings.iss === undefined) {
      const expected = 'the issuer of the subject: each has its own names';
      this.#diagnostics.error([...path, 'iss'], describeMissingKey('iss', expected), 'parent');
      return false;
    }
    if (Object.values(settings).some(value => value !== undefined)) return true;
    this.#diagnostics.error(path, { what: 'the entry names nothing', expected: NAMES, standsAlone: true });
    return false;
  }

  #checkIssuer(iss: string | undefined, path: Path): void {
    if (iss === undefined || this.#issuers === undefined || this.#issuers.has(iss)) return;
    this.#ofNobody += 1;
    if (this.#ofNobody > MOST_WARNINGS) return;
    this.#diagnostics.warning([...path, 'iss'], 'revoked-nobody', 'is no key under issuers');
  }
}

/** @returns the `jti` of an entry that has nothing else, as most of a large list have: the schema would take the same. */
function readOnlyId(raw: unknown): string | undefined {
  if (!isRawMap(raw) || Object.keys(raw).length !== 1) return undefined;
  const { jti } = raw;
  return typeof jti === 'string' && jti !== '' ? jti : undefined;
}

/** Only what is written is kept, since there may be a million of them. */
function toEntry({ jti, sub, iss, client_id: clientId, issued_before: before }: RevokedSettings): RevokedEntry {
  return {
    ...(jti !== undefined && { jti }),
    ...(sub !== undefined && { sub }),
    ...(iss !== undefined && { iss }),
    ...(clientId !== undefined && { clientId }),
    ...(before !== undefined && { issuedBefore: before / 1000 }),
  };
}
