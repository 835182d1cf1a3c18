/** Two versions of a file → a unified diff, as `patch -p1` and `git apply` read it (POSIX diff, "Diff -u Output Format"). */

import { onOneLine } from '../../../config/diagnostics/visible-text.ts';

/** Lines that are the same, around each change. */
const CONTEXT = 3;
/** How many lines of the old version may be replaced at one place before the rest counts as replaced. */
const MOST_REPLACED = 8;

/** Lines `start` up to `end`, counted from 0. */
interface Range {
  readonly start: number;
  readonly end: number;
}

interface Change {
  readonly old: Range;
  readonly new: Range;
}

/** @returns the diff with its line ends; empty where the versions are equal. `name` is relative to where the patch is applied. */
export function createDiff(name: string, before: string, after: string): string {
  const [old, next] = [splitLines(before), splitLines(after)];
  const hunks = groupChanges(findChanges(old, next), old.length).map(changes => describeHunk(changes, old, next));
  if (hunks.length === 0) return '';
  return `--- ${quoteName(`a/${name}`)}\n+++ ${quoteName(`b/${name}`)}\n${hunks.join('')}`;
}

/** With their line ends. */
function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}

/** Quoted where it has other than visible characters, or a blank at its end, as git does; a tab ends another name with a blank, as in GNU diff. */
function quoteName(name: string): string {
  if (onOneLine(name) === name && !/["\\]|\s$/u.test(name)) return name.includes(' ') ? `${name}\t` : name;
  const escaped = [...Buffer.from(name)].map(byte => {
    const isPlain = byte >= 0x20 && byte !== 0x22 && byte !== 0x5c && byte < 0x7f;
    return isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** The versions differ at few places, so the nearest line that both have ends a change. */
function findChanges(old: readonly string[], next: readonly string[]): readonly Change[] {
  const changes: Change[] = [];
  for (let [i, j] = [0, 0]; i < old.length || j < next.length; ) {
    if (i < old.length && j < next.length && old[i] === next[j]) {
      i += 1;
      j += 1;
      continue;
    }
    const { replaced, added } = findMeeting(old, next, i, j);
    changes.push({ old: { start: i, end: i + replaced }, new: { start: j, end: j + added } });
    i += replaced;
    j += added;
  }
  return changes;
}

function findMeeting(old: readonly string[], next: readonly string[], i: number, j: number) {
  let best = { replaced: old.length - i, added: next.length - j };
  for (let replaced = 0; replaced <= MOST_REPLACED && i + replaced < old.length; replaced += 1) {
    const at = next.indexOf(old[i + replaced] ?? '', j);
    if (at !== -1 && replaced + at - j < best.replaced + best.added) best = { replaced, added: at - j };
  }
  return best;
}

/** Changes whose contexts touch are one hunk. */
function groupChanges(changes: readonly Change[], length: number): readonly (readonly Change[])[] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const group = groups.at(-1);
    const end = group?.at(-1)?.old.end;
    if (group && end !== undefined && change.old.start - end <= Math.min(2 * CONTEXT, length)) group.push(change);
    else groups.push([change]);
  }
  return groups;
}

function describeHunk(changes: readonly Change[], old: readonly string[], next: readonly string[]): string {
  const [first, last] = [changes[0], changes.at(-1)];
  if (!first || !last) return '';
  const before = Math.min(CONTEXT, first.old.start);
  const after = Math.min(CONTEXT, old.length - last.old.end);
  const range = {
    old: { start: first.old.start - before, end: last.old.end + after },
    new: { start: first.new.start - before, end: last.new.end + after },
  };
  const lines: string[] = [];
  let at = range.old.start;
  for (const change of changes) {
    lines.push(...mark(' ', old.slice(at, change.old.start)));
    lines.push(...mark('-', old.slice(change.old.start, change.old.end)));
    lines.push(...mark('+', next.slice(change.new.start, change.new.end)));
    at = change.old.end;
  }
  lines.push(...mark(' ', old.slice(at, range.old.end)));
  return `@@ -${describeRange(range.old)} +${describeRange(range.new)} @@\n${lines.join('')}`;
}

function mark(sign: string, lines: readonly string[]): readonly string[] {
  return lines.map(line => (line.endsWith('\n') ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`));
}

/** Of an empty range the line before it. */
function describeRange({ start, end }: Range): string {
  const count = end - start;
  const line = count === 0 ? start : start + 1;
  return count === 1 ? `${line}` : `${line},${count}`;
}
