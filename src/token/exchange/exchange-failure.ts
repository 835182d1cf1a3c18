/** Why a token was not exchanged, for the reply and the log. What the endpoint says is text of a peer: it is cut, and holds no token. */

import type { Denial } from '../../denial.ts';

export type ExchangeReason = 'exchange_refused' | 'exchange_unavailable';

export interface ExchangeFailure extends Denial<ExchangeReason> {
  /** In words of ours. */
  readonly why: string;
  /** Of the endpoint's answer; `undefined` where there was none. */
  readonly status: number | undefined;
  /** Of an error response (RFC 6749 section 5.2), each at most as long as it may be logged. */
  readonly error: string | undefined;
  readonly description: string | undefined;
}

/** @returns the failure, as a value. */
export function failExchange(
  reason: ExchangeReason,
  why: string,
  more: Partial<Pick<ExchangeFailure, 'status' | 'error' | 'description'>> = {},
): ExchangeFailure {
  return { ok: false, reason, why, status: undefined, error: undefined, description: undefined, ...more };
}

/** Characters that are looked at, and that are logged. */
const MOST_READ = 4_096;
const MOST_SHOWN = 256;
const HIDDEN = '[removed]';
/** Characters of a secret in a row that give it away. */
const WINDOW = 12;
/** A secret shorter than this could be an ordinary word. */
const SHORTEST_SECRET = 8;
/** The header of a JWT, `{"`, and what follows it. */
const JWT = /eyJ[\w-]{8,}[\w.-]*/g;
const RUN = new RegExp(`[\\w.~+/=%-]{${WINDOW},}`, 'g');
/** Long, and with digits among letters of both cases: an encoded credential, whichever it is. A UUID has 36 characters of one case. */
const ENCODED = /[\w+/=-]{40,}/g;
const [UPPER, LOWER, DIGIT] = [/[A-Z]/, /[a-z]/, /\d/];

/**
 * @param text what a peer wrote.
 * @param secrets what was sent to it, so that it may have repeated all or a part of it, also encoded as it was sent.
 * @returns at most 256 characters, without anything of `secrets`; `undefined` for what is no text.
 */
export function quotePeer(text: unknown, secrets: readonly string[]): string | undefined {
  if (typeof text !== 'string') return undefined;
  const spellings = secrets.filter(({ length }) => length >= SHORTEST_SECRET).flatMap(spell);
  let shown = text.slice(0, MOST_READ);
  for (const spelling of spellings) shown = shown.replaceAll(spelling, HIDDEN);
  shown = shown.replace(JWT, HIDDEN).replace(RUN, run => (isPartOf(spellings, run) ? HIDDEN : run));
  return shown.replace(ENCODED, run => (isEncoded(run) ? HIDDEN : run)).slice(0, MOST_SHOWN);
}

/** @returns `secret` as it is, and as a form, a URL and Basic (RFC 7617 section 2) have it. */
function spell(secret: string): readonly string[] {
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  const url = secret.isWellFormed() ? encodeURIComponent(secret) : form;
  return [...new Set([secret, form, url, Buffer.from(secret).toString('base64')])];
}

function isEncoded(run: string): boolean {
  return UPPER.test(run) && LOWER.test(run) && DIGIT.test(run);
}

function isPartOf(secrets: readonly string[], run: string): boolean {
  for (let at = 0; at + WINDOW <= run.length; at += 1) {
    const part = run.slice(at, at + WINDOW);
    if (secrets.some(secret => secret.includes(part))) return true;
  }
  return false;
}
