/** What the gateway would send for an evaluated request: the exact local reply, or the request to the upstream. */

import { createChallenge } from '../../../challenge/challenge.ts';
import { createDocument, createRefusal, type LocalReply } from '../../../challenge/refusal.ts';
import type { Reason } from '../../../denial.ts';
import { type HeaderList, reduceFields, valuesOf } from '../../../http/header-list.ts';
import type { ClientInfo } from '../../../upstream/client-info/client-info.ts';
import { REQUEST_ID_FIELD } from '../../../upstream/client-info/request-id.ts';
import { createHeaderPolicy, createRequestHeaders } from '../../../upstream/request-headers.ts';
import { targetOf } from '../../../upstream/upstreams.ts';
import { type Evaluation, reasonOf } from './evaluation.ts';

export interface PredictedReply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface PredictedForwarding {
  /** Without the query, which is forwarded unchanged. */
  readonly url: string;
  readonly isTokenForwarded: boolean;
  /** `value` is `undefined` where the token has no such claim, or its value is not valid in a field. */
  readonly identity: readonly { readonly header: string; readonly claim: string; readonly value: string | undefined }[];
}

/** As long as a real request id, so that Content-Length is right. */
const NO_REQUEST = '00000000-0000-0000-0000-000000000000';
const SHOWN_REQUEST_ID = '<request_id>';

/** @returns the local reply: a refusal, the refusal that a stricter mode would send for a reported denial, or metadata. */
export function predictReply(evaluation: Evaluation): PredictedReply | undefined {
  const reason = reasonOf(evaluation);
  if (reason !== undefined) return describeReply(refuse(evaluation, reason));
  const { metadata } = evaluation;
  return metadata?.kind === 'document' ? describeReply(createDocument(metadata.body)) : undefined;
}

/** @returns what is forwarded to the upstream; `undefined` where nothing is. */
export function predictForwarding({ decision, head, match }: Evaluation): PredictedForwarding | undefined {
  if (!decision?.grant || !head.ok || !match?.ok) return undefined;
  const { route } = match;
  const policy = createHeaderPolicy(route);
  const client: ClientInfo = { chain: ['unknown'], authority: head.authority, protocol: 'http' };
  const fields = createRequestHeaders(policy, [], client, NO_REQUEST, decision.grant.identity);
  return {
    url: `${route.upstream.origin}${targetOf(decision.grant, { query: '' })}`,
    isTokenForwarded: policy.forwardToken,
    identity: policy.identity.map(([header, claim]) => ({ header, claim, value: readField(fields, header) })),
  };
}

function refuse({ decision, match, metadata }: Evaluation, reason: Reason): LocalReply {
  const denial = decision?.denial;
  const route = match?.ok ? match.route : undefined;
  const challenge =
    route && !route.public ? createChallenge(reason, route, denial?.scopes ?? [], denial?.furtherScopes) : undefined;
  const allow = metadata?.kind === 'document' ? ['GET', 'HEAD'] : denial?.allow;
  return createRefusal(reason, { requestId: NO_REQUEST, challenge, allow });
}

function describeReply({ status, headers, body }: LocalReply): PredictedReply {
  const own = reduceFields<[string, string][]>(headers, (fields, name, value) => [...fields, [name, value]], []);
  return {
    status,
    headers: [...own, [REQUEST_ID_FIELD, SHOWN_REQUEST_ID]],
    body: body.replace(NO_REQUEST, SHOWN_REQUEST_ID),
  };
}

/** A field value is UTF-8, with one Latin-1 character per byte. */
function readField(fields: HeaderList, name: string): string | undefined {
  const [value] = valuesOf(fields, name.toLowerCase());
  return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');
}
