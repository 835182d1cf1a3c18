/**
 * The steps of a question that another proxy asks before it forwards by itself, in the order in which they run: `admits` (who asks),
 * `serve` (form, original request), `judgeSentRequest` (head, path), `DecisionSteps.judge` (Origin, token, decision, limits), `#allow`.
 * A refusal is the very one that the gateway would give.
 */

import type { BlockList } from 'node:net';
import type { Grant } from '../authorization/authorize.ts';
import { findMetadata } from '../challenge/metadata.ts';
import type { Config, Route } from '../config/config.ts';
import type { DecisionSteps } from '../decision-steps.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { IncomingRequest } from '../http/server/incoming-request.ts';
import type { Indexes } from '../indexes.ts';
import { publish, refuse } from '../local-replies.ts';
import { readRequestHead } from '../route/request-head.ts';
import type { Transaction } from '../transaction.ts';
import { isTrustedPeer } from '../upstream/client-info/client-info.ts';
import { createNotice } from '../upstream/response-headers.ts';
import { AnswerFields, listSetNames, type SetNames } from './answer-fields.ts';
import { formOriginalReply } from './original-reply.ts';
import { type Form, findForm, readOriginalRequest } from './original-request.ts';
import { createPeerList } from './peers.ts';
import { judgeSentRequest, type SentRequestEvents } from './sent-request.ts';

const NOT_A_PEER = { title: 'This address may not ask: authorizer.peers does not have it', status: 403 };
const PROBLEM = Buffer.from(JSON.stringify(NOT_A_PEER));
const PROBLEM_FIELDS: HeaderList = [
  ...['Content-Type', 'application/problem+json'],
  ...['Content-Length', String(PROBLEM.length)],
];

export class Authorizer {
  readonly #indexes: Indexes;
  readonly #steps: DecisionSteps;
  readonly #peers: BlockList | undefined;
  readonly #routes: readonly Route[];
  #setNames: SetNames | undefined;
  readonly #events: Readonly<Record<Form, SentRequestEvents<Transaction>>>;
  /** Made for the first question about a route, as the names are for the first question of all. */
  readonly #fields = new WeakMap<Route, AnswerFields>();

  constructor({ authorizer, routes }: Pick<Config, 'authorizer' | 'routes'>, indexes: Indexes, steps: DecisionSteps) {
    this.#indexes = indexes;
    this.#steps = steps;
    this.#peers = createPeerList(authorizer?.peers ?? []);
    this.#routes = routes;
    this.#events = {
      envoy: this.#createEvents('envoy'),
      forwarded: this.#createEvents('forwarded'),
      original: this.#createEvents('original'),
    };
  }

  /**
   * @returns whether a connection is one of loopback, of a unix socket, or of `authorizer.peers`. Every other one gets 403 and closes: it is
   *   no client of an API, so its request is neither counted nor logged as one.
   */
  admits(request: IncomingRequest): boolean {
    if (isTrustedPeer(this.#peers, request.peer)) return true;
    request.closeAfter();
    request.respond({ status: NOT_A_PEER.status, reason: '', fields: PROBLEM_FIELDS }, PROBLEM);
    return false;
  }

  /** Answers a question, or publishes a metadata document at its own place. */
  readonly serve = (transaction: Transaction): undefined => {
    const { unparsed, head: question } = transaction.request;
    if (unparsed !== undefined) return refuse(transaction, unparsed);
    transaction.request.ignoreExpectation();
    const form = findForm(question.target);
    if (form === undefined) return this.#publish(transaction);
    if (form === 'original') transaction.formReply = formOriginalReply;
    this.#answer(transaction, form);
  };

  /** Only documents: every other path is the business of the proxy that asks. */
  #publish(transaction: Transaction): undefined {
    const head = readRequestHead({ ...transaction.request.head, expects: 'nothing' });
    if (!head.ok) return refuse(transaction, head.reason);
    transaction.head = head;
    const metadata = findMetadata(this.#indexes.metadata, head.target, head.authority);
    if (metadata.kind === 'none') return refuse(transaction, 'no_route');
    publish(transaction, metadata);
  }

  #answer(transaction: Transaction, form: Form): undefined {
    const original = readOriginalRequest(form, transaction.request.head);
    if (!original.ok) return refuse(transaction, original.reason);
    transaction.original = original.head;
    transaction.hasWholeBody = original.hasWholeBody;
    judgeSentRequest(transaction, this.#indexes, this.#steps, this.#events[form]);
  }

  #createEvents(form: Form): SentRequestEvents<Transaction> {
    return {
      // CORS is the business of the proxy, which answers the preflight or forwards it.
      onPreflight: (transaction, route) =>
        reply(transaction, this.#fieldsOf(route).removeAll(form, transaction.original.fields)),
      onGrant: (transaction, grant) => this.#allow(transaction, grant, form),
    };
  }

  #allow(transaction: Transaction, grant: Grant, form: Form): void {
    const { route } = grant.match;
    const { issued, original } = transaction;
    transaction.responseFields.push(...createNotice(route, grant.reported));
    reply(transaction, this.#fieldsOf(route).allow(form, grant, original.fields, issued?.authorization));
  }

  #fieldsOf(route: Route): AnswerFields {
    const known = this.#fields.get(route);
    if (known) return known;
    this.#setNames ??= listSetNames(this.#routes);
    const made = new AnswerFields(route, this.#setNames);
    this.#fields.set(route, made);
    return made;
  }
}

/** Exactly 200: Envoy, nginx, Traefik and Caddy take that for a permission, and do not all agree on what else is one. */
function reply(transaction: Transaction, headers: HeaderList): undefined {
  transaction.reply({ status: 200, headers, body: '' });
}
