/**
 * The second kind of credential: tokens that an issuer is asked about (RFC 7662), opaque ones and, with `jwt: true`, JWTs. Which
 * issuer is asked follows from the configuration, or from the `iss` of a JWT; a token is shown to no other.
 */

import type { Issuer } from '../../config/config.ts';
import { mayExcuse } from '../../config/exceptions/exception.ts';
import { parseJsonObject } from '../../config/values/key-set/json-web-key-set.ts';
import { deny, isRefused } from '../../denial.ts';
import type { AccessToken } from '../access-token.ts';
import { readClient } from '../client.ts';
import type { AskedToken, AskingRoute, CredentialKind, Judged } from '../credential-kind.ts';
import { readCompactJws } from '../jws/compact-jws.ts';
import { AnswerCache } from './answer-cache.ts';
import type { IntrospectingIssuer } from './introspection-request.ts';
import { type IntrospectionEvents, Introspector } from './introspector.ts';

/** RFC 6749 appendix A.12, without the blank, which no Authorization field can have within a token. */
const VISIBLE = /^[\x21-\x7e]+$/;

export class Introspection implements CredentialKind {
  readonly #introspectors: ReadonlyMap<string, Introspector>;
  /** Those that are asked about JWTs which no key could verify. */
  readonly #unkeyed: ReadonlyMap<string, Introspector>;
  readonly #cache: AnswerCache;

  /**
   * @param issuers of the configuration.
   * @param previous of the verifier that is replaced: what unchanged issuers said still counts.
   */
  constructor(issuers: Iterable<Issuer>, events: IntrospectionEvents, previous?: Introspection) {
    this.#cache = previous ? previous.#cache : new AnswerCache();
    const known = previous ? previous.#introspectors : new Map<string, Introspector>();
    const retain = (issuer: IntrospectingIssuer) => known.get(issuer.issuer)?.retainFor(issuer);
    const introspecting = [...issuers].filter(isIntrospecting);
    this.#introspectors = new Map(
      introspecting.map(issuer => [issuer.issuer, retain(issuer) ?? new Introspector(issuer, events, this.#cache)]),
    );
    this.#unkeyed = new Map([...this.#introspectors].filter(([, introspector]) => asksWithoutKeys(introspector)));
  }

  /** Whether there is an issuer that can be asked. */
  get isConfigured(): boolean {
    return this.#introspectors.size > 0;
  }

  /**
   * @param verify verifies a JWT by keys.
   * @returns the access token, in time, or the first reason against it. A JWT is verified before anybody is asked about it.
   */
  judge(asked: AskedToken, route: AskingRoute, verify: () => Judged | Promise<Judged>): Judged | Promise<Judged> {
    if (!isJwt(asked.token)) return this.#judgeOpaque(asked, route);
    const unkeyed = this.#findUnkeyed(asked.token, route);
    if (unkeyed) return unkeyed.introspector.judge(asked, unkeyed.header);
    const verified = verify();
    return verified instanceof Promise
      ? verified.then(settled => this.#confirm(settled, asked, route))
      : this.#confirm(verified, asked, route);
  }

  /** Ends the calls under way, except of issuers that the next verifier has taken over. */
  release(): void {
    for (const introspector of this.#introspectors.values()) introspector.release();
  }

  /** With no issuer to ask, or several, nobody is asked: an opaque token does not say whose it is. */
  #judgeOpaque(asked: AskedToken, route: AskingRoute): Judged | Promise<Judged> {
    const possible = [...this.#introspectors.values()].filter(({ issuer }) => route.issuers.has(issuer.issuer));
    const [introspector, ...more] = possible;
    if (introspector === undefined || more.length > 0 || !isOpaqueForm(asked.token)) return deny('malformed_token');
    return introspector.judge(asked, undefined);
  }

  /** @returns whom to ask about a JWT that no key could verify, and what its header says of its type. */
  #findUnkeyed(token: string, route: AskingRoute) {
    if (this.#unkeyed.size === 0) return undefined;
    const jws = readCompactJws(token);
    const introspector = jws.ok ? this.#unkeyed.get(String(jws.claims['iss'])) : undefined;
    if (!jws.ok || !introspector || !route.issuers.has(introspector.issuer.issuer)) return undefined;
    return { introspector, header: { type: jws.type } };
  }

  /**
   * Asks about a verified JWT where its issuer has `jwt: true`. Not asked: a token that the route refuses anyway, for its issuer
   * or its kind and no exception excuses that. What the JWT says of its kind counts beside what the answer says.
   */
  #confirm(verified: Judged, asked: AskedToken, route: AskingRoute): Judged | Promise<Judged> {
    if (!verified.ok || !route.issuers.has(verified.issuer)) return verified;
    const introspector = this.#introspectors.get(verified.issuer);
    if (!introspector?.issuer.introspection.includesJwts) return verified;
    if (isForeign(verified) && isForeignRefused(verified, route)) return verified;
    const judged = introspector.judge(asked, { type: verified.type });
    const isExcused = mayExcuse(route, readClient(verified.claims), 'wrong_token_type');
    const add = (settled: Judged) => withSigned(settled, verified, isExcused);
    return judged instanceof Promise ? judged.then(add) : add(judged);
  }
}

/**
 * @returns whether the part before the first dot decodes to a JSON object: then it is a JWT, in whatever form, and is never treated
 *   as opaque. More lenient than what reads a JWT, so that no JWT of one issuer is shown to another.
 */
export function isJwt(token: string): boolean {
  const [first = ''] = token.split('.', 1);
  return parseJsonObject(Buffer.from(first, 'base64').toString('utf8')) !== undefined;
}

/** @returns whether `token`, which is no JWT, may be shown to an issuer. */
export function isOpaqueForm(token: string): boolean {
  return VISIBLE.test(token);
}

function isIntrospecting(issuer: Issuer): issuer is IntrospectingIssuer {
  return issuer.introspection !== undefined;
}

function asksWithoutKeys({ issuer }: Introspector): boolean {
  return issuer.introspection.includesJwts && issuer.keySource.kind === 'none';
}

/** An excused token is asked about: what the issuer says of it is still judged. */
function isForeignRefused({ claims }: AccessToken, route: AskingRoute): boolean {
  const reason = 'wrong_token_type';
  return isRefused(reason, route.enforcement) && !mayExcuse(route, readClient(claims), reason);
}

function isForeign({ kind, typeAccepted }: AccessToken): boolean {
  return kind !== undefined || !typeAccepted;
}

/**
 * What was signed counts beside the answer: the kind, what names the token, and, where the answer has no claims, all of it. Where the
 * kind is excused, what the issuer refuses is told in place of it.
 */
function withSigned(judged: Judged, { kind, claims }: AccessToken, isExcused: boolean): Judged {
  const signedClaims = claims;
  if (judged.ok) return { ...judged, kind: judged.kind ?? kind, signedClaims };
  return {
    ...judged,
    kind: judged.kind ?? (isExcused ? undefined : kind),
    claims: judged.claims ?? claims,
    signedClaims,
  };
}
