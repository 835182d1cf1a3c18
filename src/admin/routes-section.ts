/** Each route with its rung on the ladder, and what it denied or would have denied. */

import type { Config, Route } from '../config/config.ts';
import type { Report } from '../telemetry/report.ts';
import { countDenials, NO_ROUTE, type ReasonCount, type RouteFigures } from './figures.ts';
import { formatCount } from './format.ts';
import { type Html, html } from './html.ts';

const NOTHING: RouteFigures = { refused: [], forwarded: [] };

/** @returns the section of the routes, in the order of the YAML. */
export function renderRoutes({ routes }: Config, report: Report): Html {
  const denials = countDenials(report);
  const strays = denials.get(NO_ROUTE);
  return html`<section id="routes" aria-labelledby="routes-title">
<h2 id="routes-title">Routes</h2>
<table role="table" class="stack routes">
<caption>What would be denied is forwarded on this rung and refused on a higher one. Once it stays at 0, the route can climb.</caption>
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Route</th><th role="columnheader" scope="col">Mode</th><th role="columnheader" scope="col">Would be denied</th><th role="columnheader" scope="col">Denied</th>
</tr></thead>
<tbody role="rowgroup">
${routes.map(route => renderRoute(route, denials.get(route.key) ?? NOTHING))}
${strays && renderRow(html`<span class="soft">No route was found</span>`, html`<span class="dim">none</span>`, strays)}
</tbody>
</table>
</section>`;
}

function renderRoute(route: Route, figures: RouteFigures): Html {
  const name = html`<code>${route.key}</code>${route.name !== undefined && html` <bdi class="soft">${route.name}</bdi>`}`;
  const mode = route.public ? 'public' : route.enforcement;
  return renderRow(
    html`${name}${!route.public && html`<span class="below"><bdi>${route.resource}</bdi></span>`}`,
    html`<span class="mode ${mode}">${!route.public && html`<span class="rungs" aria-hidden="true"><i></i><i></i><i></i></span>`}${mode}</span>`,
    figures,
  );
}

function renderRow(name: Html, mode: Html, { refused, forwarded }: RouteFigures): Html {
  return html`<tr role="row"><th role="rowheader" scope="row">${name}</th><td role="cell" data-label="Mode">${mode}</td><td role="cell" data-label="Would be denied">${renderTally(forwarded, 'forwarded')}</td><td role="cell" data-label="Denied">${renderTally(refused, 'refused')}</td></tr>
`;
}

function renderTally(reasons: readonly ReasonCount[], tone: string): Html {
  if (reasons.length === 0) return html`<span class="dim">0</span>`;
  const total = reasons.reduce((sum, { count }) => sum + count, 0);
  return html`<span class="count ${tone}">${formatCount(total)}</span>
<ul class="reasons">${reasons.map(({ reason, count }) => html`<li><code>${reason}</code> ${formatCount(count)}</li>`)}</ul>`;
}
