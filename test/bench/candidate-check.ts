/** Checks before a measurement that a candidate refuses invalid tokens. What it does not check is reported with its figures. */

import type { Peer, RunningPeer } from './peers/peer.ts';
import { probe } from './probe.ts';
import type { TestBed } from './test-bed.ts';
import type { Algorithm } from './tokens/keys.ts';
import { OTHER_RESOURCE, PATH, signToken, type TokenOptions } from './tokens/sign.ts';

const BAD_CLAIMS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'wrong audience': { aud: OTHER_RESOURCE },
  'expired token': { exp: Math.floor(Date.now() / 1000) - 3600 },
  'wrong issuer': { iss: 'https://evil.example.com' },
  'missing scope': { scope: 'api:other' },
};

/**
 * @returns what `peer` forwards although it should refuse it; empty where it refuses everything.
 * @throws where it does not answer 200 to a valid token of an algorithm that it knows.
 */
export async function checkCandidate(
  peer: Peer,
  running: RunningPeer,
  bed: TestBed,
  algorithms: readonly Algorithm[],
): Promise<string[]> {
  const passes = async (token: string | undefined) => (await probe(running, `${PATH}/small`, token)).status === 200;
  const tokenOf = (algorithm: Algorithm, claims: TokenOptions['claims'] = {}) =>
    signToken(bed.keys, { algorithm, claims });
  const unchecked: string[] = [];
  for (const algorithm of algorithms) {
    const good = await tokenOf(algorithm);
    if (!(await passes(good))) throw new Error(`it refuses a good ${algorithm} token`);
    if (!peer.verifiesTokens) return ['anything: it checks nothing'];
    if (await passes(tamper(good))) unchecked.push(`${algorithm} signature`);
    for (const [what, claims] of Object.entries(BAD_CLAIMS)) {
      if (await passes(await tokenOf(algorithm, claims))) unchecked.push(what);
    }
  }
  if (await passes(undefined)) unchecked.push('no token');
  return [...new Set(unchecked)];
}

/** Changes the first character of the signature: the last one may hold bits that are not part of it. */
function tamper(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}
