/** A token where none belongs: what holds one is not repeated, to a terminal or a log of CI. */

/** @returns whether `text` has the form of a signed JWT (RFC 7515 section 7.1): three parts of base64url, the first of a JSON object. */
export function looksLikeToken(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/.test(text);
}
