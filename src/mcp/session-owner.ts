/** Whose a session of an MCP server is: the issuer, the subject and the client of the token that it was begun with, and its route. */

import { createHash } from 'node:crypto';
import type { Route } from '../config/config.ts';
import type { AccessToken } from '../token/access-token.ts';
import { readClient } from '../token/client.ts';

/** @returns whether the ids of sessions are bound: not on a public route, where no token is read. */
export function bindsSessions({ public: isPublic, mcp }: Pick<Route, 'public' | 'mcp'>): boolean {
  return mcp !== undefined && !isPublic;
}

/**
 * @param token that verified; `undefined` on a route that only reports, where it did not or there is none: nobody's sessions are apart from
 *   those of all others.
 * @param credential the token as it was sent, which is the owner where the token has no subject.
 * @returns bytes that no two owners share: each field has its length before it. UTF-16, which keeps apart what JSON can write and UTF-8
 *   cannot (lone surrogates).
 */
export function encodeOwner(
  { id }: Pick<Route, 'id'>,
  token: AccessToken | undefined,
  credential: string | undefined,
): Buffer {
  if (!token) return encodeFields([id, 'nobody', '', '', '', '']);
  const client = readClient(token.claims);
  const ofClient = client === undefined ? ['no client', ''] : ['client', client];
  return encodeFields([id, ...readSubject(token, credential), token.issuer, ...ofClient]);
}

/** RFC 7519 section 4.1.2: a string. Of anything else, or an empty one, nobody knows whom it stands for. */
function readSubject({ claims: { sub } }: AccessToken, credential: string | undefined): readonly [string, string] {
  if (typeof sub === 'string' && sub !== '') return ['subject', sub];
  if (credential === undefined) throw new Error('a token without a subject, and without itself');
  return ['token', createHash('sha256').update(credential).digest('hex')];
}

function encodeFields(fields: readonly string[]): Buffer {
  return Buffer.concat(fields.flatMap(field => withLength(Buffer.from(field, 'utf16le'))));
}

/** @returns `bytes` behind their number, in four bytes. */
export function withLength(bytes: Buffer): readonly [Buffer, Buffer] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}
