/** A token that slipped into a place for something else: what is said of it must not repeat it. */

/** In the place of a file name that is a token. */
export const NO_FILE_NAME = 'a token is no file name';

/** @returns whether an argument is a token, whole or cut, or an Authorization value. */
export function looksLikeToken(argument: string): boolean {
  return /^(?:authorization: *)?(?:bearer +\S|eyJ[\w-]*\.|ya29\.)/i.test(argument.trim());
}
