/**
 * `Mcp-Session-Id` bound to its owner, without memory. What the client gets is HMAC-SHA256 (RFC 2104) over owner and id, then the id
 * itself, encrypted with that hash as the initial counter (as in RFC 5297): a client that knows the id of another cannot say it to the
 * upstream by another way either. The same owner and id give the same text, in any process that has the key.
 */

import { createCipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { withLength } from './session-owner.ts';

/** Two keys, so that neither use tells anything of the other. */
export interface SessionKeys {
  readonly hash: Buffer;
  readonly cipher: Buffer;
}

const HASH_SIZE = 32;
const COUNTER_SIZE = 16;
const KEY_SIZE = 32;
/** Bytes of an id of an upstream, and of the text that it becomes: the head of the client's next request has it. */
const LONGEST_ID = 4_096;
const LONGEST_TEXT = Math.ceil(((HASH_SIZE + LONGEST_ID) * 4) / 3);

/** @param secret in hex: `Mcp.sessionKey`, or the key of the process. */
export function deriveSessionKeys(secret: string): SessionKeys {
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'hex'), '', `audgate MCP session ${purpose}`, KEY_SIZE));
  return { hash: derive('hash'), cipher: derive('cipher') };
}

export class SessionBinding {
  readonly #keys: SessionKeys;
  readonly #encodeOwner: () => Buffer;

  /** @param encodeOwner `encodeOwner` of the request: called only where there is an id, which most requests and responses have not. */
  constructor(keys: SessionKeys, encodeOwner: () => Buffer) {
    this.#keys = keys;
    this.#encodeOwner = encodeOwner;
  }

  /**
   * @param id as the upstream sent it: a field value, one Latin-1 character a byte.
   * @returns the id for the client, of base64url characters; `undefined` for an empty one, and one of more than 4096 bytes.
   */
  bind(id: string): string | undefined {
    const bytes = Buffer.from(id, 'latin1');
    if (bytes.length === 0 || bytes.length > LONGEST_ID) return undefined;
    const hash = this.#hash(bytes);
    return Buffer.concat([hash, this.#encrypt(hash, bytes)]).toString('base64url');
  }

  /** @returns the id of the upstream; `undefined` for a text that `bind` has not made for this owner, or that was changed. */
  read(text: string): string | undefined {
    if (text.length > LONGEST_TEXT) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    // Not one id in two spellings: base64url ignores what it does not know, and the last bits.
    if (bytes.length <= HASH_SIZE || bytes.toString('base64url') !== text) return undefined;
    const hash = bytes.subarray(0, HASH_SIZE);
    const id = this.#encrypt(hash, bytes.subarray(HASH_SIZE));
    return timingSafeEqual(hash, this.#hash(id)) ? id.toString('latin1') : undefined;
  }

  #hash(id: Buffer): Buffer {
    const hmac = createHmac('sha256', this.#keys.hash);
    for (const part of [...withLength(this.#encodeOwner()), ...withLength(id)]) hmac.update(part);
    return hmac.digest();
  }

  /** Its own inverse. */
  #encrypt(hash: Buffer, bytes: Buffer): Buffer {
    return createCipheriv('aes-256-ctr', this.#keys.cipher, hash.subarray(0, COUNTER_SIZE)).update(bytes);
  }
}
