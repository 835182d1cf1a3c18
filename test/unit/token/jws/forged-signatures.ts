/** What an attacker can make of a signature, or of a token without one, by kind of algorithm. No case may verify unless it says so. */

import { constants, createHash, privateEncrypt, sign } from 'node:crypto';
import { RSA } from './signing-keys.ts';

export interface Forgery {
  readonly name: string;
  readonly signature: Buffer;
  /** A second signature that the algorithm has for the same bytes, by its very definition. */
  readonly isValid?: boolean;
}

const ORDERS: Readonly<Record<string, bigint>> = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ES512: BigInt(`0x1${'f'.repeat(65)}a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`),
};
/** RFC 8032 section 5.1: the order of the base point. */
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const toNumber = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
const toBytes = (value: bigint, size: number) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');

/** For every algorithm: lengths, single bits, constants. */
export function forgeLengths(genuine: Buffer): Forgery[] {
  const flip = (at: number, bit: number) => {
    const copy = Buffer.from(genuine);
    copy[at] = (copy[at] ?? 0) ^ bit;
    return copy;
  };
  const places = [0, 1, genuine.length >> 1, (genuine.length >> 1) - 1, genuine.length - 1];
  return [
    { name: 'empty', signature: Buffer.alloc(0) },
    { name: 'one byte', signature: Buffer.from([1]) },
    { name: 'first byte cut', signature: genuine.subarray(1) },
    { name: 'last byte cut', signature: genuine.subarray(0, -1) },
    { name: 'half', signature: genuine.subarray(0, genuine.length / 2) },
    { name: 'zero byte before', signature: Buffer.concat([Buffer.alloc(1), genuine]) },
    { name: 'zero byte behind', signature: Buffer.concat([genuine, Buffer.alloc(1)]) },
    { name: 'twice', signature: Buffer.concat([genuine, genuine]) },
    { name: 'reversed', signature: Buffer.from(genuine).reverse() },
    { name: 'all zero', signature: Buffer.alloc(genuine.length) },
    { name: 'all ones', signature: Buffer.alloc(genuine.length, 0xff) },
    { name: '16 KiB', signature: Buffer.alloc(16_384, 7) },
    ...places.flatMap(at => [1, 0x80].map(bit => ({ name: `bit ${bit} of byte ${at}`, signature: flip(at, bit) }))),
  ];
}

/** ECDSA: numbers at the bounds of the group, and encodings that belong elsewhere. */
export function forgeEcdsa(algorithm: string, genuine: Buffer): Forgery[] {
  const size = genuine.length / 2;
  const [r, s] = [genuine.subarray(0, size), genuine.subarray(size)];
  const order = ORDERS[algorithm] ?? 0n;
  const pair = (first: bigint, second: bigint) => Buffer.concat([toBytes(first, size), toBytes(second, size)]);
  const [rn, sn] = [toNumber(r), toNumber(s)];
  const bounds: readonly bigint[] = [0n, 1n, order - 1n, order, order + 1n, 2n ** BigInt(8 * size) - 1n];
  const zero = Buffer.alloc(1);
  const shifted = rn + order < 2n ** BigInt(8 * size) ? [{ name: 'r + n', signature: pair(rn + order, sn) }] : [];
  return [
    ...bounds.flatMap((bound, index) => [
      { name: `r at bound ${index}`, signature: pair(bound, sn) },
      { name: `s at bound ${index}`, signature: pair(rn, bound) },
      { name: `both at bound ${index}`, signature: pair(bound, bound) },
    ]),
    ...shifted,
    { name: 'n - s: the other valid s (FIPS 186-5)', signature: pair(rn, order - sn), isValid: true },
    { name: 'n - r', signature: pair(order - rn, sn) },
    { name: 'r and s swapped', signature: pair(sn, rn) },
    { name: 'DER instead', signature: toDer(rn, sn) },
    {
      name: 'DER, zeros up to the length',
      signature: Buffer.concat([toDer(rn, sn), Buffer.alloc(9)]).subarray(0, 2 * size),
    },
    { name: 'one zero before each', signature: Buffer.concat([zero, r, zero, s]) },
    { name: 'one zero before s alone', signature: Buffer.concat([r, zero, s]) },
    { name: 'each one byte shorter', signature: Buffer.concat([r.subarray(1), s.subarray(1)]) },
    ...[64, 96, 132]
      .filter(length => length !== 2 * size)
      .map(length => ({
        name: `as long as that of another curve: ${length}`,
        signature: Buffer.concat([genuine, genuine, genuine]).subarray(0, length),
      })),
  ];
}

/** X.690 sections 8.3 and 8.9. */
function toDer(r: bigint, s: bigint): Buffer {
  const integer = (value: bigint) => {
    const text = value.toString(16);
    const bytes = Buffer.from(text.length % 2 ? `0${text}` : text, 'hex');
    const signed = (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
    return Buffer.concat([Buffer.from([2, signed.length]), signed]);
  };
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from(body.length > 127 ? [0x30, 0x81, body.length] : [0x30, body.length]), body]);
}

