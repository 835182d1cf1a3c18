/**
 * The steps for a request that a service has received by itself: those of the authorizer (`judgeSentRequest`, `DecisionSteps.judge`), without
 * a question that another proxy asks.
 */

import type { Grant } from '../authorization/authorize.ts';
import { judgeSentRequest } from '../authorizer/sent-request.ts';
import { findMetadata } from '../challenge/metadata.ts';
import type { LocalReply } from '../challenge/refusal.ts';
import type { Config } from '../config/config.ts';
import { DecisionSteps } from '../decision-steps.ts';
import type { Reason } from '../denial.ts';
import type { RequestHead as ParsedHead } from '../http/message.ts';
import { createIndexes, type Indexes } from '../indexes.ts';
import { publish, refuse } from '../local-replies.ts';
import { readRequestHead } from '../route/request-head.ts';
import { TokenVerifier, type VerifierEvents } from '../token/verifier.ts';
import { AskedTransaction } from './asked-transaction.ts';

type Result =
  /** Without a grant: a CORS preflight, which carries no token. */
  | { readonly isAllowed: true; readonly grant: Grant | undefined }
  | { readonly isAllowed: false; readonly reason: Reason; readonly reply: LocalReply };

export type Outcome = Result & {
  /** The id of the route, else its key in the YAML; `undefined` where the request has none. */
  readonly route: string | undefined;
};

export class Decider {
  readonly #indexes: Indexes;
  readonly #verifier: TokenVerifier;
  readonly #steps: DecisionSteps;
  readonly #onFault: (fault: unknown) => void;

  /** @param onFault gets what was thrown while a request was decided on, which is then refused as `internal`. */
  constructor(config: Config, events: VerifierEvents, onFault: (fault: unknown) => void) {
    this.#indexes = createIndexes(config.routes);
    this.#verifier = new TokenVerifier(config.issuers, events, config.revoked);
    this.#steps = new DecisionSteps(config, this.#indexes.audiences, this.#verifier, undefined);
    this.#onFault = onFault;
  }

  /** Settles after the first fetch of every issuer's keys, failed or not. */
  start(): Promise<void> {
    return this.#verifier.start();
  }

  stop(): void {
    this.#verifier.stop();
  }

  /** @returns the reply at the place of a metadata document (RFC 9728 section 3.1), a refusal too; `undefined` at every other place. */
  findDocument(received: ParsedHead): LocalReply | undefined {
    const head = readRequestHead(received);
    if (!head.ok) return undefined;
    const metadata = findMetadata(this.#indexes.metadata, head.target, head.authority);
    if (metadata.kind === 'none') return undefined;
    let published: LocalReply | undefined;
    const onReply = (reply: LocalReply) => {
      published = reply;
    };
    publish(new AskedTransaction(received, undefined, { onReply, onFault: this.#onFault }), metadata);
    return published;
  }

  /**
   * @param body what the caller has read, whole; `undefined` where it has not.
   * @returns the decision. Does not reject: after a fault the request is refused.
   */
  decide(received: ParsedHead, body: Uint8Array | undefined): Promise<Outcome> {
    return new Promise(resolve => {
      let isOver = false;
      const conclude = (result: Result): undefined => {
        if (isOver) return;
        isOver = true;
        this.#steps.finish(transaction);
        resolve({ ...result, route: transaction.match?.route.id });
      };
      const onFault = (fault: unknown) => {
        this.#onFault(fault);
        refuse(transaction, 'internal');
      };
      const onReply = (reply: LocalReply) =>
        conclude({ isAllowed: false, reason: transaction.refusedFor ?? 'internal', reply });
      const transaction = new AskedTransaction(received, body, { onReply, onFault });
      try {
        judgeSentRequest(transaction, this.#indexes, this.#steps, {
          onPreflight: () => conclude({ isAllowed: true, grant: undefined }),
          onGrant: (_, grant) => conclude({ isAllowed: true, grant }),
        });
      } catch (fault) {
        onFault(fault);
      }
    });
  }
}
