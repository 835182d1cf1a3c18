/** What a token that did not verify says of itself, for the log: anybody may have written it. */

import { readJsonObject } from './jws/json-object.ts';

/** Strings only. */
export interface UnverifiedToken {
  readonly iss: string | undefined;
  readonly kid: string | undefined;
  readonly alg: string | undefined;
}

/**
 * @param token a JWS, a JWE (whose header alone can be read), or anything else.
 * @returns what its header and its claims say, each where that part is a JSON object; `undefined` where that is nothing.
 */
export function readUnverified(token: string): UnverifiedToken | undefined {
  const [header = '', claims = ''] = token.split('.', 2);
  const { kid, alg } = readJsonObject(header) ?? {};
  const { iss } = readJsonObject(claims) ?? {};
  if (![iss, kid, alg].some(isText)) return undefined;
  return { iss: textOf(iss), kid: textOf(kid), alg: textOf(alg) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function textOf(value: unknown): string | undefined {
  return isText(value) ? value : undefined;
}
