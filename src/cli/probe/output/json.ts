/** The report for programs. */

import { toSafeJson } from '../../terminal.ts';
import { combineVerdicts, describeVerdict, type RouteReport } from './report.ts';

/** @returns `{ verdict, summary, requests, seconds, checks: [{ id, clause, sent, got, verdict, remedy … }] }`; with routes, `routes`, too. */
export function renderJson(reports: readonly RouteReport[]): string {
  const probed = reports.map(({ report }) => report).filter(report => typeof report !== 'string');
  const hasRoutes = reports.some(({ route }) => route !== undefined);
  const sum = (read: (report: (typeof probed)[number]) => number) =>
    probed.reduce((total, report) => total + read(report), 0);
  return toSafeJson(
    {
      verdict: combineVerdicts(reports),
      ...(!hasRoutes && reports[0] && { url: reports[0].url, summary: describeVerdict(reports[0]) }),
      requests: sum(({ requests }) => requests),
      seconds: Number(sum(({ seconds }) => seconds).toFixed(3)),
      ...(hasRoutes && { routes: reports.map(listRoute) }),
      checks: reports.flatMap(listChecks),
      ...(!hasRoutes && reports[0]?.yaml !== undefined && { yaml: reports[0].yaml }),
    },
    2,
  );
}

function listRoute(each: RouteReport) {
  const verdict = typeof each.report === 'string' ? 'unclear' : each.report.verdict;
  return { route: each.route, url: each.url, verdict, summary: describeVerdict(each) };
}

function listChecks({ route, report }: RouteReport) {
  if (typeof report === 'string') return [];
  return report.results.map(({ check, sent, got, verdict, why }) => ({
    ...(route !== undefined && { route }),
    id: check.id,
    title: check.title,
    clause: check.clause,
    sent,
    got,
    verdict,
    ...(why !== undefined && { why }),
    remedy: check.remedy,
  }));
}
