/** Asks an issuer about a token (RFC 7662): once for all requests that carry it, and again when its answer no longer counts. */
import { deny } from '../../denial.js';
import { checkTime, readAccessToken } from '../claims.js';
import { IntrospectionEndpoint, IntrospectionError, } from './introspection-request.js';
/** Milliseconds between two failures that are logged: during an outage every request has one. */
const FAILURE_LOGGED = 30_000;
/** What one issuer says of a token: `keys_unavailable` where it cannot be asked. */
export class Introspector {
    issuer;
    #endpoint;
    #events;
    #cache;
    /** By the SHA-256 of the token. */
    #underWay = new Map();
    /** Verifiers that use it: two while one follows the other. */
    #holders = 1;
    #lastError;
    #loggedAt = Number.NEGATIVE_INFINITY;
    constructor(issuer, events, cache) {
        this.issuer = issuer;
        this.#endpoint = new IntrospectionEndpoint(issuer);
        this.#events = events;
        this.#cache = cache;
    }
    /** @returns this introspector for one more holder, where the issuer is the very same: its settings did not change. */
    retainFor(issuer) {
        if (issuer !== this.issuer)
            return undefined;
        this.#holders += 1;
        return this;
    }
    /** After the last holder: ends the calls under way. */
    release() {
        this.#holders -= 1;
        if (this.#holders === 0)
            this.#endpoint.close();
    }
    /**
     * @param asked the token is sent to the endpoint, and nowhere else.
     * @param header of a JWT; `undefined` for an opaque token.
     * @returns the access token, if it is in time; `inactive_token`; why the answer is no access token of this issuer;
     *   `keys_unavailable` where there is no answer (RFC 7662 section 2.2).
     */
    judge(asked, header) {
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
    #start(asked, header) {
        const call = this.#ask(asked, header).finally(() => this.#underWay.delete(asked.hash));
        this.#underWay.set(asked.hash, call);
        return call;
    }
    async #share(underWay) {
        const judged = await underWay;
        const isAnswered = judged.ok || judged.reason !== 'keys_unavailable';
        if (isAnswered)
            this.#events.onIntrospection(this.issuer.issuer, 'hit');
        return judged;
    }
    async #ask({ token, hash, now }, header) {
        const askedAt = performance.now();
        try {
            const answer = await this.#endpoint.ask(token);
            this.#recordAnswer(answer);
            const judged = judgeAnswer(answer, this.issuer, header, now);
            this.#cache.keep(this.issuer, hash, judged, askedAt);
            return judged;
        }
        catch (error) {
            if (!(error instanceof IntrospectionError))
                throw error;
            this.#recordFailure(error.message);
            return deny('keys_unavailable');
        }
    }
    #recordAnswer({ active }) {
        this.#lastError = undefined;
        this.#loggedAt = Number.NEGATIVE_INFINITY;
        this.#events.onIntrospection(this.issuer.issuer, active ? 'active' : 'inactive');
    }
    #recordFailure(error) {
        this.#events.onIntrospection(this.issuer.issuer, 'failure');
        const now = performance.now();
        const isNew = error !== this.#lastError || now - this.#loggedAt >= FAILURE_LOGGED;
        this.#lastError = error;
        if (!isNew)
            return;
        this.#loggedAt = now;
        this.#events.onIntrospectionFailure(this.issuer.issuer, error);
    }
}
/** The answer may leave out `iss`: it is of the issuer that was asked. Another one is another issuer's word. */
export function judgeAnswer(answer, issuer, header, now) {
    if (!answer.active)
        return deny('inactive_token');
    const { iss = issuer.issuer } = answer.claims;
    if (iss !== issuer.issuer)
        return deny('untrusted_issuer');
    return readAccessToken({ claims: { ...answer.claims, iss }, header, isIntrospected: true }, issuer, now);
}
/** Judged at each request: the answer may be kept beyond the end of the token. */
function checkTimeOf(judged, now) {
    return judged.ok ? checkTime(judged, now) : judged;
}
