/** How a reply reaches the client through nginx's auth_request, which knows three statuses and discards bodies. */

import type { LocalReply } from '../challenge/refusal.ts';
import type { Reason } from '../denial.ts';
import type { HeaderList } from '../http/header-list.ts';

/** auth_request makes 500 of every other status that is no 2xx. */
const KNOWN: readonly number[] = [200, 401, 403];

/**
 * @param reply as the gateway would send it.
 * @param reason why it refuses.
 * @returns the answer to a question on `/original`: another status is 403, with the real one in `audgate-status`; a body stands in
 *   `audgate-body` as well. The other fields are unchanged.
 */
export function formOriginalReply(reply: LocalReply, reason: Reason | undefined): LocalReply {
  const { status, headers, body } = reply;
  const isKnown = KNOWN.includes(status);
  const told: HeaderList = isKnown
    ? []
    : ['audgate-status', String(status), ...(reason === undefined ? [] : ['audgate-reason', reason])];
  const repeated: HeaderList = body === '' ? [] : ['audgate-body', toAsciiLine(body)];
  return { status: isKnown ? status : 403, headers: [...headers, ...told, ...repeated], body };
}

/** Bodies of ours are JSON, in which every character may be written as its escape (RFC 8259 section 7). */
function toAsciiLine(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
