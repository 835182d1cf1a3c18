/** Asks an issuer about a token (RFC 7662): once for all requests that carry it, and again when its answer no longer counts. */

import { deny } from '../../denial.ts';
import { checkTime, readAccessToken } from '../claims.ts';
import type { AskedToken, Judged } from '../credential-kind.ts';
import type { AnswerCache } from './answer-cache.ts';
import {
  type Answer,
  type IntrospectingIssuer,
  IntrospectionEndpoint,
  IntrospectionError,
} from './introspection-request.ts';

/** `hit`: answered without a call of its own. The others count calls. */
export type IntrospectionOutcome = 'hit' | 'active' | 'inactive' | 'failure';

export interface IntrospectionEvents {
  readonly onIntrospection: (issuer: string, outcome: IntrospectionOutcome) => void;
  /** Called for a failure, but not for each of many in a row; `error` is a short text without secrets. */
  readonly onIntrospectionFailure: (issuer: string, error: string) => void;
}

type Header = { readonly type: string | undefined };

/** Milliseconds between two failures that are logged: during an outage every request has one. */
const FAILURE_LOGGED = 30_000;

/** What one issuer says of a token: `keys_unavailable` where it cannot be asked. */
export class Introspector {
  readonly issuer: IntrospectingIssuer;
  readonly #endpoint: IntrospectionEndpoint;
  readonly #events: IntrospectionEvents;
  readonly #cache: AnswerCache;
  /** By the SHA-256 of the token. */
  readonly #underWay = new Map<string, Promise<Judged>>();
  /** Verifiers that use it: two while one follows the other. */
  #holders = 1;
  #lastError: string | undefined;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(issuer: IntrospectingIssuer, events: IntrospectionEvents, cache: AnswerCache) {
    this.issuer = issuer;
    this.#endpoint = new IntrospectionEndpoint(issuer);
    this.#events = events;
    this.#cache = cache;
  }

  /** @returns this introspector for one more holder, where the issuer is the very same: its settings did not change. */
  retainFor(issuer: IntrospectingIssuer): this | undefined {
    if (issuer !== this.issuer) return undefined;
    this.#holders += 1;
    return this;
  }

  /** After the last holder: ends the calls under way. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#endpoint.close();
  }

  /**
   * @param asked the token is sent to the endpoint, and nowhere else.
   * @param header of a JWT; `undefined` for an opaque token.
   * @returns the access token, if it is in time; `inactive_token`; why the answer is no access token of this issuer;
   *   `keys_unavailable` where there is no answer (RFC 7662 section 2.2).
   */
  judge(asked: AskedToken, header: Header | undefined): Judged | Promise<Judged> {
    const known = this.#cache.find(this.issuer, asked.hash);
    if (known) {
      this.#events.onIntrospection(this.issuer.issuer, 'hit');
      return checkTimeOf(known, asked.now);
    }
    const underWay = this.#underWay.get(asked.hash);
    const startedAt = performance.now();
    const judged = underWay ? this.#share(underWay) : this.#start(asked, header);
    // A token may expire while its issuer is asked.
    return judged.then(settled => checkTimeOf(settled, asked.now + performance.now() - startedAt));
  }

  #start(asked: AskedToken, header: Header | undefined): Promise<Judged> {
    const call = this.#ask(asked, header).finally(() => this.#underWay.delete(asked.hash));
    this.#underWay.set(asked.hash, call);
    return call;
  }

  async #share(underWay: Promise<Judged>): Promise<Judged> {
    const judged = await underWay;
    const isAnswered = judged.ok || judged.reason !== 'keys_unavailable';
    if (isAnswered) this.#events.onIntrospection(this.issuer.issuer, 'hit');
    return judged;
  }

  async #ask({ token, hash, now }: AskedToken, header: Header | undefined): Promise<Judged> {
    const askedAt = performance.now();
    try {
      const answer = await this.#endpoint.ask(token);
      this.#recordAnswer(answer);
      const judged = judgeAnswer(answer, this.issuer, header, now);
      this.#cache.keep(this.issuer, hash, judged, askedAt);
      return judged;
    } catch (error) {
      if (!(error instanceof IntrospectionError)) throw error;
      this.#recordFailure(error.message);
      return deny('keys_unavailable');
    }
  }

  #recordAnswer({ active }: Answer): void {
    this.#lastError = undefined;
    this.#loggedAt = Number.NEGATIVE_INFINITY;
    this.#events.onIntrospection(this.issuer.issuer, active ? 'active' : 'inactive');
  }

  #recordFailure(error: string): void {
    this.#events.onIntrospection(this.issuer.issuer, 'failure');
    const now = performance.now();
    const isNew = error !== this.#lastError || now - this.#loggedAt >= FAILURE_LOGGED;
    this.#lastError = error;
    if (!isNew) return;
    this.#loggedAt = now;
    this.#events.onIntrospectionFailure(this.issuer.issuer, error);
  }
}

/** The answer may leave out `iss`: it is of the issuer that was asked. Another one is another issuer's word. */
export function judgeAnswer(
  answer: Answer,
  issuer: IntrospectingIssuer,
  header: Header | undefined,
  now: number,
): Judged {
  if (!answer.active) return deny('inactive_token');
  const { iss = issuer.issuer } = answer.claims;
  if (iss !== issuer.issuer) return deny('untrusted_issuer');
  return readAccessToken({ claims: { ...answer.claims, iss }, header, isIntrospected: true }, issuer, now);
}

/** Judged at each request: the answer may be kept beyond the end of the token. */
function checkTimeOf(judged: Judged, now: number): Judged {
  return judged.ok ? checkTime(judged, now) : judged;
}
