/** Tokens whose signature cannot be verified. Their claims are unverified; they only help to find the cause. */

import type { Issuer } from '../../../config/config.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { ALGORITHMS } from '../../../config/values/algorithm.ts';
import type { PublishedKey } from '../../../token/keys/verification-key.ts';
import { quoteValue, showValue } from '../../terminal.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';

/** @returns advice on `keys_unavailable` and `unknown_key`. */
export function adviseOnKeys({ evaluation, reason, jws }: DeniedRequest): Advice {
  const { issuer, keysError, keys = [], refusedKeys = [] } = evaluation.credentials ?? {};
  const source = issuer?.keySource.kind === 'file' ? 'jwks_file' : 'jwks_uri';
  const path = ['issuers', issuer?.issuer ?? '', source];
  if (reason === 'keys_unavailable') {
    return {
      cause: `the keys of the issuer cannot be had from here: ${keysError ?? 'no key'}`,
      remedy: { text: 'see that this machine reaches them, and that they are where this says', path },
    };
  }
  const refused = refusedKeys.find(({ keyId }) => keyId !== undefined && keyId === jws?.keyId);
  if (refused) {
    return {
      cause: `the issuer publishes the key ${quoteValue(jws?.keyId ?? '')}, but it cannot be used here: ${refused.reason}`,
      remedy: { text: 'let the issuer sign with another key', path },
    };
  }
  return {
    cause: describeUnknownKey(jws?.keyId, keys),
    remedy: {
      text: 'get a new token; if that has an unknown key, too, see that these are the keys of its issuer',
      path,
    },
  };
}

function describeUnknownKey(keyId: string | undefined, keys: readonly PublishedKey[]): string {
  if (keyId === undefined) return 'the token names no key, and the issuer publishes none that can be used';
  const published = keys.flatMap(key => key.keyId ?? []);
  const missing = `the issuer publishes no key ${quoteValue(keyId)}`;
  if (published.length === 0)
    return `${missing}: ${describeRemarks(keys)}, and a key is chosen by it (RFC 7515 section 4.1.4)`;
  if (published.some(kid => kid.toLowerCase() === keyId.toLowerCase()))
    return `${missing}, but one that differs in letter case`;
  return `${missing}: the token is of another environment or tenant, or the key was withdrawn`;
}

function describeRemarks(keys: readonly PublishedKey[]): string {
  const isNumber = keys.some(({ remark }) => remark === 'its kid is no string');
  return isNumber ? 'the kid of its keys is no string (RFC 7517 section 4.5)' : 'its keys have no kid';
}

/** @returns advice on `bad_signature`. */
export function adviseOnSignature({ evaluation, jws }: DeniedRequest): Advice {
  const { issuer, keys = [] } = evaluation.credentials ?? {};
  const algorithm = jws?.algorithm ?? '';
  if (issuer && !issuer.algorithms.has(algorithm)) return adviseOnAlgorithm(issuer, algorithm);
  const candidates = keys.filter(({ keyId }) => jws?.keyId === undefined || keyId === jws.keyId);
  const unfit = describeUnfit(algorithm, candidates);
  if (unfit !== undefined) return unfit;
  const { unverifiable } = recogniseProduct(String(jws?.claims['iss']));
  const anew = 'take the token anew from the token response';
  return {
    cause:
      'the token was changed after it was signed, or cut, or its key is not the one that is published under its kid',
    remedy: { text: unverifiable === undefined ? anew : `${anew}; ${unverifiable}` },
  };
}

function adviseOnAlgorithm({ issuer }: Issuer, algorithm: string): Advice {
  if (!ALGORITHMS.includes(algorithm)) {
    const nearest = ALGORITHMS.find(name => name.toLowerCase() === algorithm.toLowerCase());
    const why = nearest
      ? `is written ${nearest}: algorithms are compared with case (RFC 7515 section 4.1.1)`
      : 'is an algorithm that is never accepted: whoever can verify it can sign with it, or nobody signs';
    return { cause: `${quoteValue(algorithm)} ${why}` };
  }
  const alias = ALIASES[algorithm];
  return {
    cause: `the token is signed with ${algorithm}, which this issuer may not use here${alias === undefined ? '' : `; ${alias}`}`,
    remedy: {
      text: `add ${algorithm}, if the issuer says that it signs with it`,
      path: ['issuers', issuer, 'algorithms'],
    },
  };
}

/** RFC 9864 section 2.2: two names of one algorithm. They are not treated as equal. */
const ALIASES: Readonly<Record<string, string>> = {
  EdDSA: 'Ed25519 is the newer name of EdDSA with that curve, and a name by itself',
  Ed25519: 'EdDSA is its older name, and a name by itself',
};

/** A key fits one algorithm: the one in its `alg`, otherwise one of its type (RFC 7517 section 4.4, RFC 8725 section 3.1). */
function describeUnfit(algorithm: string, candidates: readonly PublishedKey[]): Advice | undefined {
  const isFit = ({ algorithm: alg, type }: PublishedKey) =>
    (alg ?? algorithm) === algorithm && fitsType(algorithm, type);
  if (candidates.length === 0 || candidates.some(isFit)) return undefined;
  const facts = [...new Set(candidates.map(({ algorithm: alg, type }) => alg ?? type))];
  const named = candidates.every(({ algorithm: alg }) => alg !== undefined) ? 'alg ' : '';
  const alias =
    ALIASES[algorithm] !== undefined && facts.some(fact => ALIASES[fact] !== undefined && fact !== algorithm);
  return {
    cause: `the token says alg ${algorithm}, but its key is published for ${named}${facts.map(showValue).join(', ')}${alias ? '; EdDSA and Ed25519 are two names of one algorithm, and compared as names' : ''}`,
    remedy: {
      text: 'let the issuer write one and the same alg into its tokens and its key set (RFC 7517 section 4.4)',
    },
  };
}

/** RFC 7518 section 3.1, RFC 8037. */
function fitsType(algorithm: string, type: string): boolean {
  if (/^[RP]S/.test(algorithm)) return type === 'RSA';
  const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', EdDSA: 'Ed25519' };
  return (curves[algorithm] ?? type) === type;
}
