/** `revoked`: a list of entries, or the file that has it. What an entry must name is checked in revoked/revoked-list.ts. */

import { z } from 'zod';
import { INSTANT, INSTANT_FORM, parseInstant } from '../values/instant.ts';
import { accept, type ParsedValue, reject } from '../values/parsed-value.ts';
import { text } from './building-blocks.ts';
import { nonEmpty } from './scalars.ts';

const REFERENCE = /^\$\{file:([^}]+)\}$/;
const LIST_FILE = '${file:PATH} of a file with a YAML or JSON list';

function parseReference(written: string): ParsedValue<ListFile> {
  const [, name] = REFERENCE.exec(written) ?? [];
  return name === undefined ? reject('is neither a list nor the file of one') : accept({ name });
}

/** A file with the list, as the configuration names it. */
export interface ListFile {
  readonly name: string;
}

export const revokedEntry = z
  .strictObject({
    jti: nonEmpty.optional().describe('The id of one token'),
    sub: nonEmpty.optional().describe('A subject, of the issuer in iss'),
    iss: nonEmpty.optional().describe('An issuer, as under issuers'),
    client_id: nonEmpty.optional().describe('The client of the token: its client_id, azp, appid or cid'),
    issued_before: text(INSTANT, parseInstant, INSTANT_FORM)
      .optional()
      .describe('Tokens whose iat is before this time, and tokens without iat'),
  })
  .meta({ minProperties: 1, dependencies: { sub: ['iss'] } });

export type RevokedSettings = z.output<typeof revokedEntry>;

const listFile = text(LIST_FILE, parseReference, REFERENCE);

/** For the JSON Schema. */
export const revoked = z.union([z.array(revokedEntry), listFile]);

/** The entries are read one by one, so that each error has its place. */
export const unreadRevoked = z.union([z.array(z.unknown(), { error: 'a list of entries' }), listFile]);
