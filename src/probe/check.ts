/** What a check is, and what it gives. Each row of the table in `checks/` is one. */

import type { KeyObject } from 'node:crypto';
import type { Answer } from './http/probe-client.ts';
import type { Field, Target } from './http/target.ts';
import type { JwsParts, Members, SigningKey } from './tokens/jws-parts.ts';
import type { KeyListener } from './tokens/key-listener.ts';
import type { Minter } from './tokens/minter.ts';

export type Verdict = 'holds' | 'fails' | 'unclear' | 'not_run';

export interface Check {
  /** Kebab-case; never changes. */
  readonly id: string;
  /** What holds where the API is right. */
  readonly title: string;
  /** The RFC section that asks for it. */
  readonly clause: string;
  /** The verdict on an API that fails it, as the first line of a report: `accepts …`. */
  readonly headline: string;
  /** What to change in the API. */
  readonly remedy: string;
  /** Whether audgate in front of the API closes it. */
  readonly isClosedByGateway: boolean;
  /** One of those that run without `--all`. */
  readonly isEssential?: true;
  /** Its answers say something also where no token is needed, and where the right one is refused. */
  readonly isIndependent?: true;
  /** Judged once more at the end: what shows a failure may come after the answer. */
  readonly isJudgedAgain?: true;
  /** @returns the requests to send; a text: why there is none. */
  readonly cases: (context: ProbeContext) => readonly Case[] | string;
  /** Default: none of the requests may be accepted. */
  readonly judge?: (exchanges: readonly Exchange[], context: ProbeContext) => Judgement;
}

/** One request of a check; what is absent is that of the target. */
export interface Case {
  /** What is sent, in words: never the token. */
  readonly label: string;
  /** The value of each Authorization field. */
  readonly authorization: readonly string[];
  readonly path?: string;
  readonly method?: string;
  readonly host?: string;
  readonly fields?: readonly Field[];
  readonly body?: string;
  /** Why an API would refuse it without the check, too: a refusal then shows nothing. */
  readonly refusedAnyway?: string | undefined;
  /** Why an API that checks it may accept it: that is then no failure. */
  readonly mayBeAccepted?: string | undefined;
}

export interface Exchange {
  readonly sent: Case;
  readonly answer: Answer & {
    /** 2xx with HTML, where the right token gets something else: a page for people, such as one to log in. */
    readonly isPage?: boolean;
  };
}

export interface Judgement {
  readonly verdict: Verdict;
  /** The exchange that decides; `undefined` where all of them do. */
  readonly decisive?: Exchange | undefined;
  /** Why it is unclear, or what has to be known beside the verdict. */
  readonly why?: string | undefined;
}

/** What the probe may present. */
export interface TestTokens {
  readonly right: string;
  /** Of the right token; `undefined` where it is opaque. */
  readonly jws: JwsParts | undefined;
  /** Issued for other APIs. */
  readonly others: readonly string[];
  readonly idToken: string | undefined;
  readonly expired: string | undefined;
  readonly insufficient: string | undefined;
}

export interface ProbeContext {
  readonly target: Target;
  readonly tokens: TestTokens;
  /** `undefined` without the key of a test issuer. */
  readonly minter: Minter | undefined;
  /** The issuer's, for the check that takes one of them for a secret. */
  readonly publicKeys: readonly KeyObject[];
  /** Of the kind that the right token was signed with, and published by nobody. */
  readonly foreignKey: () => SigningKey;
  /** `undefined` where the target could not reach it. */
  readonly listener: KeyListener | undefined;
  /** The resource URI that the metadata has to name, where it is known. */
  readonly resource: string | undefined;
  /** Another API at the same host, for which the right token is not. */
  readonly siblingPath: string | undefined;
  /** Every exchange so far. */
  readonly exchanges: readonly Exchange[];
}

export interface CheckResult extends Judgement {
  readonly check: Check;
  /** In words, never a token. */
  readonly sent: string;
  readonly got: string;
}

/** @returns the credentials that present `token` (RFC 6750 section 2.1). */
export function bearer(token: string): readonly string[] {
  return [`Bearer ${token}`];
}

export const NEEDS_MINTING = 'needs --mint-key, --issuer and --resource';
export const NEEDS_JWT = 'needs a right token that is a JWT';

/** @returns cases with tokens that the test issuer has signed; why none, where there is no key. */
export function mintedCases(
  { minter }: ProbeContext,
  changes: readonly (readonly [label: string, change: { readonly claims?: Members; readonly header?: Members }])[],
): readonly Case[] | string {
  if (!minter) return NEEDS_MINTING;
  return changes.map(([label, change]) => ({ label, authorization: bearer(minter.mint(change)) }));
}
