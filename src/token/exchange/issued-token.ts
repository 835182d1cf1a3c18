/** The answer of a token endpoint (RFC 8693 section 2.2, RFC 6749 section 5) → the issued token, or why it is not sent to an upstream. */

import type { Exchange } from '../../config/exchange-config.ts';
import { readJsonAnswer } from '../fetching/json-answer.ts';
import { isJwt } from '../introspection/introspection.ts';
import { readCompactJws } from '../jws/compact-jws.ts';
import { type ExchangeFailure, failExchange, quotePeer } from './exchange-failure.ts';

const issued = Symbol('issued');

/** A token for the upstream. Only this file makes one, so that no text of a request can be taken for it. */
export interface IssuedToken {
  readonly [issued]: true;
  readonly ok: true;
  /** The value of Authorization; a secret. */
  readonly authorization: string;
  /** `aud` of a JWT; empty for an opaque token. */
  readonly audience: readonly string[];
  /** Milliseconds since 1970, by its own `exp` and its `expires_in`. */
  readonly expiresAt: number;
}

/** What the endpoint sent. */
export interface TokenAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
  /** When it was asked: milliseconds since 1970. */
  readonly askedAt: number;
}

type Members = Readonly<Record<string, unknown>>;

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json[ \t]*(?:;|$)/i;
/** RFC 6750 section 2.1 has fewer; opaque tokens with others exist. No blank, comma or quote: one value, and one credential. */
const TOKEN = /^[\x21\x23-\x2b\x2d-\x7e]{1,65536}$/;
const ACCEPTED_TYPES: readonly unknown[] = ['access_token', 'jwt'].map(
  type => `urn:ietf:params:oauth:token-type:${type}`,
);
/** The gateway is not the client that these mean: its own settings are wrong. */
const OWN_ERRORS = ['invalid_client', 'unauthorized_client'];
/** Milliseconds for which a token is kept that says nothing of its end. */
const UNKNOWN_LIFETIME = 60_000;

/** @param subjectToken what was sent. It is never accepted as the answer. @param secrets are not repeated, as in `quotePeer`. */
export function readTokenAnswer(
  answer: TokenAnswer,
  settings: Exchange,
  subjectToken: string,
  secrets: readonly string[],
): IssuedToken | ExchangeFailure {
  const members = readMembers(answer);
  if (answer.status !== 200) return readError(answer.status, members, secrets);
  const token = members?.['access_token'];
  if (members === undefined || typeof token !== 'string' || !TOKEN.test(token)) {
    return failExchange('exchange_unavailable', 'the answer has no access token', { status: 200 });
  }
  const wrong =
    findWrongType(members, settings) ?? (token === subjectToken ? 'the answer is the token itself' : undefined);
  if (wrong !== undefined) return refuse(wrong);
  return isJwt(token)
    ? readJwt(token, members, settings, answer.askedAt)
    : readOpaque(token, members, settings, answer.askedAt);
}

/** A server that names no media type is believed; one that names another one answers something else. */
function readMembers({ contentType, text }: TokenAnswer): Members | undefined {
  if (contentType !== null && !JSON_TYPE.test(contentType)) return undefined;
  const members = readJsonAnswer(text);
  return typeof members === 'string' ? undefined : members;
}

/** Whether the caller's token is to blame, or the gateway and the endpoint. */
function readError(status: number, members: Members | undefined, secrets: readonly string[]): ExchangeFailure {
  const { error, error_description } = members ?? {};
  const isError = status >= 400 && status < 500 && typeof error === 'string' && error !== '';
  const isOurs = !isError || status === 401 || status === 429 || OWN_ERRORS.includes(error);
  const said = { error: quotePeer(error, secrets), description: quotePeer(error_description, secrets) };
  const why = isError ? 'the endpoint refuses' : `the answer has status ${status}`;
  return failExchange(isOurs ? 'exchange_unavailable' : 'exchange_refused', why, { status, ...said });
}

/** `issued_token_type` is required by RFC 8693; the answer to a JWT bearer grant has none. */
function findWrongType({ issued_token_type, token_type }: Members, { grant }: Exchange): string | undefined {
  const isTold = issued_token_type !== undefined || grant === 'token-exchange';
  if (isTold && !ACCEPTED_TYPES.includes(issued_token_type))
    return 'the issued_token_type is neither access_token nor jwt';
  const type = typeof token_type === 'string' ? token_type.toLowerCase() : undefined;
  return type === 'bearer' || type === 'n_a' ? undefined : 'the token_type is neither Bearer nor N_A';
}

function readOpaque(
  token: string,
  members: Members,
  { opaque }: Exchange,
  askedAt: number,
): IssuedToken | ExchangeFailure {
  if (!opaque) return refuse('the issued token is opaque, so that its audience cannot be checked');
  const expiresAt = readExpiresIn(members, askedAt) ?? askedAt + UNKNOWN_LIFETIME;
  return createIssued(token, [], expiresAt);
}

/** Its signature is for the upstream to verify; the endpoint that sent it is known. */
function readJwt(
  token: string,
  members: Members,
  { resource, audience: wanted }: Exchange,
  askedAt: number,
): IssuedToken | ExchangeFailure {
  const jws = readCompactJws(token);
  if (!jws.ok) return refuse('the issued token is a JWT that cannot be read');
  const { aud = [], exp } = jws.claims;
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!isTexts(audience)) return refuse('the issued token has an aud that cannot be read');
  const isFor = (target: string | undefined) => target !== undefined && audience.includes(target);
  if (!isFor(resource) && !isFor(wanted)) return refuse('the issued token is for another audience');
  // A time that cannot be read is no time at all: such a token is not kept.
  const ownEnd = exp === undefined ? undefined : typeof exp === 'number' ? exp * 1000 : 0;
  const toldEnd = readExpiresIn(members, askedAt);
  const known = [ownEnd, toldEnd].filter(end => end !== undefined);
  return createIssued(token, audience, known.length > 0 ? Math.min(...known) : askedAt + UNKNOWN_LIFETIME);
}

/** @returns milliseconds since 1970; the past for what is no number of seconds. Some servers write it as a string. */
function readExpiresIn({ expires_in }: Members, askedAt: number): number | undefined {
  if (expires_in === undefined || expires_in === null) return undefined;
  const isWritten = typeof expires_in === 'string' && /^\d{1,12}(?:\.\d{1,6})?$/.test(expires_in);
  const seconds = isWritten ? Number(expires_in) : expires_in;
  return typeof seconds === 'number' && seconds > 0 ? askedAt + seconds * 1000 : 0;
}

function createIssued(token: string, audience: readonly string[], expiresAt: number): IssuedToken {
  return { [issued]: true, ok: true, authorization: `Bearer ${token}`, audience, expiresAt };
}

function refuse(why: string): ExchangeFailure {
  return failExchange('exchange_refused', why, { status: 200 });
}

function isTexts(values: readonly unknown[]): values is readonly string[] {
  return values.every(value => typeof value === 'string');
}
