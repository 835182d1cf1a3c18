/** Tokens for attacks: valid ones for each resource, validly signed unusual ones, and forgeries; all signed before the run. */

import { createHmac, randomBytes } from 'node:crypto';
import type { SignOptions, TokenIssuer } from '../support/token-issuer.ts';
import { RESOURCES } from './corpus.ts';
import type { Random } from './prng.ts';

export interface Token {
  readonly text: string;
  /** Letters of the resources that it is valid for. */
  readonly opens: ReadonlySet<string>;
}

export interface TokenPool {
  /** Valid in every way, for one resource. */
  readonly honest: readonly Token[];
  readonly odd: readonly Token[];
  /** From letters to the `sub` that only a valid token for those resources has. */
  readonly subjects: ReadonlyMap<string, string>;
}

const NOBODY: ReadonlySet<string> = new Set();
const SHORT_LIVED = 300;
const LONG_LIVED = 86_400;

/**
 * @param issuer an issuer that the gateway trusts.
 * @param untrusted an issuer that it does not trust.
 */
export async function createTokenPool(issuer: TokenIssuer, untrusted: TokenIssuer): Promise<TokenPool> {
  const run = randomBytes(8).toString('hex');
  const subjects = new Map([...Object.keys(RESOURCES), 'AB'].map(letters => [letters, `subject-${letters}-${run}`]));
  const now = Math.floor(Date.now() / 1000);
  const claimsFor = (letters: string) => {
    const audience = [...letters].map(letter => RESOURCES[letter]);
    const aud = audience.length === 1 ? audience[0] : audience;
    return { aud, sub: subjects.get(letters), exp: now + LONG_LIVED, scope: 'read' };
  };
  const sign = async (letters: string, options: SignOptions): Promise<Token> => ({
    text: await issuer.sign(options),
    opens: new Set(letters),
  });
  const good = (letters: string, { claims, header }: SignOptions = {}) =>
    sign(letters, { claims: { ...claimsFor(letters), ...claims }, ...(header && { header }) });
  const bad = (claims: SignOptions['claims'], header?: SignOptions['header']) =>
    sign('', { claims: { ...claimsFor('A'), sub: 'mallory', ...claims }, ...(header && { header }) });

  const honest = await Promise.all([...subjects.keys()].map(letters => good(letters)));
  const odd = await Promise.all([
    ...ODD_BUT_GOOD.map(options => good('A', options)),
    ...badClaims(now).map(claims => bad(claims)),
    ...BAD_HEADERS.map(header => bad({}, header)),
    untrusted.sign({ claims: claimsFor('A') }).then(forged),
    untrusted.sign({ claims: { ...claimsFor('A'), iss: issuer.issuer } }).then(forged),
  ]);
  return { honest, subjects, odd: [...odd, ...forgeries(odd[0]?.text ?? '', claimsFor('A'), issuer.issuer)] };
}

/** @returns a token of the pool, unchanged or changed in its segments, its form or its bytes: then it is valid for nothing. */
export function pickToken(random: Random, pool: TokenPool): Token {
  const token = random.pick(random.chance(60) ? pool.honest : pool.odd);
  return random.chance(55) ? token : forged(mutateToken(random, token.text, random.pick(pool.honest).text));
}

function mutateToken(random: Random, text: string, other: string): string {
  const [header = '', payload = '', signature = ''] = text.split('.');
  const [otherHeader = '', otherPayload = '', otherSignature = ''] = other.split('.');
  switch (random.below(10)) {
    case 0:
      return `${header}.${otherPayload}.${otherSignature === signature ? 'AAAA' : signature}`;
    case 1:
      return `${otherHeader}.${payload}.${otherSignature === signature ? '' : otherSignature}`;
    case 2:
      return `${header}.${payload}.`;
    case 3:
      return `${header}.${payload}`;
    case 4:
      return `${text}${random.pick(['=', '.', '.x', ' ', ' x', ',', '\t.', '%20', '"'])}x`;
    case 5:
      return `${header}.${payload}.${signature}.${otherHeader}.${otherPayload}`;
    case 6:
      return `${reencode(random, header)}.${payload}.${signature}`;
    case 7:
      return `${header}.${reencode(random, payload)}.${signature}`;
    case 8:
      return text.slice(0, random.below(text.length - 2));
    default:
      return changeOneCharacter(random, text);
  }
}

/** The JSON of a segment with one byte changed, so that parsers see almost valid JSON. */
function reencode(random: Random, segment: string): string {
  const json = Buffer.from(segment, 'base64url');
  json[random.below(json.length)] = random.between(0x20, 0x7e);
  const encoded = json.toString('base64url');
  return encoded === segment ? `${encoded}A` : encoded;
}

