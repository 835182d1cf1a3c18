/**
 * Verifies the signature of a JWS (RFC 7515 section 5.2). No other file verifies one.
 *
 * By `crypto.verify` and not by jose: WebCrypto takes every signature through the thread pool and several promises, which costs
 * more than the RSA itself. A test holds the two equal. While it verifies a token, the thread does nothing else: 25 to 150 µs.
 * Where it would take longer, the thread pool verifies.
 */
import { constants, verify } from 'node:crypto';
import { encodeEcdsaSignature } from './ecdsa-signature.js';
/** Candidates that one token without a `kid` may have in this thread; each costs a verification. */
const MOST_INLINE = 4;
/** RFC 7518 section 3.1, RFC 8037, RFC 9864, and ML-DSA. The curve is the key's (`VerificationKey.algorithms`). */
const SCHEMES = new Map([
    ['RS256', { digest: 'sha256' }],
    ['RS384', { digest: 'sha384' }],
    ['RS512', { digest: 'sha512' }],
    ['PS256', { digest: 'sha256', saltLength: 32 }],
    ['PS384', { digest: 'sha384', saltLength: 48 }],
    ['PS512', { digest: 'sha512', saltLength: 64 }],
    ['ES256', { digest: 'sha256', integerSize: 32 }],
    ['ES384', { digest: 'sha384', integerSize: 48 }],
    ['ES512', { digest: 'sha512', integerSize: 66 }],
    ...['EdDSA', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'].map((name) => [
        name,
        { digest: undefined },
    ]),
]);
/**
 * @param token a strict compact JWS, as `readCompactJws` accepts it.
 * @param algorithm the token's `alg`; the caller has checked that it is one of the issuer's `algorithms`.
 * @param keys candidates: several may share a `kid`, and a token may have none. Those that are not for `algorithm` are left out
 *   (RFC 8725 section 3.1).
 * @returns the key that verifies the signature of `token`; `undefined` where none does. A promise only where the thread pool
 *   verifies: many candidates, or a key that is costly.
 */
export function findSigningKey(token, algorithm, keys) {
    const scheme = SCHEMES.get(algorithm);
    if (!scheme)
        return undefined;
    const dot = token.lastIndexOf('.');
    const signature = readSignature(token.slice(dot + 1), scheme);
    if (!signature)
        return undefined;
    const input = Buffer.from(token.slice(0, dot), 'latin1');
    const candidates = keys.filter(key => key.algorithms.has(algorithm));
    if (candidates.length > MOST_INLINE || candidates.some(key => key.isCostly)) {
        return findInThreadPool(scheme, input, signature, candidates);
    }
    return candidates.find(key => verify(scheme.digest, input, prepareKey(key, scheme), signature));
}
async function findInThreadPool(scheme, input, signature, candidates) {
    for (const key of candidates) {
        const isVerified = await new Promise((resolve, reject) => {
            verify(scheme.digest, input, prepareKey(key, scheme), signature, (error, result) => {
                if (error)
                    reject(error);
                else
                    resolve(result);
            });
        });
        if (isVerified)
            return key;
    }
    return undefined;
}
function readSignature(text, { integerSize }) {
    const signature = Buffer.from(text, 'base64url');
    return integerSize === undefined ? signature : encodeEcdsaSignature(signature, integerSize);
}
/** A key with options beside it costs 15 µs more on Node.js 24, so only RSA-PSS has some: PKCS #1 and DER are the defaults. */
function prepareKey({ publicKey }, { saltLength }) {
    if (saltLength === undefined)
        return publicKey;
    return { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}
