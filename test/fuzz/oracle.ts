/** What must hold for every case. The table of refusals is written down again here, as in docs/reference/refusals.md. */

import type { Case } from './cases.ts';
import type { FuzzRequest } from './requests.ts';
import type { ResponseReader, SeenResponse } from './response-reader.ts';
import { createUpstreamAnswer, tagOf } from './upstream-answers.ts';

/** The state of the connection when the case was over. `overdue`: nothing happened within the bound. */
export type Ending = 'open' | 'closed' | 'reset' | 'overdue';

export interface Outcome {
  readonly reader: ResponseReader;
  readonly ending: Ending;
  /** The client had disconnected, so that missing responses are no finding. */
  readonly hasLeft: boolean;
}

export interface OracleFacts {
  readonly seed: number;
  readonly marker: string;
}

type Row = readonly [status: number, error?: string];

/** All but `internal`, which no request may produce. */
export const REFUSED: Readonly<Record<string, Row>> = {
  malformed_request: [400],
  headers_too_large: [431],
  request_timeout: [408],
  version_not_supported: [505],
  expectation_failed: [417],
  upgrade_required: [426],
  no_route: [404],
  ambiguous_path: [400],
  method_not_allowed: [405],
  missing_token: [401, ''],
  malformed_credentials: [400, 'invalid_request'],
  malformed_token: [401, 'invalid_token'],
  untrusted_issuer: [401, 'invalid_token'],
  unknown_key: [401, 'invalid_token'],
  inactive_token: [401, 'invalid_token'],
  bad_signature: [401, 'invalid_token'],
  revoked_token: [401, 'invalid_token'],
  token_expired: [401, 'invalid_token'],
  token_not_yet_valid: [401, 'invalid_token'],
  wrong_token_type: [401, 'invalid_token'],
  wrong_audience: [401, 'invalid_token'],
  wrong_claim: [403, ''],
  insufficient_scope: [403, 'insufficient_scope'],
  keys_unavailable: [503],
  origin_not_allowed: [403],
  session_not_found: [404],
  unsupported_media_type: [415],
  mcp_header_mismatch: [400],
  body_too_large: [413],
  overloaded: [503],
  exchange_refused: [403],
  exchange_unavailable: [503],
  upstream_unreachable: [502],
  bad_upstream_response: [502],
  upstream_timeout: [504],
};

/** Fixed words, a status, a reason, a random id: nothing that the client sent. */
const PROBLEM =
  /^\{"title":"[A-Za-z]{1,13}(?: [A-Za-z]{1,13})*","status":(\d{3}),"reason":"([a-z_]+)","request_id":"[0-9a-f-]{36}"\}$/;
const IS_PROBLEM = /\r\ncontent-type: application\/problem\+json(?:\r|$)/i;
const SAYS_CLOSE = /\r\nconnection: close(?:\r|$)/i;
const CHALLENGE = /\r\nwww-authenticate: (Bearer [^\r]*resource_metadata="[^\r]*)/i;
const TAG = /<(\d{1,9})\.(\d)\.[0-9a-f]{8}>/g;

/** @returns what is wrong; empty where everything holds. */
export function checkCase(facts: OracleFacts, each: Case, outcome: Outcome): string[] {
  const { reader, ending } = outcome;
  const findings: string[] = [];
  if (reader.fault !== undefined && !(outcome.hasLeft && ending !== 'open')) findings.push(reader.fault);
  if (ending === 'overdue') findings.push('neither an answer nor the end of the connection within the bound');
  if (each.isWhole) findings.push(...checkPipeline(each, outcome));
  reader.responses.forEach((response, index) => {
    const request = each.isWhole ? each.requests[index] : each.requests[0];
    if (request) findings.push(...checkResponse(facts, each, request, response, index));
  });
  return findings;
}

/** One final response for each request; fewer only where the last one had Connection: close, or its body was cut. */
function checkPipeline({ kind, requests }: Case, { reader, ending }: Outcome): string[] {
  const { responses } = reader;
  const last = responses.findLast(response => response.complete);
  const findings: string[] = [];
  if (reader.upgraded) findings.push('an answer of 101 to a plain request');
  if (responses.length > requests.length) findings.push(`${responses.length} responses to ${requests.length} requests`);
  if (reader.completed >= requests.length || kind === 'answer' || ending === 'overdue') return findings;
  if (ending === 'open' || !last || !SAYS_CLOSE.test(last.head)) {
    findings.push(`${reader.completed} responses to ${requests.length} whole requests, then ${ending}`);
  }
  return findings;
}

function checkResponse(
  facts: OracleFacts,
  each: Case,
  request: FuzzRequest,
  response: SeenResponse,
  index: number,
): string[] {
  const findings = checkSecret(facts, request, response);
  if (IS_PROBLEM.test(response.head)) return [...findings, ...checkProblem(request, response)];
  if (each.kind === 'answer') return [...findings, ...checkAnswer(facts, each, request, response, index)];
  const isExplained =
    response.status === 101 ||
    response.head.includes('\r\nX-Marker: ') ||
    response.body.startsWith('{"resource":') ||
    (response.status === 200 && request.method === 'HEAD') ||
    request.text.includes('/hostile');
  if (!isExplained && response.complete) findings.push(`a response that belongs to no request: ${response.head}`);
  return findings;
}

function checkSecret({ marker }: OracleFacts, { opens }: FuzzRequest, { head, body }: SeenResponse): string[] {
  const text = head + body;
  const at = text.indexOf(marker);
  if (at < 0) return [];
  const letter = /^-(open|\w)/.exec(text.slice(at + marker.length))?.[1] ?? '?';
  return letter === 'open' || opens.has(letter) ? [] : [`the secret of ${letter} was given away`];
}

/** Status, reason and challenge as documented, and nothing else. */
function checkProblem({ method }: FuzzRequest, { status, head, body, complete }: SeenResponse): string[] {
  if (head.includes('eyJ')) return ['a piece of a token in the fields of a refusal'];
  if (!complete) return [];
  if (method === 'HEAD') {
    return Object.values(REFUSED).some(([each]) => each === status) ? [] : [`status ${status} of no refusal`];
  }
  const [, said, reason = ''] = PROBLEM.exec(body) ?? [];
  const [expected, error] = REFUSED[reason] ?? [];
  if (expected !== status || Number(said) !== status) return [`not a refusal as documented: ${status} ${body}`];
  const challenge = CHALLENGE.exec(head)?.[1];
  const isRight = error === '' ? !challenge?.includes('error=') : challenge?.includes(`error="${error}"`);
  if (error !== undefined ? !challenge || !isRight : challenge !== undefined)
    return [`the challenge of ${reason}: ${challenge}`];
  return [];
}

function checkAnswer(
  { seed }: OracleFacts,
  { iteration }: Case,
  { method }: FuzzRequest,
  { status, body, complete }: SeenResponse,
  index: number,
): string[] {
  const own = tagOf(seed, iteration, index);
  for (const [tag, owner, number] of body.matchAll(TAG)) {
    if (tag !== own && tag === tagOf(seed, Number(owner), Number(number)))
      return [`the answer of ${owner}.${number} came here`];
  }
  if (!complete || method === 'HEAD') return [];
  const answer = createUpstreamAnswer(seed, iteration, index);
  if (answer.verdict === 'cut') return [`a cut answer looks whole: ${status} ${JSON.stringify(body.slice(0, 80))}`];
  if (answer.verdict === 'whole' && (status !== answer.status || body !== answer.body)) {
    return [`a whole answer of ${answer.status} came as ${status} ${JSON.stringify(body.slice(0, 80))}`];
  }
  return [];
}