/** Ed25519: S is little-endian, and has to be below the order (RFC 8032 section 5.1.7), or there would be a second signature. */
export function forgeEd25519(genuine: Buffer): Forgery[] {
  const [r, s] = [genuine.subarray(0, 32), Buffer.from(genuine.subarray(32)).reverse()];
  const withS = (value: bigint) => Buffer.concat([r, toBytes(value, 32).reverse()]);
  const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
  return [
    { name: 'S + L', signature: withS(toNumber(s) + ED25519_ORDER) },
    { name: 'S + 2 L', signature: withS(toNumber(s) + 2n * ED25519_ORDER) },
    { name: 'S = 0', signature: withS(0n) },
    { name: 'S = L', signature: withS(ED25519_ORDER) },
    { name: 'R the identity, S = 0', signature: Buffer.concat([identity, Buffer.alloc(32)]) },
    {
      name: 'R another encoding of the identity',
      signature: Buffer.concat([Buffer.from([1]), Buffer.alloc(30), Buffer.from([0x80]), Buffer.alloc(32)]),
    },
    {
      name: 'R with its sign changed',
      signature: Buffer.concat([r.subarray(0, 31), Buffer.from([(r[31] ?? 0) ^ 0x80]), genuine.subarray(32)]),
    },
  ];
}

/** DigestInfo of RFC 8017 section 9.2, note 1. */
const DIGEST_INFO: Readonly<Record<string, string>> = {
  sha1: '3021300906052b0e03021a05000414',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

/** RSASSA-PKCS1-v1_5: blocks of another form, made with the private key, since they show what a lax parser would take. */
export function forgePkcs1(algorithm: string, input: string, genuine: Buffer): Forgery[] {
  const digest = `sha${algorithm.slice(2)}`;
  const prefix = Buffer.from(DIGEST_INFO[digest] ?? '', 'hex');
  const info = Buffer.concat([prefix, hash(digest, input)]);
  const size = genuine.length;
  const padded = (body: Buffer, padding = size - body.length - 3) =>
    Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(padding, 0xff), Buffer.alloc(1), body]);
  const fill = (body: Buffer, padding: number) =>
    Buffer.concat([padded(body, padding), Buffer.alloc(size)]).subarray(0, size);
  const withoutNull = Buffer.from(prefix.toString('hex').replace(/^30(..)30(..)(.*)0500(04..)$/, shorten), 'hex');
  const modulus = toNumber(Buffer.from(RSA.jwk.n ?? '', 'base64url'));
  const above = toNumber(genuine) + modulus;
  const other = digest === 'sha256' ? 'sha512' : 'sha256';
  return [
    { name: 'the same block by hand', signature: encrypt(padded(info)), isValid: true },
    { name: 'block type 2', signature: encrypt(Buffer.concat([Buffer.from([0, 2]), padded(info).subarray(2)])) },
    {
      name: 'first byte not 0',
      signature: encrypt(Buffer.concat([Buffer.from([0, 1, 0xfe]), padded(info).subarray(3)])),
    },
    { name: 'eight bytes of padding, zeros behind the digest', signature: encrypt(fill(info, 8)) },
    { name: 'no padding', signature: encrypt(fill(info, 0)) },
    { name: 'digest without DigestInfo', signature: encrypt(padded(hash(digest, input))) },
    { name: 'DigestInfo without NULL', signature: encrypt(padded(Buffer.concat([withoutNull, hash(digest, input)]))) },
    {
      name: 'DigestInfo of SHA-1',
      signature: encrypt(padded(Buffer.concat([Buffer.from(DIGEST_INFO['sha1'] ?? '', 'hex'), hash('sha1', input)]))),
    },
    { name: 'DigestInfo of another hash', signature: sign(other, Buffer.from(input), RSA.privateKey) },
    { name: 'digest of another text', signature: sign(digest, Buffer.from(`${input}.`), RSA.privateKey) },
    { name: '1', signature: toBytes(1n, size) },
    { name: 'modulus - 1', signature: toBytes(modulus - 1n, size) },
    { name: 'the modulus', signature: toBytes(modulus, size) },
    { name: 'signature + modulus', signature: toBytes(above, above < 2n ** BigInt(8 * size) ? size : size + 1) },
    { name: 'RSA-PSS instead', signature: signPss(digest, input, constants.RSA_PSS_SALTLEN_DIGEST) },
  ];
}

/** RSASSA-PSS: salts of another length than the digest's (RFC 7518 section 3.5), another hash, another padding. */
export function forgePss(algorithm: string, input: string): Forgery[] {
  const bits = Number(algorithm.slice(2));
  const [digest, salt] = [`sha${bits}`, bits / 8];
  const lengths = [0, 1, 20, 32, 48, 64, salt - 1, salt + 1, constants.RSA_PSS_SALTLEN_MAX_SIGN];
  return [
    ...lengths
      .filter(length => length !== salt)
      .map(length => ({
        name: `salt of ${length}`,
        signature: signPss(digest, input, length),
      })),
    { name: 'another hash', signature: signPss(bits === 256 ? 'sha512' : 'sha256', input, salt) },
    { name: 'PKCS #1 v1.5 instead', signature: sign(digest, Buffer.from(input), RSA.privateKey) },
  ];
}

function signPss(digest: string, input: string, saltLength: number): Buffer {
  return sign(digest, Buffer.from(input), {
    key: RSA.privateKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength,
  });
}

const hash = (digest: string, input: string) => createHash(digest).update(input).digest();
const encrypt = (block: Buffer) => privateEncrypt({ key: RSA.privateKey, padding: constants.RSA_NO_PADDING }, block);

/** DigestInfo without its NULL: both sequences are two bytes shorter. */
function shorten(_: string, outer: string, inner: string, identifier: string, rest: string): string {
  const less = (length: string) => (Number.parseInt(length, 16) - 2).toString(16).padStart(2, '0');
  return `30${less(outer)}30${less(inner)}${identifier}${rest}`;
}
