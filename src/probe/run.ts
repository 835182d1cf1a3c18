/** Runs the checks of one API: the two that every other answer is compared with first, the right token once more at the end. */

import {
  bearer,
  type Case,
  type Check,
  type CheckResult,
  type Exchange,
  type Judgement,
  type ProbeContext,
  type Verdict,
} from './check.ts';
import { judgeBaseline, NO_TOKEN, needsThird, RIGHT_TOKEN, rightCase } from './checks/baseline.ts';
import { OTHER_AUDIENCE } from './checks/given-tokens.ts';
import { ALTERED_SIGNATURE } from './checks/signature.ts';
import { CHECKS } from './checks/table.ts';
import type { Answer, ProbeClient } from './http/probe-client.ts';
import { describeAnswer, isHtml, judgeRefusals, readAnswer } from './judging.ts';

export interface ProbeReport {
  /** `unclear`: the audience could not be judged, or something stopped the probe. */
  readonly verdict: 'holds' | 'fails' | 'unclear';
  /** In the order of the table. */
  readonly results: readonly CheckResult[];
  /** Why it is unclear as a whole. */
  readonly why: string | undefined;
  /** With what was asked before the first check. */
  readonly requests: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
}

export interface ProbeOptions {
  readonly isAll: boolean;
  /** Whether `unclear` counts as `fails`. */
  readonly isStrict: boolean;
}

/** Everything of the context but what the probe itself records. */
export type ProbeSubject = Omit<ProbeContext, 'exchanges'>;

