/** Whether a token chooses the key that it is verified by (RFC 8725 section 3.10). Such tokens are signed by a key of the probe. */

import { createSecretKey } from 'node:crypto';
import {
  bearer,
  type Case,
  type Check,
  type Exchange,
  type Judgement,
  mintedCases,
  type ProbeContext,
} from '../check.ts';
import { judgeRefusals } from '../judging.ts';
import { signJws } from '../tokens/jws-parts.ts';
import { exportPublicKey } from '../tokens/signing-keys.ts';
import { withJws } from './signature.ts';

const closed = { isClosedByGateway: true } as const;
const KEY_ID = 'audgate-probe';

export const KEY_URL: Check = urlCheck('jku', 'RFC 7515 section 4.1.2, RFC 8725 section 3.10');
export const CERTIFICATE_URL: Check = urlCheck('x5u', 'RFC 7515 section 4.1.5, RFC 8725 section 3.10');

function urlCheck(member: 'jku' | 'x5u', clause: string): Check {
  return {
    ...closed,
    id: `${member}-url`,
    title: `${member} is not followed`,
    clause,
    headline: `fetches what a token names in ${member}: whoever sends it chooses keys, or what the API asks for (SSRF)`,
    remedy: `take keys from the configured issuer only, and ignore ${member}`,
    isJudgedAgain: true,
    cases: context => listUrlCases(member, context),
    judge: (exchanges, context) => judgeUrl(member, exchanges, context),
  };
}

function listUrlCases(member: string, context: ProbeContext): readonly Case[] | string {
  const { listener } = context;
  if (!listener) return 'needs an API on this machine: no other reaches the listener of the probe';
  return withJws(context, ({ headerMembers, claims }) => {
    const key = context.foreignKey();
    const header = { ...headerMembers, alg: key.algorithm, kid: KEY_ID, [member]: `${listener.origin}/${member}` };
    const authorization = bearer(signJws(header, claims, key));
    return [{ label: `the right claims, signed by a key at ${member}`, authorization }];
  });
}

function judgeUrl(member: string, exchanges: readonly Exchange[], { listener }: ProbeContext): Judgement {
  const asked = listener?.count(`/${member}`) ?? 0;
  if (asked === 0) return judgeRefusals(exchanges);
  return { verdict: 'fails', decisive: exchanges[0], why: `the listener of the probe was asked ${asked} times` };
}

export const EMBEDDED_KEY: Check = {
  ...closed,
  id: 'jwk-header',
  title: 'a key within the token is not used',
  clause: 'RFC 7515 section 4.1.3, RFC 8725 section 3.10',
  headline: 'verifies a token by the key that the token brings along',
  remedy: 'take keys from the configured issuer only, and ignore jwk',
  cases: context =>
    withJws(context, ({ headerMembers, claims }) => {
      const key = context.foreignKey();
      const jwk = exportPublicKey(key, KEY_ID);
      const token = signJws({ ...headerMembers, alg: key.algorithm, kid: KEY_ID, jwk }, claims, key);
      return [{ label: 'the right claims, signed by a key in jwk', authorization: bearer(token) }];
    }),
};

/** A file that is empty everywhere, and a query that gives a known key. */
const KEY_IDS: readonly (readonly [label: string, kid: string, secret: string])[] = [
  ['a path', '../../../../../../../../dev/null', ''],
  ['an absolute path', '/dev/null', ''],
  ['SQL', "audgate-probe' UNION SELECT 'audgate-probe' -- ", 'audgate-probe'],
];

export const KEY_ID_INJECTION: Check = {
  ...closed,
  id: 'kid-injection',
  title: 'a kid that is a path or SQL finds no key',
  clause: 'RFC 8725 section 3.10',
  headline: 'uses kid as a file name or within a query: a token chooses its own key',
  remedy: 'look kid up in the key set that was fetched, as a plain string, and never in files or a database',
  cases: context =>
    withJws(context, ({ headerMembers, claims }) =>
      KEY_IDS.map(([label, kid, secret]) => {
        const key = { algorithm: 'HS256', key: createSecretKey(Buffer.from(secret)) };
        const token = signJws({ ...headerMembers, alg: 'HS256', kid }, claims, key);
        return { label: `HS256 with ${label} as kid`, authorization: bearer(token) };
      }),
    ),
};

export const CRITICAL: Check = {
  ...closed,
  id: 'crit',
  title: 'a critical extension that is not known is refused',
  clause: 'RFC 7515 section 4.1.11',
  headline: 'ignores crit: what the issuer calls essential is not understood, and let through',
  remedy: 'refuse every token whose crit names an extension that is not implemented',
  cases: context =>
    mintedCases(context, [['a token with crit', { header: { crit: ['audgate-probe'], 'audgate-probe': true } }]]),
};
