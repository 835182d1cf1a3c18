/** The explanation of one request as data. `text.ts` and `json.ts` render the same. */

import type { PresentedAudience } from '../../../authorization/audience.ts';
import { findExcused } from '../../../authorization/exceptions.ts';
import type { Config } from '../../../config/config.ts';
import type { Exception } from '../../../config/exceptions/exception.ts';
import type { Path } from '../../../config/source/document.ts';
import type { Reason } from '../../../denial.ts';
import { advise } from '../advice/advice.ts';
import { adviseOnAsked } from '../advice/inactive.ts';
import { type Check, listChecks } from '../checks/checks.ts';
import { type Evaluation, reasonOf } from '../evaluate/evaluation.ts';
import {
  type PredictedForwarding,
  type PredictedReply,
  predictForwarding,
  predictReply,
} from '../evaluate/predicted-reply.ts';
import { describeTokenRequest, type TokenRequest } from './token-request.ts';
import { findYamlPlace, type YamlPlace } from './yaml-place.ts';

export interface Explanation {
  readonly evaluation: Evaluation;
  /**
   * `answered`: with a metadata document. `forwarded` with a reason: the denial is only reported. `unknown`: an issuer would be
   * asked about the token.
   */
  readonly decision: 'forwarded' | 'refused' | 'answered' | 'unknown';
  readonly reason: Reason | undefined;
  readonly presented: PresentedAudience | undefined;
  readonly routePlace: YamlPlace | undefined;
  readonly checks: readonly Check[];
  readonly cause: string | undefined;
  readonly remedy: { readonly text: string; readonly place: YamlPlace | undefined } | undefined;
  /** Of a refused request: the exception that would have let it pass while it held. */
  readonly lapsed: Exception | undefined;
  /** Why the request would still be denied if its token were in time. */
  readonly next: Reason | undefined;
  /** The local reply. For a reported denial, the reply that `enforce` would send. */
  readonly reply: PredictedReply | undefined;
  readonly forwarding: PredictedForwarding | undefined;
  /** Where the request has no token. */
  readonly tokenRequest: TokenRequest | undefined;
}

/** @returns the explanation. Reads the YAML again, for line numbers. */
export function createExplanation(evaluation: Evaluation): Explanation {
  const { config, decision, inTime, match } = evaluation;
  const reason = reasonOf(evaluation);
  const forwarding = predictForwarding(evaluation);
  const local = reason === undefined ? 'answered' : 'refused';
  const advice = evaluation.asked ? adviseOnAsked(evaluation.asked) : advise(evaluation);
  const { path, text } = advice?.remedy ?? {};
  const find = (path: Path) => findYamlPlace(fileOf(config.source, path), path);
  return {
    evaluation,
    decision: evaluation.asked ? 'unknown' : forwarding ? 'forwarded' : local,
    reason,
    presented: decision?.denial?.presented,
    routePlace: match?.ok ? find(['routes', match.route.key]) : undefined,
    checks: listChecks(evaluation),
    cause: advice?.cause,
    remedy: text === undefined ? undefined : { text, place: path && find(path) },
    lapsed: findLapsed(evaluation),
    next: inTime?.denial?.reason,
    reply: predictReply(evaluation),
    forwarding,
    tokenRequest: reason === 'missing_token' ? describeTokenRequest(evaluation) : undefined,
  };
}

/** A route may stand in a file that is included. */
function fileOf({ file, routePlaces }: Config['source'], [top, key]: Path): string {
  return (top === 'routes' && routePlaces.get(String(key))?.file) || file;
}

function findLapsed({ decision, match }: Evaluation): Exception | undefined {
  if (!decision?.denial || !decision.verified || decision.grant || !match?.ok || match.route.public) return undefined;
  return findExcused(match.route, decision.verified, decision.denial, Number.NEGATIVE_INFINITY)?.exception;
}
