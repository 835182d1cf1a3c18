/** The status page as one HTML document that loads nothing else. It is complete without its script, which keeps it up to date. */

import { createHash } from 'node:crypto';
import type { Report } from '../../telemetry/report.ts';
import { sumOf } from '../figures/counter-sums.ts';
import { type DenialFilter, filterDenials } from '../figures/denial-filter.ts';
import type { ProcessInfo } from '../process-info.ts';
import type { Readiness } from '../readiness.ts';
import { renderClients } from './clients-section.ts';
import { renderConfiguration } from './configuration-section.ts';
import { renderDenials, renderFiltered } from './denials-section.ts';
import { renderExceptions } from './exceptions-section.ts';
import { formatAmount, formatCount, formatDuration, formatMoment, formatTime } from './format.ts';
import { type Html, html, textOf, trusted } from './html.ts';
import { renderIssuers } from './issuers-section.ts';
import { renderMatrix } from './matrix-section.ts';
import { renderRoutes } from './routes-section.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

export interface StatusPage {
  readonly info: ProcessInfo;
  readonly report: Report;
  readonly readiness: Readiness;
  readonly now: Date;
}

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 2h12v12H2z' fill='none' stroke='%23777' stroke-width='2'/%3E%3Ccircle cx='8' cy='8' r='3' fill='%23777'/%3E%3C/svg%3E";

/** Allows only the page's own style and script, by their hashes, and requests of the script to its own origin. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src '${hashOf(SCRIPT)}'`,
  `style-src '${hashOf(STYLE)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** @returns the page, as HTML. */
export function renderPage(page: StatusPage): string {
  const { info, report, now } = page;
  const { config } = info;
  return renderDocument(
    page,
    html`${renderOverview(page)}
${renderRoutes(config, report, now)}
${renderMatrix(config, report)}
${renderClients(report.traffic.clients)}
${renderExceptions(config, report, now)}
${renderDenials(report.denials, config.source.file)}
${renderIssuers(config, report)}
${renderConfiguration(info, report)}`,
  );
}

/** @returns a page with only those of the latest denials that match `filter`. */
export function renderFilteredPage(page: StatusPage, filter: DenialFilter): string {
  const { denials } = page.report;
  const { file } = page.info.config.source;
  return renderDocument(page, renderFiltered(filterDenials(denials, filter), filter, file, denials.length));
}

function renderDocument(page: StatusPage, content: Html): string {
  const { info, readiness } = page;
  return textOf(html`<!doctype html>
<html lang="en" data-version="${info.version}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>audgate: ${nameState(readiness)}</title>
<link rel="icon" href="${trusted(ICON)}">
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
${renderBanner(page)}
<main id="content" tabindex="-1">
${content}
</main>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`);
}

function renderBanner({ info, now }: StatusPage): Html {
  const sections = ['Routes', 'Matrix', 'Clients', 'Exceptions', 'Denials', 'Issuers', 'Configuration'];
  return html`<header>
<p class="brand">audgate <span>${info.version}</span></p>
<nav aria-label="Sections"><ul>${sections.map(name => html`<li><a href="./#${name.toLowerCase()}">${name}</a></li>`)}</ul></nav>
<div class="fresh">
<p><span id="mode">As of</span> <span id="as-of">${formatTime(now.getTime())} UTC</span></p>
<noscript><a href="/">Reload</a></noscript>
<button id="pause" type="button" hidden>Pause updates</button>
${info.config.adminTokenHash !== undefined && html`<button id="fetch-keys" type="button" hidden>Fetch keys</button>`}
<p id="announcement" class="unseen" role="status"></p>
</div>
</header>`;
}

function renderOverview({ info, report, readiness, now }: StatusPage): Html {
  const state = nameState(readiness);
  const withKeys = new Set(report.keySets.flatMap(({ issuer, keys }) => (keys > 0 ? [issuer] : []))).size;
  const withSource = [...info.config.issuers.values()].filter(({ keySource }) => keySource.kind !== 'none').length;
  const denials = (action: string) => formatCount(sumOf(report, 'audgate_denials_total', { action }));
  const up = formatDuration((now.getTime() - info.startedAt.getTime()) / 1000);
  return html`<section id="overview" aria-labelledby="state">
<h1 id="state" class="${state.replace(' ', '-')}">${state[0]?.toUpperCase()}${state.slice(1)}</h1>
<p class="soft">${explainState(readiness)}${formatAmount(info.config.routes.length, 'route')}. Up ${up}, since ${formatMoment(info.startedAt.getTime())}; everything is counted from then.</p>
<dl class="figures">
${figure('Requests', formatCount(sumOf(report, 'audgate_requests_total')))}
${figure('Would be denied', denials('forwarded'), 'forwarded all the same', 'forwarded')}
${figure('Denied', denials('refused'), 'refused', 'refused')}
${figure('For another resource', formatCount(sumOf(report, 'audgate_confused_deputy_rejections_total')), 'genuine tokens, wrong API')}
${figure('Upstream failures', formatCount(sumOf(report, 'audgate_upstream_failures_total')), 'allowed, no usable response', 'refused')}
${figure('Issuers with keys', `${withKeys} of ${withSource}`)}
${figure('Warnings', formatCount(info.warnings.length), 'of the lint')}
</dl>
<p class="soft machine">For programs: <a href="./status.json">/status.json</a></p>
</section>`;
}

function figure(name: string, value: string, note = '', tone = ''): Html {
  const isNothing = value === '0';
  return html`<div class="${isNothing ? 'zero' : tone}"><dt>${name}</dt><dd>${value}</dd>${note !== '' && html`<dd class="note">${note}</dd>`}</div>`;
}

function nameState({ ready, draining }: Readiness): string {
  if (draining) return 'draining';
  return ready ? 'ready' : 'not ready';
}

function explainState({ draining, waitingFor, missingWorkers = 0 }: Readiness): Html {
  if (draining) return html`Finishing what was accepted; no new connections. `;
  const issuers = waitingFor.map((issuer, index) => html`${index > 0 && ', '}<bdi>${issuer}</bdi>`);
  return html`${missingWorkers > 0 && `Without ${formatAmount(missingWorkers, 'worker')}. `}${issuers.length > 0 && html`Waiting for the keys of ${issuers}. `}Serving `;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
