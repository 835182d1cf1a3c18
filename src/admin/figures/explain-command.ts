/**
 * The `audgate explain` command of a denial, to be copied into a shell. Method, Host and path are chosen by the caller: each
 * argument is quoted (POSIX Shell, section 2.2.2), and where one has a character other than printable ASCII there is no
 * command. The token is not kept by the gateway: the command reads it from standard input.
 */

import type { RecentDenial } from '../../telemetry/recent/recent-denials.ts';

/** Printable ASCII: a line break ends the command, an escape sequence moves the cursor, a bidi control reorders what is shown. */
const PLAIN = /^[ -~]+$/;
/** Reasons that `explain` reproduces without a token. */
const WITHOUT_TOKEN: ReadonlySet<string> = new Set(['missing_token']);
/** Reasons that `explain` cannot reproduce: it has no malformed head, no body and no other requests. */
const UNEXPLAINED: ReadonlySet<string> = new Set([
  'malformed_request',
  'headers_too_large',
  'request_timeout',
  'body_too_large',
  'overloaded',
  'internal',
]);

/** @returns whether `explain` can reproduce the denial. */
export function isExplainable({ reason, host, path }: RecentDenial): boolean {
  return !UNEXPLAINED.has(reason) && host !== '' && path !== '';
}

/** @returns the command; `undefined` where `explain` cannot reproduce the denial, or no command is safe to copy and exact. */
export function formatExplainCommand(denial: RecentDenial, file: string): string | undefined {
  const { reason, method, host, path, at } = denial;
  if (!isExplainable(denial) || !path.startsWith('/')) return undefined;
  if (isCut(path) || isCut(host) || ![method, host, path, file].every(text => PLAIN.test(text))) return undefined;
  return [
    'audgate explain',
    `--config=${quote(file)}`,
    ...(WITHOUT_TOKEN.has(reason) ? [] : ['--token-file=-']),
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
