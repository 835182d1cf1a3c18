/** An explanation for people, in the manner of a compiler's error. */

import { STATUS_CODES } from 'node:http';
import { escapeText, LONGEST, type Paint, showValue } from '../../terminal.ts';
import type { YamlPlace } from '../advice/yaml-place.ts';
import type { Check } from '../evaluate/checks.ts';
import type { Response } from '../evaluate/expected-reply.ts';
import type { Fact } from '../evaluate/facts.ts';
import { nameUrl } from '../evaluate/question.ts';
import type { Explanation } from './explanation.ts';

const MARKS = { pass: '✓', fail: '✗', skipped: '–' } as const;
/** Checks that say against what they compared also where they passed, or were not reached. */
const COMPARED: readonly string[] = ['algorithm', 'type', 'audience', 'scope'];
const NAME_WIDTH = 12;
const LABEL = '               ';
const MOST_ENTRIES = 8;

/** @returns the lines; every byte that somebody else wrote is escaped. */
export function renderText(explanation: Explanation, paint: Paint): readonly string[] {
  return [
    ...renderQuestion(explanation, paint),
    '',
    ...renderChecks(explanation, paint),
    '',
    ...renderDecision(explanation, paint),
    ...renderAdvice(explanation, paint),
    ...renderForwarding(explanation, paint),
    ...renderResponse(explanation, paint),
    ...renderWayToToken(explanation, paint),
  ];
}

function renderQuestion({ judgement: { question } }: Explanation, paint: Paint): string[] {
  const at = `${new Date(question.at).toISOString()}${question.isNow ? ' (now)' : ''}`;
  const assumed = `  Host is assumed to be ${question.authority}: the URL names none`;
  const head = `${paint('bold', `${question.method} ${escapeText(nameUrl(question))}`)}  at ${at}`;
  return question.isAuthorityAssumed ? [head, assumed] : [head];
}

function renderChecks({ checks, routePlace }: Explanation, paint: Paint): string[] {
  const isUnknown = ({ name, verdict, actual, expected, note }: Check) =>
    verdict === 'skipped' && !actual && !note && !(expected && COMPARED.includes(name));
  const unknown = checks.filter(isUnknown).map(({ name }) => name);
  const lines = checks
    .filter(check => !isUnknown(check))
    .flatMap(check => {
      if (check.verdict === 'fail') return renderFailure(check, paint);
      const place = check.name === 'route' && routePlace ? ` (${namePlace(routePlace)})` : '';
      return [`${renderLine(check, paint)}${place}`];
    });
  return unknown.length === 0 ? lines : [...lines, paint('dim', `${MARKS.skipped} not reached  ${unknown.join(', ')}`)];
}

function renderFailure(check: Check, paint: Paint): string[] {
  return [`${paint('red', nameCheck(check))} ${renderNote(check)}`.trimEnd(), ...renderComparison(check, paint)];
}

function renderLine(check: Check, paint: Paint): string {
  const { name, verdict, actual, expected, note } = check;
  const said = [...listFacts(actual), ...(note === undefined ? [] : [escapeText(note)])];
  const wanted = COMPARED.includes(name) ? listFacts(expected) : [];
  const against = wanted.length > 0 ? [`[${wanted.join(', ')}]`] : [];
  const facts = [said.join('; '), ...against].filter(text => text !== '').join(' ');
  const line = (mark: string) => `${mark} ${facts}`.trimEnd();
  return verdict === 'skipped' ? paint('dim', line(nameCheck(check))) : line(paint('green', nameCheck(check)));
}

function nameCheck({ name, verdict }: Check): string {
  return `${MARKS[verdict]} ${name.padEnd(NAME_WIDTH)}`;
}

function renderNote({ note }: Check): string {
  return note === undefined ? '' : escapeText(note);
}

/** Side by side, and a caret under the first difference. */
function renderComparison({ actual, expected, difference, fault }: Check, paint: Paint): string[] {
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
  const pointer = fault ? [renderCaret(fault.at, fault.what, paint)] : [];
  const wanted = listFacts(expected);
  return [...presented, ...pointer, ...(wanted.length > 0 ? [`${LABEL}expected  ${wanted.join(', ')}`] : [])];
}

