import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeEcdsaSignature } from '../../../../src/token/jws/ecdsa-signature.ts';

/** A signature of 64 bytes that begin as given, the rest of each integer being `01`. */
const signatureOf = (r: string, s: string) => Buffer.from(r.padEnd(64, '01') + s.padEnd(64, '01'), 'hex');
const rest = (bytes: number) => '01'.repeat(bytes);

describe('R and S to DER (X.690 section 8.3: as short as possible, and signed)', () => {
  test.each([
    ['no leading zero', signatureOf('', ''), `30440220${rest(32)}0220${rest(32)}`],
    ['highest bit set: a zero before it', signatureOf('80', 'ff'), `3046022100 80${rest(31)}022100 ff${rest(31)}`],
    ['leading zeros: left out', signatureOf('0000', '000000'), `303f021e${rest(30)}021d${rest(29)}`],
    ['leading zero before a set bit: kept', signatureOf('0080', ''), `3044022000 80${rest(30)}0220${rest(32)}`],
    ['zero: one byte', Buffer.alloc(64), '3006020100020100'],
  ])('%s', (_, signature, der) => {
    expect(encodeEcdsaSignature(signature, 32)?.toString('hex')).toBe(der.replaceAll(' ', ''));
  });

  test('content of over 127 bytes: a length in two bytes', () => {
    expect(encodeEcdsaSignature(Buffer.alloc(132, 1), 66)?.toString('hex')).toBe(
      `3081880242${rest(66)}0242${rest(66)}`,
    );
  });

  test.each([0, 1, 63, 65, 70, 96, 128, 132])('%i bytes where 64 are right: undefined', length => {
    expect(encodeEcdsaSignature(Buffer.alloc(length, 1), 32)).toBeUndefined();
  });
});

test('signatures of each curve: valid in DER', () => {
  for (const [namedCurve, size] of [
    ['P-256', 32],
    ['P-384', 48],
    ['P-521', 66],
  ] as const) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    for (let count = 0; count < (size === 32 ? 1_000 : 100); count += 1) {
      const text = Buffer.from(String(count));
      const der = encodeEcdsaSignature(sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' }), size);
      expect(der && verify('sha256', text, publicKey, der)).toBe(true);
    }
  }
});
