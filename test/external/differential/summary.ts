/** The results of all payloads as two tables. */

import type { Result } from './payload-run.ts';

export interface PayloadResult extends Result {
  readonly server: string;
  readonly group: string;
  readonly name: string;
}

const RESULTS = ['forwarded', 'refused by the gateway', 'refused by the server'] as const;

/** @returns two tables: by server, and by class of payload over all servers. */
export function formatSummary(
  outcomes: readonly PayloadResult[],
  missing: readonly string[],
  payloads: number,
): string {
  const absent = missing.map(name => `${name.padEnd(22)} not installed here: ${payloads} payloads not run`);
  return [
    '',
    ...formatTable('server', outcomes, each => each.server),
    ...absent,
    '',
    ...formatTable('class', outcomes, each => each.group),
    '',
  ].join('\n');
}

function formatTable(
  title: string,
  outcomes: readonly PayloadResult[],
  groupOf: (outcome: PayloadResult) => string,
): string[] {
  const head = row([title, 'payloads', 'forwarded', 'gateway refused', 'server refused', 'mismatches']);
  const names = [...new Set(outcomes.map(groupOf))];
  return [
    head,
    ...names.map(name =>
      row(
        sum(
          name,
          outcomes.filter(each => groupOf(each) === name),
        ),
      ),
    ),
  ];
}

function sum(name: string, outcomes: readonly PayloadResult[]): string[] {
  const share = (count: number) => `${count} (${Math.round((100 * count) / outcomes.length)}%)`;
  const counts = RESULTS.map(result => share(outcomes.filter(each => each.result === result).length));
  return [name, String(outcomes.length), ...counts, String(outcomes.filter(each => each.mismatches.length > 0).length)];
}

function row([name = '', ...cells]: readonly string[]): string {
  return name.padEnd(22) + cells.map(cell => cell.padStart(17)).join('');
}
