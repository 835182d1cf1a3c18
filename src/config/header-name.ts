/** The header fields in which claims may reach the upstream (RFC 9110 section 5.1). */

import { accept, type Parsed, refuse } from './fault.ts';

export const HEADER_NAME_FORM = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Fields that frame, route or authenticate a message: a claim in them would change what the upstream believes of it. */
const RESERVED =
  /^(?:host|authorization|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive|expect|via|forwarded|cookie|proxy-.*|x-forwarded-.*)$/;

/** @returns `name`; refuses what is no field name, and the fields that belong to the gateway. */
export function parseHeaderName(name: string): Parsed<string> {
  if (!HEADER_NAME_FORM.test(name)) {
    return refuse('is not a header field name', { expected: 'a name such as X-User' });
  }
  if (RESERVED.test(foldHeaderName(name))) {
    return refuse('is a header field that claims must not set', {
      code: 'reserved-header',
      expected: 'a name of your own such as X-User',
    });
  }
  return accept(name);
}

/** @returns one text for all names that an upstream may confuse: CGI and WSGI read `X_User` and `X-User` alike. */
export function foldHeaderName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
