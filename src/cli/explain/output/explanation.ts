/** All that is to be said of one request, as data: the same for people and for machines. */

import type { Reason } from '../../../denial.ts';
import { advise } from '../advice/advice.ts';
import { describeWayToToken, type WayToToken } from '../advice/way-to-token.ts';
import { locate, type YamlPlace } from '../advice/yaml-place.ts';
import { type Check, listChecks } from '../evaluate/checks.ts';
import { type Judgement, reasonOf } from '../evaluate/evaluation.ts';
import { type Forwarding, foreseeForwarding, foreseeResponse, type Response } from '../evaluate/expected-reply.ts';

export interface Explanation {
  readonly judgement: Judgement;
  /** `answered`: by the gateway itself, with metadata. With `forwarded`, a reason is only reported. */
  readonly decision: 'forwarded' | 'refused' | 'answered';
  readonly reason: Reason | undefined;
  readonly presented: string | undefined;
  readonly routePlace: YamlPlace | undefined;
  readonly checks: readonly Check[];
  readonly cause: string | undefined;
  readonly remedy: { readonly text: string; readonly place: YamlPlace | undefined } | undefined;
  /** What the request would be refused for next, were its token in time. */
  readonly next: Reason | undefined;
  /** Of the gateway: sent where the decision is not `forwarded`; where a denial is reported, what `enforce` would send. */
  readonly response: Response | undefined;
  readonly forwarding: Forwarding | undefined;
  /** Where the request has no token. */
  readonly wayToToken: WayToToken | undefined;
}

/** @returns what is to be said of `judgement`. Reads the YAML again for the lines that it names. */
export function describeJudgement(judgement: Judgement): Explanation {
  const { config, decision, inTime, match } = judgement;
  const reason = reasonOf(judgement);
  const forwarding = foreseeForwarding(judgement);
  const answered = reason === undefined ? 'answered' : 'refused';
  const advice = advise(judgement);
  const { path, text } = advice?.remedy ?? {};
  const find = (key: readonly (string | number)[]) => locate(config.source.file, key);
  return {
    judgement,
    decision: forwarding ? 'forwarded' : answered,
    reason,
    presented: decision?.denial?.presented,
    routePlace: match?.ok ? find(['routes', match.route.key]) : undefined,
    checks: listChecks(judgement),
    cause: advice?.cause,
    remedy: text === undefined ? undefined : { text, place: path && find(path) },
    next: inTime?.denial?.reason,
    response: foreseeResponse(judgement),
    forwarding,
    wayToToken: reason === 'missing_token' ? describeWayToToken(judgement) : undefined,
  };
}
