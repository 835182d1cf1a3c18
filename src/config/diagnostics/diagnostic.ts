/** An error or a warning about a configuration file, and its place. */

import type { CheckCode } from '../lint/check-codes.ts';
import { onOneLine } from './visible-text.ts';

export interface Diagnostic {
  /** An error: the file is not served. */
  readonly severity: 'error' | 'warning';
  /** Stable; `CHECK_CODES` says what follows and what to do. */
  readonly code: CheckCode;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** `routes./profile.upstream`; empty for the file as a whole. */
  readonly path: string;
  /** One line, without any substituted value. */
  readonly message: string;
}

/** @returns `FILE:LINE:COL: path: message`, with `warning: ` before the path of a warning. */
export function formatDiagnostic({ severity, file, line, column, path, message }: Diagnostic): string {
  const mark = severity === 'warning' ? 'warning: ' : '';
  return `${onOneLine(file)}:${line}:${column}: ${mark}${path === '' ? '' : `${path}: `}${message}`;
}
