/** Answers → verdicts. Only a status decides: what an answer says in its body cannot be compared between APIs. */

import type { Exchange, Judgement } from './check.ts';
import type { Answer } from './http/probe-client.ts';

export type Reading = 'accepted' | 'refused' | 'unclear';

/** Refusals of credentials (RFC 6750 section 3.1), and of heads that are too large (RFC 6585 section 5). */
const REFUSALS = [400, 401, 403, 431];

/** @returns whether the request was let through. Not found, redirected and failed are neither. */
export function readAnswer({ status }: Answer): Reading {
  if (status >= 200 && status < 300) return 'accepted';
  return REFUSALS.includes(status) ? 'refused' : 'unclear';
}

/** None of the requests may have been accepted. */
export function judgeRefusals(exchanges: readonly Exchange[]): Judgement {
  const accepted = exchanges.find(({ answer }) => readAnswer(answer) === 'accepted');
  if (accepted) return { verdict: 'fails', decisive: accepted };
  const unclear = exchanges.find(({ answer }) => readAnswer(answer) === 'unclear');
  if (unclear) return { verdict: 'unclear', decisive: unclear, why: describeUnclear(unclear.answer) };
  return { verdict: 'holds' };
}

/** @returns why an answer tells neither that a token was accepted nor that it was refused. */
export function describeUnclear({ status, failure }: Answer): string {
  if (status === 0) return failure ?? 'no answer';
  if (status >= 500) return `${status}: the server failed, which is no refusal`;
  if (status >= 300 && status < 400) return `${status}: a redirect, which the probe does not follow`;
  return `${status} is no refusal of a token`;
}

/** @returns every value of a field. @param name in lower case. */
export function valuesOf({ fields }: Answer, name: string): readonly string[] {
  return fields.flatMap(([each, value]) => (each === name ? [value] : []));
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
  const challenge = valuesOf(answer, 'www-authenticate').join(', ');
  return ERRORS.find(name => new RegExp(`\\berror="?${name}"?`).test(challenge));
}
