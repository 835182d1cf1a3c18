/** Recognises the form of the value after `Bearer`, by patterns alone. */

import { decodeObject } from './json-part.ts';
import type { TokenShape } from './token-shapes.ts';

const NO_VALUE = /^(?:undefined|null|nil|none|nan|true|false|\[object \w*\]|\(null\)|promise|<nil>|<null>)$/i;
const VARIABLES = /^(?:\$\{?[\w.:-]+\}?|\$\(.*\)|\{{1,2}[\w .:-]*\}{1,2}|<[^>]*>|%\w+%|@\w+@|\[[\w -]+\])$/;
const EXAMPLES =
  /^(?:(?:your|my|the|some|valid|insert)?[-_ ]?(?:(?:api|jwt|access|bearer|id)[-_ ]?)*(?:token|jwt)(?:[-_ ]?here)?|x{3,}|\.{3}|…|â¦|changeme|todo)$/i;
/** Characters. The patterns for words are only tried on short values. */
const LONGEST_WORD = 100;
const WORDS: readonly (readonly [TokenShape, RegExp])[] = [
  ['no_value', NO_VALUE],
  ['placeholder', VARIABLES],
  ['placeholder', EXAMPLES],
];
const CLIENT_ERRORS: readonly (readonly [TokenShape, RegExp])[] = [
  ['several', /[,\s]bearer\s/i],
  ['scheme_twice', /^(?:authorization: *)?bearer(?:[\s:]|%20|$)/i],
  ['json', /^\{/],
  ['quoted', /^(?:["'`\u201c\u2018]|\\"|%22|&quot;|â[\u0080-\u009f])/],
  ['percent_encoded', /%[0-9a-f]{2}/i],
  ['spaced', /\s/],
  ['google', /^ya29\./],
  ['github', /^(?:gh[a-z]_|github_pat_)/],
];

/**
 * @param token the value after `Bearer`, one character per byte.
 * @returns its form.
 */
export function recogniseShape(token: string): TokenShape {
  const patterns = token.length <= LONGEST_WORD ? [...WORDS, ...CLIENT_ERRORS] : CLIENT_ERRORS;
  const found = patterns.find(([, pattern]) => pattern.test(token));
  if (found) return found[0];
  if (token.includes(',')) return 'several';
  const parts = token.split('.');
  if (parts.length === 5) return 'jwe';
  const isJwt = decodeObject(parts[0] ?? '') !== undefined;
  if (parts.length === 3 && isJwt) return /[=+/]/.test(token) ? 'padded' : 'jws';
  if (isJwt || /^eyJ[\w-]*(?:\.|\u2026|â|$)/.test(token)) return 'cut';
  return isPassword(token) ? 'password' : 'opaque';
}

function isPassword(token: string): boolean {
  if (!/^[A-Za-z0-9+/]+=*$/.test(token)) return false;
  return /^[\x21-\x39\x3b-\x7e]+:[\x20-\x7e]+$/.test(Buffer.from(token, 'base64').toString('latin1'));
}
