/** The problems of a configuration file, for people, for machines, and for GitHub's workflow log. */

import { type Diagnostic, formatDiagnostic } from '../config/diagnostics/diagnostic.ts';
import { onOneLine } from '../config/diagnostics/visible-text.ts';
import { CHECK_CODES } from '../config/lint/check-codes.ts';
import { toSafeJson } from './terminal.ts';

/**
 * @returns for each problem its line, with the code at the end; below the first of a code, indented, what follows from it and
 * what to do: the same for all of them.
 */
export function formatForPeople(problems: readonly Diagnostic[]): string[] {
  const explained = new Set<string>();
  return problems.flatMap(problem => {
    const line = `${formatDiagnostic(problem)} [${problem.code}]`;
    if (explained.has(problem.code)) return [line];
    explained.add(problem.code);
    const { consequence, remedy } = CHECK_CODES[problem.code];
    return [line, `  consequence: ${consequence}`, `  remedy: ${remedy}`];
  });
}

/** @returns one JSON object on one line; `ok` says what the exit code says. */
export function formatJson(file: string, ok: boolean, problems: readonly Diagnostic[]): string {
  const entries = problems.map(({ severity, code, line, column, path, message }) => {
    const { consequence, remedy } = CHECK_CODES[code];
    return { severity, code, line, column, path, message, consequence, remedy };
  });
  return toSafeJson({ file, ok, problems: entries });
}

/** @returns a workflow command, which GitHub shows at the line of the file in the pull request. */
export function formatForGitHub({ severity, code, file, line, column, path, message }: Diagnostic): string {
  const { consequence, remedy } = CHECK_CODES[code];
  const properties = { file, line, col: column, title: code };
  const named = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  const text = `${path === '' ? '' : `${path}: `}${message}\n${consequence}\nRemedy: ${remedy}`;
  return `::${severity} ${named.join(',')}::${escapeData(text)}`;
}

/** What the runner undoes (actions/runner, `ActionCommand.cs`); a raw line end would begin a command of its own. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return onOneLine(escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C'));
}
