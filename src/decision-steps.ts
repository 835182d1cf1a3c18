/**
 * The steps from the route of a request to its grant, in the order in which they run: `judge` (Origin), `#verify` (token), `#decide`
 * (decision, limits), `#ask` (what is asked of an MCP server), `#exchange` (a token for the upstream). The gateway forwards behind them,
 * the authorizer answers: what both must decide alike is decided here. Each step may end in a refusal, and then `next` is not called.
 */

import type { AudienceIndex } from './authorization/audience.ts';
import { authorize, type Grant } from './authorization/authorize.ts';
import { type BodyMemories, createBodyMemories } from './body-memory.ts';
import type { Config, Route } from './config/config.ts';
import type { RevokedTokens } from './config/revoked/revoked-tokens.ts';
import { deny } from './denial.ts';
import type { JudgedRequest } from './judged-request.ts';
import { admit, refuse } from './local-replies.ts';
import { isOriginAllowed } from './mcp/origin.ts';
import { readAsked } from './mcp-asking.ts';
import type { Match } from './route/match.ts';
import type { RequestHead } from './route/request-head.ts';
import { RouteLimits } from './route-limits.ts';
import type { AccessToken } from './token/access-token.ts';
import { readBearerToken } from './token/bearer.ts';
import type { Exchanged } from './token/exchange/issued-tokens.ts';
import type { TokenExchange } from './token/exchange/token-exchange.ts';
import type { TokenVerifier, Verification } from './token/verifier.ts';
import { findExchange } from './token-exchanging.ts';
import type { Transaction } from './transaction.ts';

/** Milliseconds for the body of an MCP request, or for an exchange, after which the issuer may have ended its token. */
const JUDGED_AGAIN = 1_000;
const NO_TOKEN = deny('missing_token');

/** What is done with a request that was granted and is within the limits of its route. A function of its object, not a closure. */
export type OnGrant<T extends JudgedRequest = Transaction> = (transaction: T, grant: Grant, head: RequestHead) => void;

export class DecisionSteps {
  readonly #audiences: AudienceIndex;
  readonly #verifier: TokenVerifier;
  readonly #bodyTimeout: number;
  readonly #limits: RouteLimits;
  readonly #bodies: BodyMemories;
  readonly #exchanges: TokenExchange | undefined;

  /**
   * @param exchanges `undefined` where nothing is forwarded.
   * @param previous of the configuration before: what its requests have taken of the limits is still taken.
   */
  constructor(
    { timeouts }: Pick<Config, 'timeouts'>,
    audiences: AudienceIndex,
    verifier: TokenVerifier,
    exchanges: TokenExchange | undefined,
    previous?: DecisionSteps,
  ) {
    this.#audiences = audiences;
    this.#verifier = verifier;
    this.#exchanges = exchanges;
    this.#bodyTimeout = timeouts.body;
    this.#limits = previous ? previous.#limits : new RouteLimits();
    this.#bodies = previous ? previous.#bodies : createBodyMemories();
  }

  /** Judges a request whose route was found. Returns before the end where something must be waited for. */
  judge<T extends JudgedRequest>(transaction: T, head: RequestHead, match: Match, next: OnGrant<T>): undefined {
    const { mcp } = match.route;
    const isAllowed = !mcp || isOriginAllowed(mcp, transaction.original.fields);
    if (!isAllowed) return refuse(transaction, 'origin_not_allowed');
    const verification = this.#verify(head, match.route);
    if (!(verification instanceof Promise)) return this.#decide(transaction, head, match, verification, next);
    const { revoked } = this.#verifier;
    transaction.wait(verification, result => {
      if (revoked !== this.#verifier.revoked) this.judge(transaction, head, match, next);
      else this.#decide(transaction, head, match, result, next);
    });
  }

  /** Gives back what a request had taken of the limits. Called once, when it is over. */
  finish({ match, isInFlight, body }: JudgedRequest): void {
    if (match && isInFlight) this.#limits.leave(match.route);
    body?.release();
  }

  /** @returns the token, or why there is none. On a public route Authorization is not read, and `authorize` ignores the result. */
  #verify(head: RequestHead, route: Route): Verification | Promise<Verification> {
    if (route.public) return NO_TOKEN;
    const bearer = readBearerToken(head.authorization);
    return bearer.ok ? this.#verifier.judge(bearer.token, Date.now(), route) : bearer;
  }

