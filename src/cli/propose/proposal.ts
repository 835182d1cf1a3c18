/** The files with the proposal in them, and what of the log it does not help: each need is judged again under the new text. */

import type { Config } from '../../config/config.ts';
import type { Diagnostic } from '../../config/diagnostics/diagnostic.ts';
import type { ListInsertion } from '../../config/editing/insertion-edits.ts';
import { insertIntoLists } from '../../config/editing/list-insertion.ts';
import { type LoadResult, loadSource } from '../../config/load.ts';
import { readSourceFile, toSourceFile } from '../../config/source/source-file.ts';
import { formatDay } from '../../config/values/day.ts';
import { compare } from '../simulate/replay/comparison.ts';
import { DecisionReplay } from '../simulate/replay/decision-replay.ts';
import type { UnknownCause } from '../simulate/replay/unknown.ts';
import { listInsertions } from './output/insertions.ts';
import { createPlan, type Plan } from './plan/plan.ts';
import { enforceAll } from './survey/enforced-config.ts';
import type { Survey } from './survey/log-survey.ts';
import type { Need } from './survey/need-groups.ts';

const DAYS = 90;
const DAY = 86_400_000;

/** A file that holds routes or issuers. */
export interface ConfigFile {
  readonly file: string;
  /** With its byte order mark where it has one. */
  readonly text: string;
}

export interface ProposedFile extends ConfigFile {
  readonly before: string;
}

/** Requests that the proposal does not help, and why they will be refused. */
export interface Uncovered {
  readonly need: Need;
  readonly reason: string;
}

export interface Proposal {
  readonly plan: Plan;
  /** Those that change. */
  readonly files: readonly ProposedFile[];
  /** What cannot be written without a change elsewhere, such as behind an alias of YAML. */
  readonly byHand: readonly ListInsertion[];
  readonly uncovered: readonly Uncovered[];
  /** Requests of which the log does not say whether the proposal helps them, beside those of the survey. */
  readonly unknown: ReadonlyMap<UnknownCause, number>;
}

export interface ProposalContext {
  readonly config: Config;
  readonly file: ConfigFile;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The text with the proposal does not load, as where it becomes larger than a file may be. */
interface Failed {
  readonly ok: false;
  readonly diagnostics: readonly Diagnostic[];
}

export type ProposalResult = { readonly ok: true; readonly proposal: Proposal } | Failed;

/** @returns the proposal for what `survey` found; the same one for the same survey on the same day (UTC). */
export function createProposal(survey: Survey, { config, file, environment, now }: ProposalContext): ProposalResult {
  const plan = createPlan(config, survey);
  const needs = survey.needs.filter(({ wasLetIn }) => wasLetIn);
  const insertions = listInsertions(config, plan, { needs, until: formatDay(now + DAYS * DAY) });
  const written = writeFiles(config, file, insertions);
  if (!written.ok) return written;
  const loaded = loadTexts(file, written.files, environment);
  if (!loaded.ok) return loaded;
  const { files, byHand } = written;
  return { ok: true, proposal: { plan, files, byHand, ...judgeAgain(needs, loaded.config, config) } };
}

type Written = {
  readonly ok: true;
  readonly files: readonly ProposedFile[];
  readonly byHand: readonly ListInsertion[];
};

/** Each insertion goes into the file of its route; issuers stand in the file that includes the others. */
function writeFiles(config: Config, main: ConfigFile, insertions: readonly ListInsertion[]): Written | Failed {
  const { routePlaces, included } = config.source;
  const fileOf = ({ path: [top, key] }: ListInsertion) =>
    (top === 'routes' ? routePlaces.get(String(key))?.file : undefined) ?? main.file;
  const files: ProposedFile[] = [];
  const byHand: ListInsertion[] = [];
  for (const file of [main.file, ...included.map(each => each.file)]) {
    const own = insertions.filter(insertion => fileOf(insertion) === file);
    if (own.length === 0) continue;
    const read = file === main.file ? { ok: true as const, source: main } : readSourceFile(file, { keepsMark: true });
    if (!read.ok) return read;
    const before = read.source.text;
    const { text, failed } = insertIntoLists(before, own);
    byHand.push(...failed);
    if (text !== before) files.push({ file, before, text });
  }
  return { ok: true, files, byHand };
}

function loadTexts(
  main: ConfigFile,
  files: readonly ProposedFile[],
  environment: ProposalContext['environment'],
): LoadResult {
  const texts = new Map(files.map(({ file, text }) => [file, withoutMark(text)]));
  const read = toSourceFile(main.file, texts.get(main.file) ?? main.text);
  return read.ok ? loadSource(read.source, environment, { acceptsNoOwner: true, includedTexts: texts }) : read;
}

function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function judgeAgain(needs: readonly Need[], proposed: Config, config: Config): Pick<Proposal, 'uncovered' | 'unknown'> {
  const replay = new DecisionReplay(enforceAll(proposed), config);
  const uncovered: Uncovered[] = [];
  const unknown = new Map<UnknownCause, number>();
  const count = (cause: UnknownCause, need: Need) => unknown.set(cause, (unknown.get(cause) ?? 0) + need.count);
  for (const need of needs) {
    const found = compare(need.example, replay.decide(need.example));
    if (found === 'unchanged') continue;
    if ('unknown' in found) count(found.unknown, need);
    else if (found.kind === 'would_break' && isClientOmitted(need, config)) count('field_omitted', need);
    else if (found.kind === 'would_break') uncovered.push({ need, reason: found.becomes.reason ?? 'denied' });
  }
  return { uncovered, unknown };
}

/** Whether its tokens may have named a client, which an exception could name, too. */
function isClientOmitted({ clientId }: Need, { accessLog }: Config): boolean {
  return clientId === undefined && accessLog?.omit.has('client_id') === true;
}
