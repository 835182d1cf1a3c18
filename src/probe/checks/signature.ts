/** Whether the signature is verified, with a key of the issuer and an algorithm of the API's choice (RFC 8725 sections 3.1 and 3.2). */

import { createSecretKey, type KeyObject } from 'node:crypto';
import { bearer, type Case, type Check, NEEDS_JWT, type ProbeContext } from '../check.ts';
import { encodePart, type JwsParts, signJws } from '../tokens/jws-parts.ts';

const closed = { isClosedByGateway: true } as const;
const VERIFY = 'verify the signature with a key of the issuer, and refuse the token where that fails';

export const NO_ALGORITHM: Check = {
  ...closed,
  id: 'alg-none',
  title: 'alg none is refused',
  clause: 'RFC 8725 section 3.2, RFC 7519 section 6',
  headline: 'accepts tokens that nobody has signed (alg none)',
  remedy: 'list the algorithms that the issuer signs with, and accept no other',
  isEssential: true,
  cases: context =>
    withJws(context, jws => [
      unsignedCase(jws, 'none'),
      // For readers whose grammar wants three parts that are not empty.
      {
        label: 'alg "none" and its old signature',
        authorization: bearer(`${encodePart({ ...jws.headerMembers, alg: 'none' })}.${jws.payload}.${jws.signature}`),
      },
    ]),
};

export const NO_ALGORITHM_LETTERS: Check = {
  ...closed,
  id: 'alg-none-letter-case',
  title: 'alg none in other letter cases is refused',
  clause: 'RFC 7515 section 4.1.1, RFC 8725 section 3.2',
  headline: 'accepts tokens that nobody has signed (alg None, NONE …)',
  remedy: 'list the algorithms that the issuer signs with, and accept no other; a list of forbidden ones has gaps',
  cases: context => withJws(context, jws => [...OTHER_CASES, ''].map(name => unsignedCase(jws, name))),
};

/** Every spelling but `none` itself: each of the four letters small or capital. */
const OTHER_CASES = Array.from({ length: 15 }, (_, index) =>
  [...'none'].map((letter, at) => ((index + 1) & (1 << at) ? letter.toUpperCase() : letter)).join(''),
);

function unsignedCase({ headerMembers, payload }: JwsParts, alg: string): Case {
  const token = `${encodePart({ ...headerMembers, alg })}.${payload}.`;
  return { label: `the right claims with alg "${alg}" and no signature`, authorization: bearer(token) };
}

export const ALTERED_LABEL = 'the right token, its signature altered';

export const ALTERED_SIGNATURE: Check = {
  ...closed,
  id: 'altered-signature',
  title: 'an altered signature is refused',
  clause: 'RFC 7515 section 5.2',
  headline: 'does not verify signatures: anybody can write its tokens',
  remedy: VERIFY,
  isEssential: true,
  cases: context =>
    withJws(context, () => [{ label: ALTERED_LABEL, authorization: bearer(alterSignature(context.tokens.right)) }]),
};

/** @returns the token with another character in the middle of its signature: the last one may hold bits that mean nothing. */
export function alterSignature(token: string): string {
  const at = Math.floor((token.lastIndexOf('.') + token.length) / 2) + 1;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}

export const CUT_SIGNATURE: Check = {
  ...closed,
  id: 'cut-signature',
  title: 'a cut or missing signature is refused',
  clause: 'RFC 7515 section 5.2',
  headline: 'accepts tokens whose signature is cut off',
  remedy: VERIFY,
  cases: context =>
    withJws(context, ({ header, payload, signature }) => {
      // Whole groups of base64url, so that nothing but the length is wrong.
      const half = signature.slice(0, Math.floor(signature.length / 8) * 4);
      return [
        { label: 'the right token without its signature', authorization: bearer(`${header}.${payload}.`) },
        { label: 'the right token, two parts of it', authorization: bearer(`${header}.${payload}`) },
        { label: 'the right token with half of its signature', authorization: bearer(`${header}.${payload}.${half}`) },
      ];
    }),
};

export const FOREIGN_KEY: Check = {
  ...closed,
  id: 'foreign-key',
  title: 'a signature of a key that the issuer does not publish is refused',
  clause: 'RFC 7515 section 5.2, RFC 8725 section 3.8',
  headline: 'accepts signatures of any key',
  remedy: VERIFY,
  cases: context =>
    withJws(context, ({ headerMembers, claims }) => {
      const key = context.foreignKey();
      const token = signJws({ ...headerMembers, alg: key.algorithm }, claims, key);
      return [{ label: 'the right claims, signed by another key', authorization: bearer(token) }];
    }),
};

export const PUBLIC_KEY_AS_SECRET: Check = {
  ...closed,
  id: 'hs256-public-key',
  title: 'HS256 with the public key as its secret is refused',
  clause: 'RFC 8725 sections 2.1 and 3.1',
  headline: 'takes its public key for a secret: anybody can sign its tokens (HS256)',
  remedy: 'list the algorithms that the issuer signs with, none of them symmetric, and bind each key to its algorithm',
  cases: context =>
    withJws(context, ({ headerMembers, claims }) => {
      const { publicKeys } = context;
      if (publicKeys.length === 0)
        return 'no public key was found: needs --jwks URL, --mint-key, or an issuer with discovery';
      return publicKeys.slice(0, 2).flatMap(publicKey =>
        listSecrets(publicKey).map(([form, secret]) => {
          const key = { algorithm: 'HS256', key: createSecretKey(secret) };
          const token = signJws({ ...headerMembers, alg: 'HS256' }, claims, key);
          return { label: `HS256, its secret the public key as ${form}`, authorization: bearer(token) };
        }),
      );
    }),
};

/** The forms in which APIs keep the key. */
function listSecrets(key: KeyObject): readonly (readonly [form: string, secret: Buffer])[] {
  const pem = key.export({ format: 'pem', type: 'spki' }).toString();
  const der = key.export({ format: 'der', type: 'spki' });
  return [
    ['PEM', Buffer.from(pem)],
    ['PEM without its last line end', Buffer.from(pem.trimEnd())],
    ['DER', Buffer.from(der)],
  ];
}

/** @returns the cases of a check that starts from the right token, where that can be taken apart. */
export function withJws(
  { tokens: { jws } }: ProbeContext,
  list: (jws: JwsParts) => readonly Case[] | string,
): readonly Case[] | string {
  return jws ? list(jws) : NEEDS_JWT;
}
