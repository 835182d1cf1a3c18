/** A token endpoint (RFC 8693, RFC 7523) on loopback that issues JWTs for whom it is asked, and records what it was sent. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from './listener.ts';
import type { TokenIssuer } from './token-issuer.ts';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface ExchangeCall {
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

export type AnswerExchange = (response: ServerResponse, call: ExchangeCall) => unknown;

export interface ExchangeServer {
  readonly origin: string;
  readonly endpoint: string;
  readonly calls: readonly ExchangeCall[];
  /** Replaces the answer; `undefined` for the usual one. */
  answer: AnswerExchange | undefined;
  /** The usual answer waits for it. */
  hold: Promise<void> | undefined;
  /** Members that the usual answer has beside its own, or instead. `undefined` takes one away. */
  members: Readonly<Record<string, unknown>>;
  /** Claims of the issued token, likewise. */
  claims: Readonly<Record<string, unknown>>;
  /** Every token that was issued. */
  readonly issued: readonly string[];
  /** @returns the calls, once there are `count` of them. */
  called(count: number): Promise<readonly ExchangeCall[]>;
  close(): Promise<void>;
}

/** @param signer of the issued tokens. @returns the endpoint; it is as strict as RFC 8693 section 2.1 about what it is sent. */
export async function startExchangeServer(signer: TokenIssuer): Promise<ExchangeServer> {
  const calls: ExchangeCall[] = [];
  const issued: string[] = [];
  const server = createServer(async (request, response) => {
    const call = { headers: request.headers, form: new URLSearchParams(await text(request)) };
    calls.push(call);
    server.emit('call');
    if (exchange.answer) return void exchange.answer(response, call);
    await exchange.hold;
    const error = findError(call);
    if (error !== undefined) return sendJson(response, 400, { error, error_description: 'see RFC 8693 section 2.1' });
    const token = await signer.sign({ claims: { ...describe(call), ...exchange.claims } });
    issued.push(token);
    sendJson(response, 200, {
      access_token: token,
      issued_token_type: `${TYPE}access_token`,
      token_type: 'Bearer',
      expires_in: 300,
      ...exchange.members,
    });
  });
  const origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const exchange: ExchangeServer = {
    origin,
    endpoint: `${origin}/token`,
    calls,
    issued,
    answer: undefined,
    hold: undefined,
    members: {},
    claims: {},
    called: async count => {
      while (calls.length < count) await once(server, 'call');
      return calls;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return exchange;
}

export function sendJson(response: ServerResponse, status: number, members: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(members));
}

function findError({ form }: ExchangeCall): string | undefined {
  const grant = form.get('grant_type');
  const isOnce = [...form.keys()].every(name => form.getAll(name).length === 1);
  if (!isOnce) return 'invalid_request';
  if (grant === JWT_BEARER) {
    const isWhole = form.has('assertion') && form.get('requested_token_use') === 'on_behalf_of' && form.has('scope');
    return isWhole ? undefined : 'invalid_request';
  }
  if (grant !== EXCHANGE) return 'unsupported_grant_type';
  const isWhole = form.has('subject_token') && form.get('subject_token_type') === `${TYPE}access_token`;
  return isWhole && (form.has('resource') || form.has('audience')) ? undefined : 'invalid_request';
}

/** The audience is what was asked for; with a JWT bearer grant the resource stands before the last slash of the scope. */
function describe({ form }: ExchangeCall): Readonly<Record<string, unknown>> {
  const scope = form.get('scope') ?? undefined;
  const audience = form.get('resource') ?? form.get('audience') ?? scope?.split(' ')[0]?.replace(/[^/]+$/, '');
  return { aud: audience, scope, client_id: 'gateway' };
}
