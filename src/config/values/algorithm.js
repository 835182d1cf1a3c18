/** `algorithms`: the JWS algorithms (RFC 7518 section 3.1, RFC 8037, RFC 9864) with which an issuer may sign. */
import { generateKeyPairSync } from 'node:crypto';
import { findNearest } from '../diagnostics/suggestion.js';
import { accept, reject } from './parsed-value.js';
const EVERYWHERE = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');
const WHERE_SUPPORTED = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'];
/** Every asymmetric algorithm that some supported version of Node.js can verify. */
export const ALL_ALGORITHMS = [...EVERYWHERE, ...WHERE_SUPPORTED];
/** The algorithms that this version of Node.js can verify. */
export const ALGORITHMS = [...EVERYWHERE, ...WHERE_SUPPORTED.filter(isSupported)];
export const ALGORITHM = `one of ${ALGORITHMS.join(', ')}`;
const WEAK = { code: 'weak-algorithm' };
/** @returns `name`; rejects symmetric algorithms, `none`, and what this version of Node.js cannot verify. */
export function parseAlgorithm(name) {
    if (ALGORITHMS.includes(name))
        return accept(name);
    if (/^HS\d*$/i.test(name))
        return reject('is symmetric: whoever can verify such a token can also mint it', WEAK);
    if (/^none$/i.test(name))
        return reject('leaves tokens unsigned: anyone can mint one', WEAK);
    if (WHERE_SUPPORTED.includes(name))
        return reject('is not supported by this version of Node.js');
    return reject('is not an algorithm', { nearest: findNearest(name, ALGORITHMS) });
}
/** Tries it out, since `SubtleCrypto.supports` writes a warning to standard error at each call. */
function isSupported(name) {
    if (!('supports' in Object(globalThis.SubtleCrypto)))
        return false;
    try {
        generateKeyPairSync(name.toLowerCase());
        return true;
    }
    catch {
        return false;
    }
}
