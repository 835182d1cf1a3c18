/** What every form of the report is made of. */

import type { ProbeReport } from '../../../probe/run.ts';

export interface RouteReport {
  /** The key of the route; `undefined` for a URL. */
  readonly route: string | undefined;
  /** Without its query. */
  readonly url: string;
  readonly method: string;
  /** A text: why it was not probed. */
  readonly report: ProbeReport | string;
  /** What closes it, ready to use; `undefined` where there is nothing that audgate closes. */
  readonly yaml: string | undefined;
}

export type ReportVerdict = ProbeReport['verdict'];

export function verdictOf({ report }: RouteReport): ReportVerdict {
  return typeof report === 'string' ? 'unclear' : report.verdict;
}

/** @returns `fails` where one does, else `unclear` where one is, else `holds`. */
export function combineVerdicts(reports: readonly RouteReport[]): ReportVerdict {
  const verdicts = reports.map(verdictOf);
  if (verdicts.includes('fails')) return 'fails';
  return verdicts.length === 0 || verdicts.includes('unclear') ? 'unclear' : 'holds';
}

/** @returns the report in one sentence, for people who read no further. */
export function describeVerdict(route: RouteReport): string {
  const { report } = route;
  if (typeof report === 'string') return `not judged: ${report}`;
  const count = (verdict: string) => report.results.filter(result => result.verdict === verdict).length;
  const [failed] = report.results.filter(({ verdict }) => verdict === 'fails');
  if (failed) {
    const others = count('fails') - 1;
    return `${failed.check.headline}${others > 0 ? `, and fails ${others} more ${others === 1 ? 'check' : 'checks'}` : ''}`;
  }
  if (report.verdict === 'holds')
    return `refuses tokens issued for another API; ${count('holds')} checks hold, none fails`;
  return report.verdict === 'fails'
    ? `${count('unclear')} checks are unclear, which --strict counts`
    : `not judged: ${report.why}`;
}
