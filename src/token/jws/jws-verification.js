/** A signed token (JWS) → a verified one: the issuer first, then its key, then the signature, then the shape of the claims. */
import { deny } from '../../denial.js';
import { readAccessToken } from '../claims.js';
import { readCompactJws } from './compact-jws.js';
import { findSigningKey } from './signature.js';
/**
 * @param issuers by `iss`, and `keySets` by the same name.
 * @param now milliseconds since 1970.
 * @returns the verified token, or the first reason against it. Neither its kind, its time nor its audience is checked here. A promise
 *   only where keys are fetched first or the thread pool verifies: for most tokens it would cost more than it is good for.
 */
export function verifyJws(token, issuers, keySets, now) {
    const jws = readCompactJws(token);
    if (!jws.ok)
        return jws;
    const { iss } = jws.claims;
    const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
    if (!issuer)
        return deny('untrusted_issuer');
    // Such an issuer only introspects: none of its keys is known.
    if (issuer.keySource.kind === 'none')
        return deny('unknown_key');
    if (!issuer.algorithms.has(jws.algorithm))
        return deny('bad_signature');
    const keySet = keySets.get(issuer.issuer);
    if (!keySet)
        return deny('keys_unavailable');
    const attempt = { token, jws, issuer, keySet, now };
    const keys = keySet.find(jws.keyId);
    return keys instanceof Promise ? keys.then(found => verifyByKeys(attempt, found)) : verifyByKeys(attempt, keys);
}
function verifyByKeys(attempt, keys) {
    if (!keys)
        return deny('keys_unavailable');
    const { token, jws } = attempt;
    const key = keys.length === 0 ? undefined : findSigningKey(token, jws.algorithm, keys);
    const conclude = (found) => found ? readVerified(attempt, found) : verifyByNewerKeys(attempt, keys);
    return key instanceof Promise ? key.then(conclude) : conclude(key);
}
/** No key verified the token. That may be because the keys at hand are old: then those that are newer are tried, once. */
function verifyByNewerKeys(attempt, tried) {
    const newer = attempt.keySet.findNewer(attempt.jws.keyId, tried);
    return newer instanceof Promise
        ? newer.then(found => concludeByNewerKeys(attempt, tried, found))
        : concludeByNewerKeys(attempt, tried, newer);
}
function concludeByNewerKeys(attempt, tried, newer) {
    if (!newer)
        return deny('keys_unavailable');
    if (newer.length === 0)
        return deny(tried.length === 0 ? 'unknown_key' : 'bad_signature');
    const key = findSigningKey(attempt.token, attempt.jws.algorithm, newer);
    const conclude = (found) => found ? readVerified(attempt, found) : deny('bad_signature');
    return key instanceof Promise ? key.then(conclude) : conclude(key);
}
/**
 * @param attempt whose signature `key` has verified.
 * @returns the token, or `malformed_token` where a claim has another shape than it should.
 */
export function readVerified({ jws, issuer, now }, key) {
    const accessToken = readAccessToken({ claims: jws.claims, header: jws, isIntrospected: false }, issuer, now);
    return accessToken.ok ? { ok: true, accessToken, key, issuer } : accessToken;
}
