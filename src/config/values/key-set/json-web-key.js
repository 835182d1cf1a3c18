/**
 * Which published keys (RFC 7517) can verify a token. `check` and the running gateway use the same function, so that a key
 * file which `check` accepts also works.
 */
import { createPublicKey } from 'node:crypto';
import { escapeJson } from '../../diagnostics/visible-text.js';
import { isRawMap } from '../../source/raw-map.js';
import { ALGORITHMS } from '../algorithm.js';
import { findRsaWeakness } from './rsa-strength.js';
/** Members that only a private or symmetric key has (RFC 7518 section 6, RFC 8037 section 2, and `priv` of AKP keys). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const MATERIAL = ['kty', 'crv', 'n', 'e', 'x', 'y', 'pub'];
const ENCRYPTION_OPERATIONS = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'deriveKey', 'deriveBits'];
const ENCRYPTION_ALGORITHM = /^(?:RSA-OAEP|RSA1_5|ECDH-ES)/;
const LONGEST_QUOTATION = 40;
/** By key type, or by type and curve. */
const ALGORITHMS_OF = {
    RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
    'EC P-256': ['ES256'],
    'EC P-384': ['ES384'],
    'EC P-521': ['ES512'],
    'OKP Ed25519': ['EdDSA', 'Ed25519'],
    AKP: ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
};
/**
 * Members that are `null`, an empty `use` or `alg` and empty `key_ops` count as absent: some issuers write every member.
 *
 * @returns the algorithms that `key` can verify. Not ok (RFC 8725 sections 3.2 and 3.5): a symmetric or private key, one for
 *   encryption, weak RSA, another type or curve, and what Node.js cannot import.
 */
export function checkKey(key) {
    if (!isRawMap(key))
        return refuse('no JSON object');
    const members = dropEmptyMembers(key);
    if (SECRET_MEMBERS.some(name => members[name] !== undefined) || members['kty'] === 'oct') {
        return { ...refuse('private or symmetric'), isSecret: true };
    }
    const otherUse = findOtherUse(members);
    if (otherUse)
        return otherUse;
    const algorithms = listAlgorithms(members);
    if (algorithms.length === 0)
        return refuse(describeUnsupported(members));
    const weakness = members['kty'] === 'RSA' ? findRsaWeakness(members) : undefined;
    if (weakness !== undefined)
        return refuse(weakness);
    const material = Object.fromEntries(MATERIAL.flatMap(name => (name in members ? [[name, members[name]]] : [])));
    return isImportable(material) ? { ok: true, algorithms, material } : refuse('not well-formed');
}
/** @returns the `kid` of `key`; `undefined` where it is absent or no string: a number is never compared with a string. */
export function readKeyId(key) {
    return isRawMap(key) && typeof key['kid'] === 'string' ? key['kid'] : undefined;
}
function refuse(why, isFault = true) {
    return { ok: false, why, isFault };
}
function dropEmptyMembers(key) {
    const isEmpty = (name, value) => value === null ||
        (value === '' && (name === 'use' || name === 'alg')) ||
        (name === 'key_ops' && Array.isArray(value) && value.length === 0);
    return Object.fromEntries(Object.entries(key).filter(([name, value]) => !isEmpty(name, value)));
}
/** RFC 7517 sections 4.2 and 4.3. @returns the refusal of a key that is not for verifying signatures. */
function findOtherUse({ use, key_ops: operations, alg }) {
    if (use === 'enc')
        return refuse('for encryption (use)', false);
    if (use !== undefined && use !== 'sig')
        return refuse(`not for verifying signatures (use ${quoteMember(use)})`);
    if (typeof alg === 'string' && ENCRYPTION_ALGORITHM.test(alg))
        return refuse('for encryption (alg)', false);
    if (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
        return undefined;
    const isForEncryption = Array.isArray(operations) && operations.every(name => ENCRYPTION_OPERATIONS.includes(name));
    return isForEncryption
        ? refuse('for encryption (key_ops)', false)
        : refuse('not for verifying signatures (key_ops without verify)');
}
function listAlgorithms({ kty, crv, alg }) {
    const possible = listPossible({ kty, crv });
    const named = alg === undefined && kty !== 'AKP' ? possible : possible.filter(name => name === alg);
    return named.filter(name => ALGORITHMS.includes(name));
}
function listPossible({ kty, crv }) {
    const type = kty === 'EC' || kty === 'OKP' ? `${kty} ${crv}` : String(kty);
    return Object.hasOwn(ALGORITHMS_OF, type) ? (ALGORITHMS_OF[type] ?? []) : [];
}
function describeUnsupported({ kty, crv, alg }) {
    if (kty === undefined)
        return 'without a type (kty)';
    const hasCurve = kty === 'EC' || kty === 'OKP';
    if (listPossible({ kty, crv }).length > 0)
        return `its alg ${quoteMember(alg)} is not supported for its type`;
    return hasCurve ? `its curve ${quoteMember(crv)} is not supported` : `its type ${quoteMember(kty)} is not supported`;
}
/** A member is text of the issuer. */
function quoteMember(value) {
    if (value === undefined)
        return 'that is absent';
    return typeof value === 'string'
        ? escapeJson(JSON.stringify(value.slice(0, LONGEST_QUOTATION)))
        : 'that is no string';
}
function isImportable(material) {
    // Some versions of Node.js verify with such keys, but do not import them by createPublicKey.
    if (material['kty'] === 'AKP')
        return typeof material['pub'] === 'string';
    try {
        return createPublicKey({ key: material, format: 'jwk' }).type === 'public';
    }
    catch {
        return false;
    }
}
