/** A reply of ours in the form that node:http and the Fetch standard both take. */

import type { LocalReply } from '../challenge/refusal.ts';

/** @param method of the request: the response to HEAD has no body, and neither have a 204 and a 304. */
export function toReply({ status, headers, body }: LocalReply, method: string | undefined) {
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name = '', value = ''] = headers.slice(index, index + 2);
    fields[name] = name in fields ? `${fields[name]}, ${value}` : value;
  }
  return { status, headers: fields, body: method === 'HEAD' || status === 204 || status === 304 ? null : body };
}
