/** The diagnostics of a configuration file as text, as JSON, and as commands of a GitHub workflow. */

import { type Diagnostic, formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { onOneLine } from '../config/diagnostics/visible-text.ts';
import { CHECK_CODES } from '../config/lint/check-codes.ts';
import { toSafeJson } from './terminal.ts';

/**
 * @returns one line for each diagnostic, with its code at the end. Below the first of each code, indented: the consequence and
 *   the remedy.
 */
export function formatForPeople(diagnostics: readonly Diagnostic[]): string[] {
  const explained = new Set<string>();
  return diagnostics.flatMap(diagnostic => {
    const line = `${formatDiagnostic(diagnostic)} [${diagnostic.code}]`;
    if (explained.has(diagnostic.code)) return [line];
    explained.add(diagnostic.code);
    const { consequence, remedy } = CHECK_CODES[diagnostic.code];
    return [line, `  consequence: ${consequence}`, `  remedy: ${remedy}`];
  });
}

/** @returns one JSON object on one line; `ok` is true where the exit code is 0. */
export function formatJson(file: string, ok: boolean, diagnostics: readonly Diagnostic[]): string {
  const problems = diagnostics.map(({ severity, code, file: place, line, column, path, message }) => {
    const { consequence, remedy } = CHECK_CODES[code];
    return { severity, code, file: place, line, column, path, message, consequence, remedy };
  });
  return toSafeJson({ file, ok, problems });
}

/** @returns a workflow command, which GitHub shows at the line of the file in the pull request. */
export function formatForGitHub({ severity, code, file, line, column, path, message }: Diagnostic): string {
  const { consequence, remedy } = CHECK_CODES[code];
  const properties = { file, line, col: column, title: code };
  const named = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  const text = `${path === '' ? '' : `${path}: `}${message}\n${consequence}\nRemedy: ${remedy}`;
  return `::${severity} ${named.join(',')}::${escapeData(text)}`;
}

/** The escapes that the runner decodes (actions/runner, `ActionCommand.cs`). A raw line end would begin another command. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return onOneLine(escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C'));
}
