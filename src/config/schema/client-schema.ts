/** The name and the secret of the client that the gateway is at an authorization server (RFC 6749 section 2.3.1). */

import { accept, type ParsedValue, reject } from '../values/parsed-value.ts';
import { text } from './building-blocks.ts';

/** RFC 6749 appendix A.1 and A.2: VSCHAR. */
const VISIBLE = /^[\x20-\x7e]{1,1024}$/;
const CLIENT = '1 to 1024 ASCII characters';

/** No message quotes a secret, which may stand in the YAML itself. */
function parseClientText(written: string): ParsedValue<string> {
  return VISIBLE.test(written)
    ? accept(written)
    : reject('the text is empty, too long, or has a character other than ASCII', { standsAlone: true });
}

/** A `client_id` or a `client_secret`. */
export const clientText = text(CLIENT, parseClientText, VISIBLE);