/** Beyond the end of what is shown there is nothing to point at. */
function renderCaret(at: number, text: string, paint: Paint): string {
  return `${LABEL}          ${paint('red', at > LONGEST ? text : `${' '.repeat(at)}^ ${text}`)}`;
}

function renderDecision(
  { decision, reason, presented, response, judgement, next }: Explanation,
  paint: Paint,
): string[] {
  const route = judgement.match?.ok ? judgement.match.route : undefined;
  const detail = presented === undefined ? '' : `, presented: ${presented}`;
  const after = next === undefined ? [] : [`  A token in time would be denied next for ${next}.`];
  if (decision === 'answered') return [paint('green', 'answered by the gateway itself: 200')];
  if (decision === 'refused') return [paint('red', `refused: ${response?.status} ${reason}${detail}`), ...after];
  if (reason === undefined) return [paint('green', 'forwarded')];
  const rung = route && !route.public ? route.enforcement : '';
  return [
    paint('yellow', `forwarded, and reported: ${reason}${detail}`),
    reason === 'ambiguous_path'
      ? `  Every route to this upstream is public or on report; on verify or enforce it would be refused with ${response?.status}.`
      : `  The rung of this route is ${rung}; on enforce it would be refused with ${response?.status}.`,
    ...after,
  ];
}

function renderAdvice({ cause, remedy }: Explanation, paint: Paint): string[] {
  const place = remedy?.place ? `${namePlace(remedy.place)}: ${escapeText(remedy.place.path)}: ` : '';
  return [
    ...(cause === undefined ? [] : [`${paint('bold', 'cause:')}  ${escapeText(cause)}`]),
    ...(remedy === undefined ? [] : [`${paint('bold', 'remedy:')} ${paint('cyan', place)}${escapeText(remedy.text)}`]),
  ];
}

function renderForwarding({ forwarding, judgement }: Explanation, paint: Paint): string[] {
  if (!forwarding) return [];
  const query = judgement.question.target.includes('?') ? '?…' : '';
  const identity = forwarding.identity.map(({ header, claim, value }) =>
    value === undefined
      ? `  ${header}: not set, for want of a claim ${showValue(claim)}`
      : `  ${header}: ${showValue(value)}  (${showValue(claim)})`,
  );
  return [
    '',
    `${paint('bold', 'to the upstream:')} ${judgement.question.method} ${escapeText(forwarding.url)}${query}`,
    `  Authorization: ${forwarding.isTokenForwarded ? 'kept (upstream_token: forward)' : 'removed'}`,
    ...identity,
    '  X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Forwarded and Via: set by the gateway',
  ];
}

function renderResponse({ response, decision }: Explanation, paint: Paint): string[] {
  if (!response) return [];
  const title = decision === 'forwarded' ? 'what enforce would answer:' : 'the answer:';
  return ['', paint('bold', title), ...renderMessage(response)];
}

function renderMessage({ status, headers, body }: Response): string[] {
  const fields = headers.map(([name, value]) => `  ${name}: ${value}`);
  return [`  HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...fields, '', `  ${body}`];
}

function renderWayToToken({ wayToToken }: Explanation, paint: Paint): string[] {
  if (!wayToToken) return [];
  const { resource, authorizationServers, scopes, metadata, commands } = wayToToken;
  return [
    '',
    paint('bold', 'how to get a token:'),
    `  resource              ${resource}`,
    `  authorization server  ${authorizationServers.join(', ')}`,
    `  scopes                ${scopes.length > 0 ? scopes.join(' ') : 'none is needed'}`,
    `  metadata              ${metadata}`,
    '',
    ...commands.map(line => `  ${line}`),
  ];
}

function listFacts(fact: Fact | undefined): readonly string[] {
  const list = fact === undefined ? [] : typeof fact === 'string' ? [fact] : fact;
  const shown = list.slice(0, MOST_ENTRIES).map(showValue);
  return list.length > MOST_ENTRIES ? [...shown, `and ${list.length - MOST_ENTRIES} more`] : shown;
}

function namePlace({ file, line }: YamlPlace): string {
  return `${escapeText(file)}:${line}`;
}
