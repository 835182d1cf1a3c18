/** What stands behind `Bearer`, told by its form alone: a JWT, another kind of token, or a slip of whoever wrote the client. */

import type { CompactJws } from '../../../token/jws/compact-jws.ts';

/** Nothing of the token is in any of these. */
export interface Shape {
  /** To be read after `presented`. */
  readonly name: string;
  readonly cause: string;
  /** `anew`: the client should take the token again; `ask`: it should ask for another kind. */
  readonly remedy: 'anew' | 'ask' | { readonly text: string };
}

const VARIABLE = {
  text: 'send what the token response has as access_token, and see that the variable is set where the request is made',
};

export const SHAPES = {
  none: { name: 'none', cause: 'there is no token', remedy: 'anew' },
  jws: {
    name: 'three parts with dots between',
    cause:
      'it has the form of a JWT, but a part of it is not base64url of a JSON object, or its header has crit or b64: it may be cut or re-wrapped',
    remedy: 'anew',
  },
  jwe: {
    name: 'an encrypted token (JWE, five parts)',
    cause: 'it is encrypted (JWE): only the issuer and the API it is for can read it',
    remedy: 'ask',
  },
  google: {
    name: 'an opaque token of Google (ya29.)',
    cause: 'it is an opaque access token of Google, which only Google can look up',
    remedy: 'ask',
  },
  github: {
    name: 'a token of GitHub (gh?_)',
    cause: 'it is a token for the API of GitHub, which only GitHub can look up',
    remedy: 'ask',
  },
  several: {
    name: 'several credentials in one field',
    cause: 'the field holds more than one credential, as proxies join two fields with a comma',
    remedy: { text: 'send one Authorization field with one token (RFC 6750 section 2)' },
  },
  scheme_twice: {
    name: 'the scheme twice',
    cause: 'the scheme stands there twice (Bearer Bearer …): the client adds it to a value that has it already',
    remedy: { text: 'let the client write Bearer once' },
  },
  quoted: {
    name: 'a token in quotation marks',
    cause: 'there are quotation marks around the token, which are no part of it',
    remedy: { text: 'take it out of the JSON with jq -r .access_token, without the marks' },
  },
  json: {
    name: 'JSON',
    cause: 'it is JSON, such as a whole token response, and not the token in it',
    remedy: { text: 'send the value of access_token alone' },
  },
  no_value: {
    name: 'the text of a value that is none (undefined, null, [object Object])',
    cause:
      'a variable without a token in it was written as text (undefined, null, None, [object Object]): the client had no token',
    remedy: VARIABLE,
  },
  placeholder: {
    name: 'a placeholder',
    cause:
      'it is a placeholder, as of an example, or a variable that was not replaced (a shell does not within single quotes)',
    remedy: VARIABLE,
  },
  percent_encoded: {
    name: 'a percent-encoded text',
    cause: 'it is percent-encoded, as belongs into a URL and not into a field',
    remedy: { text: 'send the token as it stands in the token response' },
  },
  spaced: {
    name: 'a text with white space in it',
    cause: 'there is white space within the token: it was wrapped over lines, or something stands behind it',
    remedy: 'anew',
  },
  padded: {
    name: 'three parts with dots between, in plain base64',
    cause: 'its parts are plain base64, with =, + or /, where a JWT has base64url without padding (RFC 7515 section 2)',
    remedy: 'anew',
  },
  cut: {
    name: 'a part of a JWT',
    cause: 'it begins as a JWT does, but has not its three parts: it was cut, as terminals and logs do',
    remedy: 'anew',
  },
  password: {
    name: 'base64 of a name and a password',
    cause: 'it is base64 of a name and a password, which belong to the scheme Basic and not to Bearer',
    remedy: 'ask',
  },
  opaque: {
    name: 'an opaque token',
    cause:
      'it is opaque: an issuer gives such tokens where the client named no resource (Auth0: no audience; oidc-provider: no resource)',
    remedy: 'ask',
  },
} as const satisfies Readonly<Record<string, Shape>>;

export type TokenShape = keyof typeof SHAPES;

