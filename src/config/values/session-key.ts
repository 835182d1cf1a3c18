/** `mcp.session_key`. Only a key that is derived from it is kept, and no diagnostic quotes it. */

import { hkdfSync } from 'node:crypto';
import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const SESSION_KEY = '16 to 1024 visible ASCII characters';
export const SESSION_KEY_FORM = /^[\x21-\x7e]{16,1024}$/;

/** Every client holds a hash that was made with the key, and can try keys by itself: 32 hexadecimal digits are 128 bits. */
const SAFE_LENGTH = 32;
const KEY_SIZE = 32;

export interface SessionKey {
  /** In hex, as `Mcp.sessionKey`. */
  readonly derived: string;
  /** Whether a client could find it by trying. */
  readonly isShort: boolean;
}

/** @returns the key derived from `text` (RFC 5869); rejects what is too short, too long, or has blanks, as a file of several lines. */
export function deriveSessionKey(text: string): ParsedValue<SessionKey> {
  if (!SESSION_KEY_FORM.test(text)) {
    return reject('the key is too short, too long, or has another character', { standsAlone: true });
  }
  const derived = Buffer.from(hkdfSync('sha256', text, '', 'audgate session_key', KEY_SIZE)).toString('hex');
  return accept({ derived, isShort: text.length < SAFE_LENGTH });
}
