/** Why a token in three parts is not a compact JWS. */

import { decodePart, hasBackslashInName, hasDuplicateMembers, readJsonObject } from '../../../token/jws/json-object.ts';
import { decodeObject } from '../evaluate/json-part.ts';

/**
 * @param token of the shape `jws`, which `readCompactJws` has refused.
 * @returns the rule that it breaks, without any part of the token.
 */
export function describeBrokenJws(token: string): string | undefined {
  const [first = '', second = '', signature = ''] = token.split('.');
  const header = decodeObject(first);
  if (!/^[\w.-]+$/.test(token)) return 'a part of it has a character that base64url has not';
  if (header === undefined) return undefined;
  const broken = describeHeader(header);
  if (broken !== undefined) return broken;
  const claims = decodeObject(second);
  if (claims === undefined) return describePayload(header, second);
  const odd = [first, second].findIndex(part => hasBackslashInName(decodePart(part) ?? ''));
  if (odd !== -1)
    return `${PARTS[odd]} has a member with a backslash in its name, which JSON parsers mistake for another name`;
  const name = [first, second].findIndex(part => hasDuplicateMembers(decodePart(part) ?? ''));
  if (name !== -1)
    return `${PARTS[name]} has two members of one name, of which some readers take the first (RFC 7519 section 4)`;
  if ([first, second].some(part => readJsonObject(part) === undefined))
    return 'a part of it is not UTF-8, or begins with a byte order mark';
  return [first, second, signature].every(isCanonical)
    ? undefined
    : 'a part of it ends in bits that are not 0, so it was cut or changed (RFC 4648 section 3.5)';
}

const PARTS = ['its header', 'its payload'] as const;

/** A JWT may hold another one (RFC 7519 section 5.2), or what is encrypted; a payload that is compressed has no rule in a JWS. */
function describePayload(header: Readonly<Record<string, unknown>>, payload: string): string {
  const text = decodePart(payload) ?? '';
  if (/^eyJ[\w-]*\.[\w-]*\./.test(text) || /^(?:application\/)?jwt$/i.test(String(header['cty'])))
    return 'it holds another token (a nested JWT, RFC 7519 section 5.2), and only one that is signed directly is read';
  return 'its second part is not base64url of a JSON object: it may be cut';
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

/** @returns `a number`, `text`, `null` …, to be printed after `is`. */
export function nameType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object';
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}
