/** The proposal as a patch. Behind it, on lines with `#` that `patch` and `git apply` skip, what it leaves as it is. */

import { writeFlow } from '../../../config/editing/flow-text.ts';
import { UNKNOWN } from '../../simulate/replay/unknown.ts';
import { fitText, toSafeJson } from '../../terminal.ts';
import { createDiff } from '../patch/unified-diff.ts';
import type { Proposal } from '../proposal.ts';
import type { Survey } from '../survey/log-survey.ts';
import { describeClient } from './evidence.ts';
import { isCut, listStillRefused, listUnknown, type StillRefused } from './leftovers.ts';

/** Entries of one list; `--json` has all. */
const MOST = 50;
const WIDTH = 240;

/** @param nameOf gives the name of a file in the patch. @returns the text, with its last line end. */
export function renderText(survey: Survey, proposal: Proposal, nameOf: (file: string) => string): string {
  const diffs = proposal.files.map(({ file, before, text }) => createDiff(nameOf(file), before, text));
  const notes = listNotes(survey, proposal).map(note => (note === '' ? '#\n' : `# ${note}\n`));
  return diffs.join('') + notes.join('');
}

function listNotes(survey: Survey, proposal: Proposal): readonly string[] {
  const { lines, decided: judged, skipped, broken } = survey;
  const head = `${lines} lines: ${judged} requests judged, ${skipped} of no request, ${broken} broken`;
  const isEmpty = judged > 0 && proposal.files.length === 0 && proposal.byHand.length === 0;
  const nothing = isEmpty ? ['nothing to propose'] : [];
  return [
    ...[head, ...nothing],
    ...describeByHand(proposal),
    ...[
      ...describeRefused(listStillRefused(survey, proposal), proposal),
      ...describeUnknown(survey, proposal),
      ...describeCut(survey, proposal),
    ].map(note => fitText(note, WIDTH)),
  ];
}

/** Each entry on its own line and whole, since it is copied from here. */
function describeByHand({ byHand }: Proposal): readonly string[] {
  if (byHand.length === 0) return [];
  const lines = byHand.flatMap(({ path, entries }) => [
    `  ${path.map(key => toSafeJson(key)).join('.')}:`,
    ...entries.map(({ value }) => `    - ${writeFlow(value)}`),
  ]);
  return ['', 'to be added by hand, since a change there would change other entries, too:', ...limit(lines)];
}

function describeRefused(refused: readonly StillRefused[], { byHand }: Proposal): readonly string[] {
  if (refused.length === 0) return [];
  const until = byHand.length > 0 ? 'until that is added, or even then' : 'whatever is proposed';
  const lines = refused.map(each => `  ${fitText(each.route, 60)} ${each.reason}, ${describeClient(each)}`);
  return ['', `let in when the log was written, and refused on enforce ${until}:`, ...limit(lines)];
}

function describeUnknown(survey: Survey, proposal: Proposal): readonly string[] {
  const unknown = [...listUnknown(survey, proposal)];
  if (unknown.length === 0) return [];
  return [
    '',
    'unknown, so nothing is proposed for it, or not known to be enough:',
    ...unknown.map(([cause, count]) => `  ${count} ${UNKNOWN[cause]}`),
  ];
}

function describeCut(survey: Survey, proposal: Proposal): readonly string[] {
  if (!isCut(survey, proposal)) return [];
  const { uncounted, isRefusedCut, sightings } = survey;
  const { beyond } = proposal.plan;
  const lines = [
    ...[...uncounted].map(([route, count]) => `  ${fitText(route, 60)}: ${count} requests of further clients`),
    ...(beyond.length > 0
      ? [`  ${new Set(beyond.map(({ clientId }) => clientId)).size} clients beyond those above`]
      : []),
    ...(sightings.isCut ? ['  audiences: too many to say which route alone sees one'] : []),
    ...(isRefusedCut ? ['  clients in the list of what is refused'] : []),
  ];
  return ['', 'cut, since the log has more than is kept; apply this, then propose again:', ...limit(lines)];
}

function limit(lines: readonly string[]): readonly string[] {
  const more = lines.length - MOST;
  return more > 0 ? [...lines.slice(0, MOST), `  and ${more} more, see --json`] : lines;
}
