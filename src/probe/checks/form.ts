/** Whether two readers of one token read the same (RFC 7519 section 4, RFC 7515 section 2). */

import { bearer, type Check, type Exchange, type Judgement, NEEDS_MINTING } from '../check.ts';
import { judgeRefusals, readAnswer } from '../judging.ts';
import { signJws } from '../tokens/jws-parts.ts';
import { OTHER_RESOURCE } from './given-tokens.ts';
import { withJws } from './signature.ts';

const closed = { isClosedByGateway: true } as const;

export const DUPLICATE_MEMBERS: Check = {
  ...closed,
  id: 'duplicate-members',
  title: 'of two aud members, the first is not taken',
  clause: 'RFC 7519 section 4',
  headline: 'takes the first of two aud members, where other readers take the last',
  remedy: 'refuse a token with two members of one name, or use a reader of JSON that takes the last',
  cases: ({ minter }) => {
    if (!minter) return NEEDS_MINTING;
    const other = `"aud":${JSON.stringify(OTHER_RESOURCE)}`;
    const last = minter.mintText(json => `${json.slice(0, -1)},${other}}`);
    const first = minter.mintText(json => `{${other},${json.slice(1)}`);
    return [
      { label: 'two aud, the right one first', authorization: bearer(last) },
      { label: 'two aud, the right one last', authorization: bearer(first) },
    ];
  },
  judge: judgeDuplicates,
};

function judgeDuplicates([rightFirst, rightLast]: readonly Exchange[]): Judgement {
  if (!rightFirst || !rightLast) return { verdict: 'unclear' };
  const judged = judgeRefusals([rightFirst]);
  if (judged.verdict !== 'holds' || readAnswer(rightLast.answer) !== 'accepted') return judged;
  return { verdict: 'holds', why: 'the last one is taken, which RFC 7519 section 4 allows' };
}

export const NESTED: Check = {
  ...closed,
  id: 'nested',
  title: 'a token within a token is refused',
  clause: 'RFC 7519 section 7.2, RFC 8725 section 3.3',
  headline: 'takes the token within a token, and does not verify the outer one',
  remedy: 'refuse cty JWT, or verify each layer with a key of its issuer',
  cases: context =>
    withJws(context, ({ headerMembers }) => {
      const key = context.foreignKey();
      const token = signJws({ ...headerMembers, alg: key.algorithm, cty: 'JWT' }, context.tokens.right, key);
      return [{ label: "the right token within one of nobody's", authorization: bearer(token) }];
    }),
};

export const PADDED: Check = {
  ...closed,
  id: 'padded',
  title: 'padding and other alphabets of base64 are refused',
  clause: 'RFC 7515 sections 2 and 5.2',
  headline: 'accepts other spellings of one token, which lists of revoked tokens and caches do not know',
  remedy: 'match the token with [A-Za-z0-9_-]+ in three parts before anything is decoded',
  cases: context =>
    withJws(context, ({ header, payload, signature }) => [
      { label: 'the right token, its signature padded', authorization: bearer(`${header}.${payload}.${signature}==`) },
      { label: 'the right token, each part padded', authorization: bearer(`${header}=.${payload}=.${signature}=`) },
      { label: 'the right token and a fourth part', authorization: bearer(`${header}.${payload}.${signature}.`) },
    ]),
};
