/** Answers → verdicts. The status decides: what an answer says in its body cannot be compared between APIs, but for an error next to a 2xx. */

import { parseJsonObject } from '../config/values/key-set/json-web-key-set.ts';
import { valuesOf } from '../http/header-list.ts';
import type { Exchange, Judgement } from './check.ts';
import type { Answer } from './http/probe-client.ts';

export type Reading = 'accepted' | 'refused' | 'unclear';

/** Refusals of credentials (RFC 6750 section 3.1), and of heads that are too large (RFC 6585 section 5). */
const REFUSALS = [400, 401, 403, 431];

/** @returns whether the request was let through. Not found, redirected, failed, and 2xx with an error or a page for people are neither. */
export function readAnswer({ status, body, isPage }: Exchange['answer']): Reading {
  if (isSuccess(status)) return isPage || reportsError(body) ? 'unclear' : 'accepted';
  return REFUSALS.includes(status) ? 'refused' : 'unclear';
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** As GraphQL (`errors`, a list) and JSON-RPC (`error`) report one: neither of them needs another status than 200. */
function reportsError(body: string): boolean {
  const { error, errors } = parseJsonObject(body) ?? {};
  return Boolean(error) || (Array.isArray(errors) && errors.length > 0);
}

const PAGE = 'a page (HTML), where the right token gets none: it may be one to log in';

/** @returns whether the body is HTML. */
export function isHtml({ fields }: Answer): boolean {
  return valuesOf(fields, 'content-type').some(value => /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(value));
}

/** None of the requests may have been accepted. */
export function judgeRefusals(exchanges: readonly Exchange[]): Judgement {
  const accepted = exchanges.filter(({ answer }) => readAnswer(answer) === 'accepted');
  const failed = accepted.find(({ sent }) => sent.mayBeAccepted === undefined);
  if (failed) return { verdict: 'fails', decisive: failed, why: describeCache(failed.answer) };
  const [excused] = accepted;
  if (excused) return { verdict: 'unclear', decisive: excused, why: excused.sent.mayBeAccepted };
  const unclear = exchanges.find(({ answer }) => readAnswer(answer) === 'unclear');
  if (unclear) return { verdict: 'unclear', decisive: unclear, why: describeUnclear(unclear.answer) };
  const [first] = exchanges;
  const isProved = exchanges.some(({ sent }) => sent.refusedAnyway === undefined);
  if (first && !isProved) return { verdict: 'unclear', decisive: first, why: first.sent.refusedAnyway };
  return { verdict: 'holds' };
}

/** RFC 9111 section 5.1: the API itself may never have seen the request. */
function describeCache(answer: Answer): string | undefined {
  return valuesOf(answer.fields, 'age').length > 0
    ? 'a cache gave this answer (Age): it is the cache that does not check'
    : undefined;
}

/** @returns why an answer tells neither that a token was accepted nor that it was refused. */
export function describeUnclear({ status, failure, isPage }: Exchange['answer']): string {
  if (status === 0) return failure ?? 'no answer';
  if (isSuccess(status)) return isPage ? `${status} with ${PAGE}` : `${status} with an error in its body`;
  if (status >= 500) return `${status}: the server failed, which is no refusal`;
  if (status >= 300 && status < 400) return `${status}: a redirect, which the probe does not follow`;
  return `${status} is no refusal of a token`;
}

const ERRORS = ['invalid_request', 'invalid_token', 'insufficient_scope'];

/** @returns status and error code (RFC 6750 section 3.1) of an answer: no text of the server, which may have a token in it. */
export function describeAnswer(answer: Answer): string {
  if (answer.status === 0) return answer.failure ?? 'no answer';
  const error = readError(answer);
  return error === undefined ? String(answer.status) : `${answer.status} ${error}`;
}

/** @returns the error code of the challenge, where it is one that RFC 6750 defines. */
export function readError(answer: Answer): string | undefined {
  const challenge = valuesOf(answer.fields, 'www-authenticate').join(', ');
  return ERRORS.find(name => new RegExp(`\\berror="?${name}"?`).test(challenge));
}
