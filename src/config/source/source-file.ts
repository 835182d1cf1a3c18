/** The bytes of a configuration file, read once, with their hash. Nothing of the content is checked here. */

import { createHash } from 'node:crypto';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type DecodeOptions, decodeText, readBytes } from './file.ts';
import { LIMITS } from './limits.ts';

/** What a configuration file held at one moment. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
  /** SHA-256 of the bytes, in hex. */
  readonly hash: string;
}

export type ReadResult =
  | { readonly ok: true; readonly source: SourceFile }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** @returns the content of `file`; an error where it cannot be read, is not UTF-8, or is larger than 4 MiB. */
export function readSourceFile(file: string, options?: DecodeOptions): ReadResult {
  const bytes = readBytes(file, LIMITS.fileBytes);
  return bytes.ok ? decodeSource(file, bytes.value, options) : reportUnreadable(file, bytes.rejection.what);
}

/** As `readSourceFile`, for `text` in memory in place of the content of `file`. */
export function toSourceFile(file: string, text: string): ReadResult {
  const bytes = Buffer.from(text);
  if (bytes.length > LIMITS.fileBytes) return reportUnreadable(file, `is larger than ${LIMITS.fileBytes / 1024} KiB`);
  return decodeSource(file, bytes);
}

function decodeSource(file: string, bytes: Buffer, options?: DecodeOptions): ReadResult {
  const text = decodeText(bytes, options);
  if (!text.ok) return reportUnreadable(file, text.rejection.what);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { ok: true, source: { file, text: text.value, hash } };
}

/** @returns a text that differs where the content of the file, or the reason why it cannot be read, differs. */
export function fingerprintOf(read: ReadResult): string {
  return read.ok ? read.source.hash : read.diagnostics.map(({ message }) => message).join();
}

function reportUnreadable(file: string, what: string): ReadResult {
  const message = `the file ${what}, expected a readable YAML file`;
  return {
    ok: false,
    diagnostics: [{ severity: 'error', code: 'unreadable-file', file, line: 1, column: 1, path: '', message }],
  };
}
