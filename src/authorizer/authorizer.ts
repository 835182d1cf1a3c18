/**
 * The steps of a question that another proxy asks before it forwards by itself, in the order in which they run: `mayAsk`, `serve` (form,
 * original request, path), `DecisionSteps.judge` (token, decision, limits), `#allow`. Only the first and the last differ from the
 * gateway's; a refusal is the very one that the gateway would give.
 */

import type { BlockList } from 'node:net';
import { findMetadata } from '../challenge/metadata.ts';
import type { Config, Route } from '../config/config.ts';
import { isPreflight } from '../cors/cors.ts';
import type { DecisionSteps, OnGrant } from '../decision-steps.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { IncomingRequest } from '../http/server/incoming-request.ts';
import type { Indexes } from '../indexes.ts';
import { publish, refuse } from '../local-replies.ts';
import { readRequestHead } from '../route/request-head.ts';
import { mayOpenWebSocket } from '../route/websocket-handshake.ts';
import type { Transaction } from '../transaction.ts';
import { createNotice } from '../upstream/response-headers.ts';
import { AnswerFields, listSetNames, type SetNames } from './answer-fields.ts';
import { formOriginalReply } from './original-reply.ts';
import { type Form, findForm, readOriginalRequest } from './original-request.ts';
import { createPeerList, isPeer } from './peers.ts';
import { matchSentPath } from './sent-path.ts';

const NOT_A_PEER = { title: 'This address may not ask: authorizer.peers does not have it', status: 403 };
const PROBLEM = Buffer.from(JSON.stringify(NOT_A_PEER));
const PROBLEM_FIELDS: HeaderList = [
  ...['Content-Type', 'application/problem+json'],
  ...['Content-Length', String(PROBLEM.length)],
];

export class Authorizer {
  readonly #indexes: Indexes;
  readonly #steps: DecisionSteps;
  readonly #peers: BlockList;
  readonly #routes: readonly Route[];
  #setNames: SetNames | undefined;
  readonly #allow: Readonly<Record<Form, OnGrant>>;
  /** Made for the first question about a route, as the names are for the first question of all. */
  readonly #fields = new WeakMap<Route, AnswerFields>();

  constructor({ authorizer, routes }: Pick<Config, 'authorizer' | 'routes'>, indexes: Indexes, steps: DecisionSteps) {
    this.#indexes = indexes;
    this.#steps = steps;
    this.#peers = createPeerList(authorizer?.peers ?? []);
    this.#routes = routes;
    this.#allow = {
      envoy: this.#createAllow('envoy'),
      forwarded: this.#createAllow('forwarded'),
      original: this.#createAllow('original'),
    };
  }

  /**
   * @returns whether a connection is one of loopback, of a unix socket, or of `authorizer.peers`. Every other one gets 403 and closes: it is
   *   no client of an API, so its request is neither counted nor logged as one.
   */
  admits(request: IncomingRequest): boolean {
    if (isPeer(this.#peers, request.peer.address)) return true;
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
    // Counts only where rules of an MCP server would have to be judged by messages that come later.
    transaction.isHandshake = mayOpenWebSocket(original.head.fields);

    const head = readRequestHead(original.head);
    if (!head.ok) return refuse(transaction, head.reason);
    transaction.head = head;

    const match = matchSentPath(this.#indexes.routes, head);
    if (!match.ok) return refuse(transaction, match.reason);
    transaction.match = match;
    const { fields } = original.head;
    // CORS is the business of the proxy, which answers the preflight or forwards it: with nobody's identity.
    if (match.route.cors && isPreflight(head.method, fields)) {
      return reply(transaction, this.#fieldsOf(match.route).removeAll(form, fields));
    }
    this.#steps.judge(transaction, head, match, this.#allow[form]);
  }

  #createAllow(form: Form): OnGrant {
    return (transaction, grant) => {
      const { route } = grant.match;
      transaction.responseFields.push(...createNotice(route, grant.reported));
      const { issued, original } = transaction;
      reply(transaction, this.#fieldsOf(route).allow(form, grant, original.fields, issued?.authorization));
    };
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