const NO_VALUE = /^(?:undefined|null|nil|none|nan|true|false|\[object \w*\]|\(null\)|promise|<nil>|<null>)$/i;
const VARIABLES = /^(?:\$\{?[\w.:-]+\}?|\$\(.*\)|\{{1,2}[\w .:-]*\}{1,2}|<[^>]*>|%\w+%|@\w+@|\[[\w -]+\])$/;
const EXAMPLES =
  /^(?:(?:your|my|the|some|valid|insert)?[-_ ]?(?:(?:api|jwt|access|bearer|id)[-_ ]?)*(?:token|jwt)(?:[-_ ]?here)?|x{3,}|\.{3}|…|â¦|changeme|todo)$/i;
/** A word that stands there instead of a token is short; the patterns are not tried on kilobytes. */
const LONGEST_WORD = 100;
const WORDS: readonly (readonly [TokenShape, RegExp])[] = [
  ['no_value', NO_VALUE],
  ['placeholder', VARIABLES],
  ['placeholder', EXAMPLES],
];
const SLIPS: readonly (readonly [TokenShape, RegExp])[] = [
  ['several', /[,\s]bearer\s/i],
  ['scheme_twice', /^(?:authorization: *)?bearer(?:[\s:]|%20|$)/i],
  ['json', /^\{/],
  ['quoted', /^(?:["'`\u201c\u2018]|\\"|%22|&quot;|â[\u0080-\u009f])/],
  ['percent_encoded', /%[0-9a-f]{2}/i],
  ['spaced', /\s/],
  ['google', /^ya29\./],
  ['github', /^(?:gh[a-z]_|github_pat_)/],
];

/** @returns the form of what stands behind `Bearer`; one character a byte. */
export function recogniseShape(token: string): TokenShape {
  const slips = token.length <= LONGEST_WORD ? [...WORDS, ...SLIPS] : SLIPS;
  const slip = slips.find(([, pattern]) => pattern.test(token));
  if (slip) return slip[0];
  if (token.includes(',')) return 'several';
  const parts = token.split('.');
  if (parts.length === 5) return 'jwe';
  const isJwt = decodeObject(parts[0] ?? '') !== undefined;
  if (parts.length === 3 && isJwt) return /[=+/]/.test(token) ? 'padded' : 'jws';
  if (isJwt || /^eyJ[\w-]*(?:\.|\u2026|â|$)/.test(token)) return 'cut';
  return holdsPassword(token) ? 'password' : 'opaque';
}

/**
 * @param token of the shape `jws`, which is no compact JWS by `readCompactJws`.
 * @returns which rule it breaks, in words; nothing of the token is in them.
 */
export function describeBrokenJws(token: string): string | undefined {
  const [first = '', second = '', signature = ''] = token.split('.');
  const header = decodeObject(first);
  if (!/^[\w.-]+$/.test(token)) return 'a part of it has a character that base64url has not';
  if (header === undefined) return undefined;
  const broken = describeHeader(header);
  if (broken !== undefined) return broken;
  if (decodeObject(second) === undefined)
    return 'its second part is not base64url of a JSON object: it may be cut, or a nested token';
  return [first, second, signature].every(isCanonical)
    ? undefined
    : 'a part of it ends in bits that are not 0, so it was cut or changed (RFC 4648 section 3.5)';
}

function describeHeader(header: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of ['alg', 'kid', 'typ']) {
    const value = header[name];
    if (value === undefined ? name === 'alg' : typeof value !== 'string') {
      return value === undefined
        ? 'its header has no alg (RFC 7515 section 4.1.1)'
        : `${name} in its header is ${nameType(value)}, where a string belongs (RFC 7515 section 4.1)`;
    }
  }
  const extension = ['crit', 'b64'].find(name => name in header);
  return extension && `its header has ${extension}, an extension that is not understood here (RFC 7515 section 4.1.11)`;
}

/** @returns `a number`, `text`, `null`, to be read after `is`. */
export function nameType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object';
}

function decodeObject(part: string): CompactJws['claims'] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as CompactJws['claims'])
      : undefined;
  } catch {
    return undefined;
  }
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function holdsPassword(token: string): boolean {
  if (!/^[A-Za-z0-9+/]+=*$/.test(token)) return false;
  return /^[\x21-\x39\x3b-\x7e]+:[\x20-\x7e]+$/.test(Buffer.from(token, 'base64').toString('latin1'));
}
