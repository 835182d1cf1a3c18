/** `admin_token`. Only its hash is kept, and no diagnostic quotes it. */
import { createHash } from 'node:crypto';
import { accept, reject } from './parsed-value.js';
export const ADMIN_TOKEN = '16 to 1024 visible ASCII characters';
export const ADMIN_TOKEN_FORM = /^[\x21-\x7e]{16,1024}$/;
/** @returns the SHA-256 of `token` in hex; rejects what is too short, too long, or cannot be sent in a header field. */
export function hashAdminToken(token) {
    if (ADMIN_TOKEN_FORM.test(token))
        return accept(createHash('sha256').update(token).digest('hex'));
    return reject('the token is too short, too long, or has a character that cannot be sent', { standsAlone: true });
}
