/** One public key of an issuer (RFC 7517) that may verify tokens (RFC 8725 sections 3.2 and 3.5). */
import { KeyObject } from 'node:crypto';
import { createLocalJWKSet } from 'jose';
export const RETIRED = Number.NEGATIVE_INFINITY;
/** Ed25519 and P-256 take about as long as RSA with 4096 bits, P-384 six times and P-521 twelve times as long. */
const CHEAP_TYPES = ['ed25519', 'prime256v1'];
const CHEAP_RSA_BITS = 4096;
/** The usual exponent, F4. The time grows with its length: one as long as the modulus takes a hundred times as long. */
const CHEAP_RSA_EXPONENT = 65537n;
/** @returns the key; `undefined` where jose cannot import it. @param key that `checkKeys` accepts. */
export async function createVerificationKey({ jwk, keyId, check, remark, fingerprint }) {
    const [alg] = check.ok ? check.algorithms : [];
    if (!check.ok || alg === undefined)
        return undefined;
    const published = jwk;
    try {
        const publicKey = KeyObject.from(await createLocalJWKSet({ keys: [{ ...check.material, alg }] })({ alg }));
        const key = {
            keyId,
            algorithm: published.alg || undefined,
            type: published.crv ?? published.kty ?? '',
            remark,
            publicKey,
            algorithms: new Set(check.algorithms),
            isCostly: isCostly(publicKey),
            fingerprint,
            usableUntil: RETIRED,
        };
        return key;
    }
    catch {
        return undefined;
    }
}
function isCostly({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }) {
    if (type !== 'rsa')
        return !CHEAP_TYPES.includes(details.namedCurve ?? type ?? '');
    const { modulusLength = Number.POSITIVE_INFINITY, publicExponent = CHEAP_RSA_EXPONENT } = details;
    return modulusLength > CHEAP_RSA_BITS || publicExponent > CHEAP_RSA_EXPONENT;
}