  /** Decides, and goes on with what is granted and within the limits of its route. */
  #decide<T extends JudgedRequest>(
    transaction: T,
    head: RequestHead,
    match: Match,
    verification: Verification,
    next: OnGrant<T>,
  ): undefined {
    const decision = authorize(this.#audiences, match, head.method, verification, Date.now(), transaction.asked);
    transaction.decision = decision;
    transaction.vouched = verification;
    if ('refused' in decision) return this.#ask(transaction, head, match, verification, next);
    if (!decision.grant) return refuse(transaction, decision.denial.reason, decision.denial);
    // While the token was verified the client may have closed, or sent bytes that ended the connection.
    if (transaction.request.isOver || !admit(this.#limits, transaction, match.route)) return;
    this.#exchange(transaction, decision.grant, head, next);
  }

  /** Goes on once there is a token for the upstream, where the route needs one: with a new look at the client's where that took its time. */
  #exchange<T extends JudgedRequest>(transaction: T, grant: Grant, head: RequestHead, next: OnGrant<T>): undefined {
    const exchanges = this.#exchanges;
    const wanted = exchanges && findExchange(grant, head);
    if (!wanted) transaction.issued = undefined;
    // Judged again, with the token that was issued before.
    if (!wanted || transaction.issued) return void next(transaction, grant, head);
    const exchanged = exchanges.exchange(wanted.route, wanted.subject);
    if (!(exchanged instanceof Promise)) return this.#send(transaction, grant, head, exchanged, next);
    const judged = this.#note(wanted.subject);
    transaction.wait(exchanged, settled => {
      if (transaction.request.isOver) return;
      if (!settled.ok || !this.#mustJudgeAgain(judged)) {
        return this.#send(transaction, grant, head, settled, next);
      }
      transaction.issued = settled;
      this.judge(transaction, head, grant.match, next);
    });
  }

  #send<T extends JudgedRequest>(
    transaction: T,
    grant: Grant,
    head: RequestHead,
    exchanged: Exchanged,
    next: OnGrant<T>,
  ): undefined {
    if (!exchanged.ok) return refuse(transaction, exchanged.reason);
    transaction.issued = exchanged;
    next(transaction, grant, head);
  }

  /** Reads what is asked of an MCP server, and decides on that: with a new look at the token where the body took its time. */
  #ask<T extends JudgedRequest>(
    transaction: T,
    head: RequestHead,
    match: Match,
    verification: Verification,
    next: OnGrant<T>,
  ): undefined {
    if (transaction.request.isOver || !admit(this.#limits, transaction, match.route)) return;
    const judged = this.#note(verification.ok ? verification : undefined);
    readAsked(transaction, head, match.route, this.#bodies, this.#bodyTimeout, asked => {
      transaction.asked = asked;
      if (this.#mustJudgeAgain(judged)) this.judge(transaction, head, match, next);
      else this.#decide(transaction, head, match, verification, next);
    });
  }

  #note(token: Pick<AccessToken, 'expiresAt'> | undefined): Judged {
    return { at: performance.now(), revoked: this.#verifier.revoked, expiresAt: token?.expiresAt };
  }

  /** @returns whether what was found of a token then may not hold any more. */
  #mustJudgeAgain({ at, revoked, expiresAt }: Judged): boolean {
    const hasExpired = expiresAt !== undefined && Date.now() >= expiresAt * 1000;
    return hasExpired || performance.now() - at > JUDGED_AGAIN || revoked !== this.#verifier.revoked;
  }
}

/** When a token was judged, by what was revoked then, and until when it is good. */
interface Judged {
  /** By `performance.now()`. */
  readonly at: number;
  readonly revoked: RevokedTokens;
  readonly expiresAt: number | undefined;
}
