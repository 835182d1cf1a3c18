/**
 * The `audgate explain` line of a denial, to be copied into a shell. Method, Host and path are the caller's bytes: each
 * argument is quoted (POSIX Shell, section 2.2.2), and where one has a character that a terminal or a reader could take for
 * something else, there is no line. The token is not known here: it is read from standard input.
 */

import { isDecidedWithin } from '../../denial.ts';
import type { RecentDenial } from '../../telemetry/recent/recent-denials.ts';

/** Printable ASCII. A line break would end the command, an escape move the cursor, a bidi control show another order. */
const PLAIN = /^[ -~]+$/;

/** @returns whether `explain` has something to say of it: it was judged, and had a Host and a path. */
export function isExplained({ reason, host, path }: RecentDenial): boolean {
  return isDecidedWithin(reason, 'path', 'scope') && host !== '' && path !== '';
}

/** @returns the line, or `undefined` where there is nothing to explain, or none that is safe and says the same. */
export function explainLine(denial: RecentDenial, file: string): string | undefined {
  const { reason, method, host, path, at } = denial;
  if (!isExplained(denial) || !path.startsWith('/')) return undefined;
  if (isCut(path) || isCut(host) || ![method, host, path, file].every(text => PLAIN.test(text))) return undefined;
  return [
    'audgate explain',
    `--config=${quote(file)}`,
    ...(reason === 'missing_token' ? [] : ['--token-file=-']),
    `--method=${quote(method)}`,
    `--at=${new Date(at).toISOString()}`,
    quote(`http://${host}${path}`),
  ].join(' ');
}

function isCut(text: string): boolean {
  return text.endsWith('…');
}

/** Nothing is special between single quotes but the single quote. */
function quote(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
