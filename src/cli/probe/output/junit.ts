/** The report as JUnit XML, which CI systems show: a suite for each API, a case for each check. */

import type { CheckResult } from '../../../probe/check.ts';
import { escapeText } from '../../terminal.ts';
import { describeVerdict, type RouteReport } from './report.ts';

/** @param isStrict whether an unclear check is a failure; else it is skipped, as one that was not run. */
export function renderJunit(reports: readonly RouteReport[], isStrict: boolean): string {
  const suites = reports.map(each => renderSuite(each, isStrict)).join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="audgate probe">\n${suites}\n</testsuites>\n`;
}

function renderSuite(route: RouteReport, isStrict: boolean): string {
  const { report, method, url } = route;
  const name = `${method} ${url}`;
  if (typeof report === 'string') {
    const text = `<error message=${quote(describeVerdict(route))}/>`;
    return `  <testsuite name=${quote(name)} tests="1" failures="0" errors="1" skipped="0">\n    <testcase name="probe" classname=${quote(name)}>${text}</testcase>\n  </testsuite>`;
  }
  const cases = report.results.map(result => renderCase(result, name, isStrict));
  // A run that could not be judged is an error, also where no single check failed.
  const isUnjudged = report.verdict === 'unclear';
  if (isUnjudged)
    cases.push(
      `    <testcase name="verdict" classname=${quote(name)}><error message=${quote(describeVerdict(route))}/></testcase>`,
    );
  const count = (element: string) => cases.filter(text => text.includes(`<${element} `)).length;
  const counts = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`;
  return `  <testsuite name=${quote(name)} ${counts} time="${report.seconds.toFixed(3)}">\n${cases.join('\n')}\n  </testsuite>`;
}

function renderCase({ check, verdict, sent, got, why }: CheckResult, suite: string, isStrict: boolean): string {
  const open = `    <testcase name=${quote(`${check.id}: ${check.title}`)} classname=${quote(suite)}>`;
  const isFailure = verdict === 'fails' || (isStrict && verdict === 'unclear');
  if (verdict === 'holds') return `${open}</testcase>`;
  if (!isFailure) return `${open}<skipped message=${quote(`${verdict}: ${why ?? got}`)}/></testcase>`;
  const message = verdict === 'fails' ? check.headline : `unclear: ${why ?? got}`;
  const text = [`sent: ${sent}`, `got: ${got}`, `clause: ${check.clause}`, `remedy: ${check.remedy}`].join('\n');
  return `${open}<failure message=${quote(message)}>${escapeXml(text)}</failure></testcase>`;
}

function quote(text: string): string {
  return `"${escapeXml(escapeText(text))}"`;
}

/** XML 1.0 sections 2.2 and 2.4. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
