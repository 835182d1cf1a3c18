/** RSA keys that are too weak to verify with (RFC 7518 section 3.3, RFC 8725 section 3.5). */
import { hasRocaFlaw } from './roca.js';
const MINIMUM_BITS = 2048;
/** @returns why the public key `n`, `e` is too weak; `undefined` where it is not. */
export function findRsaWeakness({ n, e }) {
    const modulus = readInteger(n);
    const exponent = readInteger(e);
    if (modulus === undefined || exponent === undefined)
        return 'RSA without a modulus or an exponent in base64url';
    const bits = modulus.toString(2).length;
    if (bits < MINIMUM_BITS)
        return `RSA with ${bits} bits, fewer than ${MINIMUM_BITS}`;
    // With e = 1 every message is its own signature.
    if (exponent < 3n)
        return `RSA with the exponent ${exponent}`;
    if (exponent % 2n === 0n)
        return 'RSA with an even exponent';
    if (modulus % 2n === 0n)
        return 'RSA with an even modulus';
    return hasRocaFlaw(modulus) ? 'RSA with a modulus that can be factored (ROCA, CVE-2017-15361)' : undefined;
}
/** Base64urlUInt (RFC 7518 section 2). Zeros before it are tolerated and not counted. */
function readInteger(text) {
    if (typeof text !== 'string' || !/^[\w-]+$/.test(text))
        return undefined;
    return BigInt(`0x0${Buffer.from(text, 'base64url').toString('hex')}`);
}
