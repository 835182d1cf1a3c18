/** The report for people: one line of verdict, the table, then each failure with its remedy. */

import type { CheckResult } from '../../../probe/check.ts';
import { escapeText, type Paint } from '../../terminal.ts';
import { describeVerdict, type RouteReport, verdictOf } from './report.ts';

const WORDS = { holds: 'holds', fails: 'FAILS', unclear: 'unclear', not_run: 'not run' } as const;
const COLOURS = { holds: 'green', fails: 'red', unclear: 'yellow', not_run: 'dim' } as const;

export function renderText(reports: readonly RouteReport[], paint: Paint): string[] {
  return reports.flatMap((each, index) => [...(index > 0 ? [''] : []), ...renderRoute(each, paint)]);
}

function renderRoute(route: RouteReport, paint: Paint): string[] {
  const { report, method, url, yaml } = route;
  const verdict = verdictOf(route);
  const name = route.route === undefined ? '' : ` (route ${escapeText(route.route)})`;
  const head = [
    `${method} ${escapeText(url)}${name}`,
    `${paint(COLOURS[verdict], WORDS[verdict])}: ${escapeText(describeVerdict(route))}`,
  ];
  if (typeof report === 'string') return head;
  const rows = report.results.map(result => renderRow(result, paint));
  const failures = report.results.filter(({ verdict }) => verdict === 'fails');
  const closing = yaml === undefined ? [] : ['', 'audgate in front of it closes that:', '', ...indent(yaml)];
  return [
    ...head,
    '',
    ...rows,
    ...failures.flatMap(result => ['', ...renderFailure(result, paint)]),
    ...closing,
    '',
    `${report.requests} requests in ${report.seconds.toFixed(1)} s`,
  ];
}

function renderRow(result: CheckResult, paint: Paint): string {
  const { verdict, check, sent, got, why } = result;
  const said = sent === '' || verdict === 'not_run' ? undefined : `${sent} → ${got}`;
  const text = [said, verdict === 'fails' ? undefined : why].filter(part => part !== undefined).join('; ');
  return `  ${paint(COLOURS[verdict], WORDS[verdict].padEnd(7))}  ${check.id.padEnd(21)}  ${escapeText(text)}`.trimEnd();
}

function renderFailure({ check, sent, got, why }: CheckResult, paint: Paint): string[] {
  const rows = [
    ['clause', check.clause],
    ['sent', sent],
    ['got', why === undefined ? got : [got, why].filter(text => text !== '').join('; ')],
    ['remedy', check.remedy],
  ];
  const lines = rows
    .filter(([, text]) => text !== '')
    .map(([name = '', text = '']) => `  ${name.padEnd(6)}  ${escapeText(text)}`);
  return [`${paint('bold', check.id)}: ${check.headline}`, ...lines];
}

function indent(text: string): string[] {
  return text.split('\n').map(line => (line === '' ? '' : `    ${line}`));
}
