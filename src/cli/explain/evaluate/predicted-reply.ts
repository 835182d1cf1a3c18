/** What the gateway would send for an evaluated request: the exact local reply, or the request to the upstream. */

import type { Grant } from '../../../authorization/authorize.ts';
import { createChallenge } from '../../../challenge/challenge.ts';
import { createMetadataFields, createMetadataReply, METADATA_METHODS } from '../../../challenge/metadata-reply.ts';
import { createRefusal, type LocalReply } from '../../../challenge/refusal.ts';
import type { Exchange } from '../../../config/exchange-config.ts';
import type { Endpoint } from '../../../config/upstream-config.ts';
import { createCorsFields } from '../../../cors/cors.ts';
import type { Reason } from '../../../denial.ts';
import { type HeaderList, reduceFields, valuesOf } from '../../../http/header-list.ts';
import { findExchange } from '../../../token-exchanging.ts';
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
  /** Of each endpoint; without the query, which is forwarded unchanged. `unix:PATH:TARGET` of a unix socket. */
  readonly urls: readonly string[];
  readonly isTokenForwarded: boolean;
  /** What the token would be exchanged by: nobody is asked here. `undefined` where nothing is exchanged. */
  readonly exchange: Exchange | undefined;
  /** Names of `request_headers`; their values may be secrets. */
  readonly rules: { readonly set: readonly string[]; readonly removed: readonly string[] };
  /** `value` is `undefined` where the token has no such claim, or its value is not valid in a field. */
  readonly identity: readonly { readonly header: string; readonly claim: string; readonly value: string | undefined }[];
}

/** As long as a real request id, so that Content-Length is right. */
const NO_REQUEST = '00000000-0000-0000-0000-000000000000';
const SHOWN_REQUEST_ID = '<request_id>';

/** @returns the local reply: a refusal, the refusal that a stricter mode would send for a reported denial, or metadata. */
export function predictReply(evaluation: Evaluation): PredictedReply | undefined {
  const reply = findReply(evaluation);
  return reply && describeReply(reply, listAddedFields(evaluation));
}

function findReply(evaluation: Evaluation): LocalReply | undefined {
  const reason = reasonOf(evaluation);
  if (reason !== undefined) return refuse(evaluation, reason);
  const { metadata, request } = evaluation;
  const reply = metadata && createMetadataReply(metadata, request.method, []);
  return reply && !('reason' in reply) ? reply : undefined;
}

/** As for a request without Origin, which only browsers send. */
function listAddedFields({ metadata, match }: Evaluation): HeaderList {
  if (metadata) return createMetadataFields(metadata);
  return match?.ok && match.route.cors ? createCorsFields(match.route.cors, []) : [];
}

/** @returns what is forwarded to the upstream; `undefined` where nothing is. */
export function predictForwarding({ decision, head, match }: Evaluation): PredictedForwarding | undefined {
  if (!decision?.grant || !head.ok || !match?.ok) return undefined;
  const { route } = match;
  const policy = createHeaderPolicy(route);
  const client: ClientInfo = { chain: ['unknown'], authority: head.authority, protocol: 'http' };
  const fields = createRequestHeaders(policy, [], client, NO_REQUEST, decision.grant.identity);
  return {
    urls: route.upstream.endpoints.map(endpoint => urlOf(endpoint, decision.grant)),
    isTokenForwarded: policy.forwardToken,
    exchange: findExchange(decision.grant, head)?.route.exchange,
    rules: { set: [...route.requestHeaders.set.keys()], removed: [...route.requestHeaders.remove] },
    identity: policy.identity.map(([header, claim]) => ({ header, claim, value: readField(fields, header) })),
  };
}

function urlOf(endpoint: Endpoint, grant: Grant): string {
  const { socketPath, origin } = endpoint;
  const target = targetOf(grant, { query: '' }, endpoint);
  return socketPath === undefined ? `${origin}${target}` : `unix:${socketPath}:${target}`;
}

function refuse({ decision, match, metadata }: Evaluation, reason: Reason): LocalReply {
  const denial = decision?.denial;
  const route = match?.ok ? match.route : undefined;
  const challenge =
    route && !route.public ? createChallenge(reason, route, denial?.scopes ?? [], denial?.furtherScopes) : undefined;
  const allow = metadata ? METADATA_METHODS : denial?.allow;
  return createRefusal(reason, { requestId: NO_REQUEST, challenge, allow });
}

function describeReply({ status, headers, body }: LocalReply, added: HeaderList): PredictedReply {
  const all = [...headers, REQUEST_ID_FIELD, SHOWN_REQUEST_ID, ...added];
  return {
    status,
    headers: reduceFields<[string, string][]>(all, (fields, name, value) => [...fields, [name, value]], []),
    body: body.replace(NO_REQUEST, SHOWN_REQUEST_ID),
  };
}

/** A field value is UTF-8, with one Latin-1 character per byte. */
function readField(fields: HeaderList, name: string): string | undefined {
  const [value] = valuesOf(fields, name.toLowerCase());
  return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');
}