/** Not the last character: its low bits are not part of the signature, and another test covers them. */
function changeOneCharacter(random: Random, text: string): string {
  const at = random.below(text.length - 1);
  const replacement = random.pick(['A', 'z', '0', '-', '_', '+', '/', '=', '.', '~']);
  return `${text.slice(0, at)}${text[at] === replacement ? 'B' : replacement}${text.slice(at + 1)}`;
}

function forged(text: string): Token {
  return { text, opens: NOBODY };
}

const ODD_BUT_GOOD: readonly SignOptions[] = [
  { header: { typ: 'application/at+jwt' } },
  { header: { typ: 'AT+JWT' } },
  { header: { jku: 'http://127.0.0.1:9/keys', x5u: 'http://127.0.0.1:9/x5u' } },
  { claims: { aud: [RESOURCES['A'], 'https://elsewhere.example.com/'] } },
  { claims: { aud: [RESOURCES['A'], RESOURCES['A']] } },
  { claims: { exp: 1e15 } },
  { claims: { exp: 4e9 + 0.5, nbf: 0.5, iat: 1.5 } },
  { claims: { scope: 7, scp: { a: 1 } } },
  { claims: { __proto__x: 1, constructor: 'x', toString: 1 } },
  { claims: { padding: 'x'.repeat(4000) } },
  { claims: { nested: JSON.parse(`${'['.repeat(400)}${']'.repeat(400)}`) } },
  { claims: { exp: Math.floor(Date.now() / 1000) + SHORT_LIVED * 12 } },
];

function badClaims(now: number): readonly SignOptions['claims'][] {
  const slashless = 'https://a.example.com';
  return [
    ...[undefined, null, 7, {}, [], '', 'A', [[RESOURCES['A']]], [RESOURCES['A'], 7]].map(aud => ({ aud })),
    ...[slashless, `${slashless}//`, `${slashless}/ `, 'HTTPS://a.example.com/', `${slashless}/#`].map(aud => ({
      aud,
    })),
    ...[undefined, null, 0, -1, '9999999999', now - 1, [now + 999], {}, true].map(exp => ({ exp })),
    ...[now + 3600, '1', null, {}, 1e300].map(nbf => ({ nbf })),
    ...[now + 3600, '1', null, []].map(iat => ({ iat })),
    ...[undefined, null, '', 7, [], 'https://evil.example.com', '__proto__', 'constructor'].map(iss => ({ iss })),
  ];
}

const BAD_HEADERS: readonly NonNullable<SignOptions['header']>[] = [
  { typ: 'JWT' },
  { typ: '' },
  { typ: 7 },
  { typ: 'at+jwt; x=y' },
  { kid: 'unknown' },
  { kid: 7 },
  { kid: '' },
  { kid: '../../../../dev/null' },
  { b64: true },
];

/** Tokens that no issuer signed: `none`, a MAC with a public key, a key in the header, claims of another token, no JSON. */
function forgeries(genuine: string, claims: object, iss: string): Token[] {
  const [, payload = '', signature = ''] = genuine.split('.');
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const mallory = encode({ ...claims, iss, sub: 'mallory' });
  const withHeader = (header: unknown, end = signature) => `${encode(header)}.${mallory}.${end}`;
  const mac = (alg: string) => {
    const signed = `${encode({ alg, typ: 'at+jwt', kid: 'key-1' })}.${mallory}`;
    return `${signed}.${createHmac('sha256', 'key-1').update(signed).digest('base64url')}`;
  };
  const texts = [
    ...['none', 'None', 'nOnE', '', 'ES256K', 'RS256', 'ES512', '__proto__'].flatMap(alg => [
      withHeader({ alg, typ: 'at+jwt', kid: 'key-1' }),
      withHeader({ alg, typ: 'at+jwt' }, ''),
    ]),
    mac('HS256'),
    mac('HS512'),
    withHeader({ alg: 'ES256', typ: 'at+jwt', jwk: { kty: 'oct', k: 'AAAA' } }),
    withHeader({ alg: 'ES256', typ: 'at+jwt', crit: ['b64'], b64: false }),
    withHeader({ alg: ['ES256'], typ: ['at+jwt'], kid: ['key-1'] }),
    withHeader(null),
    withHeader([]),
    withHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1' }, 'A'.repeat(86)),
    withHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1' }, 'MAYCAQACAQA'),
    `${payload}.${payload}.${payload}`,
    'a.b.c',
    '..',
    '.',
    'e30.e30.',
    `${encode({ alg: 'ES256' })}.${Buffer.from('{"iss":').toString('base64url')}.AAAA`,
    `${encode({ alg: 'ES256' })}.${encode('x')}.AAAA`,
    'x'.repeat(8000),
    `${'a.'.repeat(500)}b`,
  ];
  return texts.map(forged);
}