/** @param client paces and counts the requests; of several APIs, `startApi` is called before each. */
export async function runProbe(
  subject: ProbeSubject,
  client: ProbeClient,
  options: ProbeOptions,
): Promise<ProbeReport> {
  const startedAt = performance.now();
  const run = new Run(subject, client);
  const chosen = CHECKS.filter(check => options.isAll || check.isEssential);
  const results = await run.all(chosen);
  return {
    ...summarise(results, client, options),
    results,
    requests: client.requests,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** @returns the answer to a request with `token`, or without one: what a probe has to know before it can mint the right one. */
export function ask(subject: Pick<ProbeContext, 'target'>, client: ProbeClient, token?: string): Promise<Answer> {
  return client.send(toRequest(subject, { authorization: token === undefined ? [] : bearer(token) }));
}

/** An API may do that on purpose, after so many wrong tokens. */
const LOCKED_OUT: Judgement = { verdict: 'unclear', why: 'accepted before the other requests, and not after them' };

/** Requests in a row without an answer, or with 5xx, after which the right token is asked for: where it fails, too, the probe may be what breaks the server. */
const FAULTS_IN_A_ROW = 3;
const MOST_BURSTS = 5;

class Run {
  #bursts = 0;
  readonly #judgedAgain = new Map<Check, readonly Exchange[]>();
  readonly #exchanges: Exchange[] = [];
  readonly #context: ProbeContext;
  readonly #client: ProbeClient;

  constructor(subject: ProbeSubject, client: ProbeClient) {
    this.#context = { ...subject, exchanges: this.#exchanges };
    this.#client = client;
  }

  async all(checks: readonly Check[]): Promise<readonly CheckResult[]> {
    const results = new Map<Check, CheckResult>();
    const right = rightCase(this.#context.tokens.right);
    const twice = await this.#exchange([right, right]);
    const baseline = needsThird(twice) ? [...twice, ...(await this.#exchange([right]))] : twice;
    const first = judgeBaseline(baseline);
    results.set(RIGHT_TOKEN, describe(RIGHT_TOKEN, first, baseline));
    if (first.verdict === 'unclear') return checks.map(check => results.get(check) ?? skip(check, first.why));
    results.set(NO_TOKEN, await this.#run(NO_TOKEN));
    // How a token is refused that is wrong in any case is compared with how others are.
    for (const check of [ALTERED_SIGNATURE, ...checks]) {
      if (!results.has(check)) results.set(check, await this.#runBehind(check, results.get(NO_TOKEN)));
    }
    const again = this.#client.stopped === undefined ? await this.#exchange([right]) : [];
    const isLockedOut = again.some(({ answer }) => readAnswer(answer) !== 'accepted');
    const last = isLockedOut && first.verdict === 'holds' ? LOCKED_OUT : first;
    results.set(RIGHT_TOKEN, describe(RIGHT_TOKEN, last, [...baseline, ...again]));
    const all = checks.flatMap(check => this.#judgeAgain(results.get(check) ?? skip(check, undefined)));
    return isLockedOut || last.verdict !== 'holds' ? all.map(distrust) : all;
  }

  #judgeAgain(result: CheckResult): CheckResult {
    const exchanges = this.#judgedAgain.get(result.check);
    const judged = exchanges && result.check.judge?.(exchanges, this.#context);
    return exchanges && judged?.verdict === 'fails' ? describe(result.check, judged, exchanges) : result;
  }

  /** Where no token is needed, an answer to a wrong one says nothing. */
  async #runBehind(check: Check, noToken: CheckResult | undefined): Promise<CheckResult> {
    if (noToken?.verdict === 'fails' && !check.isIndependent) return skip(check, 'it answers without any token');
    return this.#run(check);
  }

  async #run(check: Check): Promise<CheckResult> {
    const cases = check.cases(this.#context);
    if (typeof cases === 'string') return { check, verdict: 'not_run', why: cases, sent: '', got: '' };
    if (this.#client.stopped !== undefined) return skip(check, this.#client.stopped);
    const exchanges = await this.#exchange(cases);
    if (check.isJudgedAgain) this.#judgedAgain.set(check, exchanges);
    const judge = check.judge ?? judgeRefusals;
    const judgement = judge(exchanges, this.#context);
    // What was not sent any more says nothing, whatever a check makes of a missing answer.
    const isCut = this.#client.stopped !== undefined && exchanges.some(({ answer }) => answer.status === 0);
    return isCut && judgement.verdict !== 'fails'
      ? skip(check, this.#client.stopped)
      : describe(check, judgement, exchanges);
  }

  async #exchange(cases: readonly Case[]): Promise<readonly Exchange[]> {
    const exchanges: Exchange[] = [];
    for (const sent of cases) {
      const exchange = { sent, answer: this.#read(await this.#client.send(toRequest(this.#context, sent))) };
      exchanges.push(exchange);
      this.#exchanges.push(exchange);
      if (this.#client.faultsInARow >= FAULTS_IN_A_ROW) await this.#checkHealth();
    }
    return exchanges;
  }

  /** The first answer of all is that to the right token. */
  #read(answer: Exchange['answer']): Exchange['answer'] {
    const [right = { answer }] = this.#exchanges;
    return isHtml(answer) && !isHtml(right.answer) ? { ...answer, isPage: true } : answer;
  }

  async #checkHealth(): Promise<void> {
    this.#bursts += 1;
    const answer = await this.#client.send(toRequest(this.#context, rightCase(this.#context.tokens.right)));
    const isWell = readAnswer(answer) === 'accepted' && this.#bursts <= MOST_BURSTS;
    if (!isWell) this.#client.stop(`stopped: ${FAULTS_IN_A_ROW} requests in a row without an answer, or with 5xx`);
  }
}

function toRequest({ target }: Pick<ProbeContext, 'target'>, sent: Omit<Case, 'label'>) {
  const isOwnMethod = sent.method === undefined;
  const fields = isOwnMethod
    ? target.fields.filter(([name]) => !sent.fields?.some(([other]) => isSame(name, other)))
    : [];
  return {
    url: target.url,
    host: sent.host ?? target.host,
    method: sent.method ?? target.method,
    path: sent.path ?? target.path,
    fields: [...fields, ...(sent.fields ?? []), ...sent.authorization.map(value => ['Authorization', value] as const)],
    body: sent.body ?? (isOwnMethod ? target.body : undefined),
  };
}

function isSame(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}

function skip(check: Check, why: string | undefined): CheckResult {
  return { check, verdict: 'unclear', why, sent: '', got: '' };
}

/** A refusal proves nothing while the right token is refused, too: the server may have locked the probe out. */
function distrust(result: CheckResult): CheckResult {
  if (result.verdict !== 'holds' || result.check.isIndependent) return result;
  return { ...result, verdict: 'unclear', why: 'the right token was not accepted at the end, either' };
}

function describe(check: Check, judgement: Judgement, exchanges: readonly Exchange[]): CheckResult {
  const shown = judgement.decisive ? [judgement.decisive] : exchanges;
  const sent = shown.map(exchange => exchange.sent.label);
  const got = shown.map(({ answer }) => describeAnswer(answer));
  return { check, ...judgement, sent: [...new Set(sent)].join('; '), got: [...new Set(got)].join(', ') };
}

function summarise(
  results: readonly CheckResult[],
  { stopped }: ProbeClient,
  { isStrict }: ProbeOptions,
): Pick<ProbeReport, 'verdict' | 'why'> {
  const has = (sought: Verdict) => results.some(({ verdict }) => verdict === sought);
  if (has('fails')) return { verdict: 'fails', why: undefined };
  const baseline = results.find(({ check }) => check === RIGHT_TOKEN);
  if (baseline?.verdict === 'unclear') return { verdict: 'unclear', why: `the right token: ${baseline.why}` };
  if (isStrict && has('unclear')) return { verdict: 'fails', why: undefined };
  if (stopped !== undefined) return { verdict: 'unclear', why: stopped };
  const audience = results.find(({ check }) => check === OTHER_AUDIENCE);
  if (audience?.verdict === 'holds') return { verdict: 'holds', why: undefined };
  return { verdict: 'unclear', why: `whom a token is for could not be judged: ${audience?.why ?? 'it was not asked'}` };
}
