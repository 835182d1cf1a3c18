/** What is wrong, or dangerous, in a configuration file, and where. */

import type { Code } from './lint/check-codes.ts';
import { onOneLine } from './values/visible-text.ts';

export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Stable; `LINTS` says what follows and what to do. */
  readonly code: Code;
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
export function formatProblem({ severity, file, line, column, path, message }: Problem): string {
  const mark = severity === 'warning' ? 'warning: ' : '';
  return `${onOneLine(file)}:${line}:${column}: ${mark}${path === '' ? '' : `${path}: `}${message}`;
}
