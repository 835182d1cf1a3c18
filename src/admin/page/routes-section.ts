/** The section of the routes: mode, traffic, denials and would-be denials of each, since the start and recently. */

import type { Config, Route } from '../../config/config.ts';
import type { Report } from '../../telemetry/report.ts';
import type { Latency } from '../figures/latency.ts';
import { type Counted, listRoutes, type RouteStatus } from '../figures/route-figures.ts';
import { renderCount } from './clients-section.ts';
import { formatAmount, formatCount, formatMoment, formatSeconds, formatTime } from './format.ts';
import { type Html, html } from './html.ts';
import { renderUpstreams } from './upstreams-table.ts';

const DAY = 86_400_000;
/** /status.json has the others. Making a larger table would delay requests noticeably. */
const MOST_SHOWN = 500;

/** @returns the section of the routes, in the order of the YAML. */
export function renderRoutes(config: Pick<Config, 'routes'>, report: Report, now: Date): Html {
  const shown = listRoutes(config, report, MOST_SHOWN);
  const leftOut = config.routes.length - shown.filter(({ route }) => route).length;
  const columns = ['Route', 'Mode', 'Would be denied', 'Denied', 'Requests', 'Latency', 'Upstream failures'];
  return html`<section id="routes" aria-labelledby="routes-title">
<h2 id="routes-title">Routes</h2>
<table role="table" class="stack routes">
<caption>Counted since the start, and below in the last hour and day${renderSince(report.traffic.since, now)}. What would be denied is forwarded in this mode, or by an exception, and refused in a stricter one. Once it stays at 0, the route can take the next mode.${leftOut > 0 && ` Only the routes with the most denials, failures and requests are shown: ${formatAmount(leftOut, 'route')} more are in /status.json.`}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(name => html`<th role="columnheader" scope="col">${name}</th>`)}</tr></thead>
<tbody role="rowgroup">
${shown.map(renderRow)}
</tbody>
</table>
${renderUpstreams(report.upstreams)}
</section>`;
}

/** Says since when the recent counts are complete, while that is less than a day: a 0 in the last day is not certain before. */
function renderSince(since: number, now: Date): Html | undefined {
  if (now.getTime() - since >= DAY) return undefined;
  return html`, which are complete only since ${formatMoment(since)}: the process, or a worker that was replaced, began then`;
}

function renderRow(status: RouteStatus): Html {
  const { route, requests, reported, refused, failed, latency, upstreamLatency } = status;
  const name = route ? renderName(route) : html`<span class="soft">No route was found</span>`;
  return html`<tr role="row"><th role="rowheader" scope="row">${name}</th><td role="cell" data-label="Mode">${renderMode(route)}</td><td role="cell" data-label="Would be denied">${renderTally(reported, 'forwarded')}</td><td role="cell" data-label="Denied">${renderTally(refused, 'refused')}</td><td role="cell" data-label="Requests">${renderCount(requests.total, requests.lastHour, requests.lastDay)}</td><td role="cell" data-label="Latency">${renderLatency(latency, upstreamLatency)}</td><td role="cell" data-label="Upstream failures">${renderTally(failed, 'refused')}</td></tr>
`;
}

function renderName(route: Route): Html {
  return html`<code>${route.key}</code>${route.id !== route.key && html` <bdi class="soft">${route.id}</bdi>`}${route.name !== undefined && html` <bdi class="soft">${route.name}</bdi>`}${!route.public && html`<span class="below"><bdi>${route.resource}</bdi></span>`}`;
}

function renderMode(route: Route | undefined): Html {
  if (!route) return html`<span class="dim">none</span>`;
  const mode = route.public ? 'public' : route.enforcement;
  return html`<span class="mode ${mode}">${!route.public && html`<span class="steps" aria-hidden="true"><i></i><i></i><i></i></span>`}${mode}</span>`;
}

function renderTally({ total, lastHour, lastDay, reasons, lastAt }: Counted, tone: string): Html {
  if (total === 0) return renderCount(0);
  const latest = lastAt !== undefined && html`<span class="below">latest ${formatTime(lastAt)}</span>`;
  return html`${renderCount(total, lastHour, lastDay, tone)}${latest}
<ul class="reasons">${reasons.map(({ reason, count }) => html`<li><code>${reason}</code> ${formatCount(count)}</li>`)}</ul>`;
}

function renderLatency(latency: Latency | undefined, upstream: Latency | undefined): Html {
  if (!latency) return html`<span class="dim">none yet</span>`;
  const pair = ({ p50, p99 }: Latency) =>
    html`<span class="whole">p50 ${formatSeconds(p50)},</span> <span class="whole">p99 ${formatSeconds(p99)}</span>`;
  return html`${pair(latency)}${upstream && html`<span class="below">upstream ${pair(upstream)}</span>`}`;
}
