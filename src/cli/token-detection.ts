/** Recognises a token in an argument, which must then not be printed to a terminal or a CI log. */

/** @returns whether `text` has the form of a signed JWT (RFC 7515 section 7.1): three parts of base64url, the first of a JSON object. */
export function looksLikeToken(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/.test(text);
}
