/** The checks of an explanation as text. */

import { escapeText, LONGEST, type Paint, showValue } from '../../terminal.ts';
import type { Check } from '../checks/checks.ts';
import type { CheckName, Fact } from '../checks/facts.ts';
import type { Explanation } from './explanation.ts';
import { formatPlace } from './yaml-place.ts';

const MARKS = { pass: '✓', fail: '✗', excused: '!', skipped: '–' } as const;
/** Checks whose expected value is also shown where they passed or were not reached. */
const COMPARED: ReadonlySet<CheckName> = new Set<CheckName>(['algorithm', 'type', 'audience', 'scope']);
const NAME_WIDTH = 12;
const LABEL = '               ';
const MOST_ENTRIES = 8;

/** @returns the lines of the checks; those without any facts are listed together at the end. */
export function renderChecks({ checks, routePlace }: Explanation, paint: Paint): string[] {
  const isUnknown = ({ name, verdict, actual, expected, note }: Check) =>
    verdict === 'skipped' && !actual && !note && !(expected && COMPARED.has(name));
  const unknown = checks.filter(isUnknown).map(({ name }) => name);
  const lines = checks
    .filter(check => !isUnknown(check))
    .flatMap(check => {
      if (check.verdict === 'fail' || check.verdict === 'excused') return renderFailure(check, paint);
      const place = check.name === 'route' && routePlace ? ` (${formatPlace(routePlace)})` : '';
      return [`${renderLine(check, paint)}${place}`];
    });
  return unknown.length === 0 ? lines : [...lines, paint('dim', `${MARKS.skipped} not reached  ${unknown.join(', ')}`)];
}

function renderFailure(check: Check, paint: Paint): string[] {
  const color = check.verdict === 'fail' ? 'red' : 'yellow';
  return [`${paint(color, nameCheck(check))} ${renderNote(check)}`.trimEnd(), ...renderComparison(check, paint)];
}

function renderLine(check: Check, paint: Paint): string {
  const { name, verdict, actual, expected, note } = check;
  const found = [...listFacts(actual), ...(note === undefined ? [] : [escapeText(note)])];
  const wanted = COMPARED.has(name) ? listFacts(expected) : [];
  const against = wanted.length > 0 ? [`[${wanted.join(', ')}]`] : [];
  const facts = [found.join('; '), ...against].filter(text => text !== '').join(' ');
  const line = (mark: string) => `${mark} ${facts}`.trimEnd();
  return verdict === 'skipped' ? paint('dim', line(nameCheck(check))) : line(paint('green', nameCheck(check)));
}

function nameCheck({ name, verdict }: Check): string {
  return `${MARKS[verdict]} ${name.padEnd(NAME_WIDTH)}`;
}

function renderNote({ note }: Check): string {
  return note === undefined ? '' : escapeText(note);
}

/** Presented and expected value below one another, with a caret under the first difference. */
function renderComparison({ actual, expected, difference, ambiguity }: Check, paint: Paint): string[] {
  if (difference) {
    const others = listFacts(expected).filter(value => value !== difference.expected);
    return [
      `${LABEL}presented ${difference.actual}`,
      `${LABEL}expected  ${difference.expected}`,
      renderCaret(difference.at, difference.words.join(', '), paint),
      ...(others.length > 0 ? [`${LABEL}or        ${others.join(', ')}`] : []),
    ];
  }
  const presented = listFacts(actual).map(
    (value, index) => `${LABEL}${index === 0 ? 'presented ' : '          '}${value}`,
  );
  const pointer = ambiguity ? [renderCaret(ambiguity.at, ambiguity.what, paint)] : [];
  const wanted = listFacts(expected);
  return [...presented, ...pointer, ...(wanted.length > 0 ? [`${LABEL}expected  ${wanted.join(', ')}`] : [])];
}

/** Without the caret where the position is beyond the part of the value that is shown. */
function renderCaret(at: number, text: string, paint: Paint): string {
  return `${LABEL}          ${paint('red', at > LONGEST ? text : `${' '.repeat(at)}^ ${text}`)}`;
}

function listFacts(fact: Fact | undefined): readonly string[] {
  const list = fact === undefined ? [] : typeof fact === 'string' ? [fact] : fact;
  const shown = list.slice(0, MOST_ENTRIES).map(showValue);
  return list.length > MOST_ENTRIES ? [...shown, `and ${list.length - MOST_ENTRIES} more`] : shown;
}
