/** A file with one route, for tests of errors in it. */

export const ISSUERS = 'issuers: { https://i.example: }\n';

/** The lines of a route without errors. */
export const GOOD = 'upstream: http://a\nresource: https://a.example/';

/** @returns a file whose only route has its key on line 3 and \`lines\` from line 4 on. */
export function route(lines: string, key = '/a'): string {
  return `${ISSUERS}routes:\n  ${key}:\n    ${lines.split('\n').join('\n    ')}\n`;
}
