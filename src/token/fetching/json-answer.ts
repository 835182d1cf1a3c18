/** The JSON of an authorization server's answer. */

import { parseJsonObject } from '../../config/values/key-set/json-web-key-set.ts';
import { hasDuplicateMembers } from '../jws/json-object.ts';

/** What is wrong with an answer, as a message has it. */
export type JsonFault = 'is not a JSON object' | 'has a member twice';

/** @returns the members; of two of one name it would be open which counts (RFC 8259 section 4). A byte order mark is skipped. */
export function readJsonAnswer(text: string): Readonly<Record<string, unknown>> | JsonFault {
  const members = parseJsonObject(text);
  if (members === undefined) return 'is not a JSON object';
  return hasDuplicateMembers(text.replace(/^\uFEFF/, '')) ? 'has a member twice' : members;
}
