/** What comes of the request: the exact answer of the gateway, or what the upstream gets. */

import { STATUS_CODES } from 'node:http';
import { createChallenge } from '../../../challenge/challenge.ts';
import { createDocument, createRefusal } from '../../../challenge/refusal.ts';
import type { LocalReply } from '../../../client/local-reply.ts';
import type { Reason } from '../../../denial.ts';
import { createHeaderPolicy, createRequestHeaders } from '../../../upstream/request-headers.ts';
import { targetOf } from '../../../upstream/upstreams.ts';
import { type Judgement, reasonOf } from './evaluation.ts';

export interface Response {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface Forwarding {
  /** Without a query, which is forwarded as it is. */
  readonly url: string;
  readonly isTokenForwarded: boolean;
  /** `undefined`: the token has no such claim, or no header can carry it. */
  readonly identity: readonly { readonly header: string; readonly claim: string; readonly value: string | undefined }[];
}

/** Of the length of a real one, so that Content-Length is right. */
const NO_REQUEST = '00000000-0000-0000-0000-000000000000';
export const REQUEST_ID = '<request_id>';

/** @returns the answer of the gateway itself: to a refusal, to a would-be denial if it were refused, or with metadata. */
export function foreseeResponse(judgement: Judgement): Response | undefined {
  const reason = reasonOf(judgement);
  if (reason !== undefined) return readAnswer(refuse(judgement, reason));
  return typeof judgement.metadata === 'string' ? readAnswer(createDocument(judgement.metadata)) : undefined;
}

/** @returns what goes to the upstream; `undefined` where nothing does. */
export function foreseeForwarding({ decision, head, match }: Judgement): Forwarding | undefined {
  if (!decision?.grant || !head.ok || !match?.ok) return undefined;
  const { route } = match;
  const policy = createHeaderPolicy(route);
  const client = { forwardedFor: '', authority: head.authority, protocol: 'http' };
  const fields = createRequestHeaders(policy, [], client, decision.grant.identity);
  return {
    url: `${route.upstream.origin}${targetOf(decision.grant, { query: '' })}`,
    isTokenForwarded: policy.forwardToken,
    identity: policy.identity.map(([header, claim]) => ({ header, claim, value: readField(fields, header) })),
  };
}

function refuse({ decision, match, metadata }: Judgement, reason: Reason): LocalReply {
  const denial = decision?.denial;
  const route = match?.ok ? match.route : undefined;
  const challenge = route && !route.public ? createChallenge(reason, route, denial?.scopes ?? []) : undefined;
  const allow = typeof metadata === 'string' ? ['GET', 'HEAD'] : denial?.allow;
  return createRefusal(reason, { requestId: NO_REQUEST, challenge, allow });
}

function readAnswer({ status, headers, body }: LocalReply): Response {
  const names = headers.filter((_, index) => index % 2 === 0);
  return {
    status,
    statusText: STATUS_CODES[status] ?? '',
    headers: names.map((name, index) => [name, headers[2 * index + 1] ?? '']),
    body: body.replace(NO_REQUEST, REQUEST_ID),
  };
}

/** Fields are UTF-8, one Latin-1 character a byte. */
function readField(fields: readonly string[], name: string): string | undefined {
  const index = fields.findIndex((field, at) => at % 2 === 0 && field === name);
  const value = index === -1 ? undefined : fields[index + 1];
  return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');
}
