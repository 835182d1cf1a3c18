/** The section of the exceptions: who may still come with what is otherwise refused, until when, and whether that is still needed. */

import type { Config } from '../../config/config.ts';
import type { Report } from '../../telemetry/report.ts';
import { linkDenials } from '../figures/denial-filter.ts';
import { type ExceptionStatus, listExceptionStatus } from '../figures/exceptions.ts';
import { formatAmount, formatCount, formatMoment } from './format.ts';
import { type Html, html } from './html.ts';

/** /status.json has the others. */
const MOST_SHOWN = 200;
/** Days. The alert fires from then on. */
const SOON = 7;

/** @returns the section of the exceptions, the one that lapses first in front. */
export function renderExceptions(config: Pick<Config, 'routes'>, report: Report, now: Date): Html {
  const all = listExceptionStatus(config, report, now.getTime());
  return html`<section id="exceptions" aria-labelledby="exceptions-title">
<h2 id="exceptions-title">Exceptions</h2>
${all.length === 0 ? html`<p class="soft">No route has exceptions.</p>` : renderTable(all)}
</section>`;
}

function renderTable(all: readonly ExceptionStatus[]): Html {
  const columns = ['Client', 'Route', 'Excused', 'Until', 'Owner', 'Last used'];
  const more = all.length - MOST_SHOWN;
  return html`<table role="table" class="stack exceptions">
<caption>Tokens that verified, of these clients, pass with what their route otherwise refuses. After the last day, in UTC, they are refused. Uses are counted since the start.${more > 0 && ` ${formatAmount(more, 'exception')} more are in /status.json.`}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(name => html`<th role="columnheader" scope="col">${name}</th>`)}</tr></thead>
<tbody role="rowgroup">
${all.slice(0, MOST_SHOWN).map(renderRow)}
</tbody>
</table>`;
}

function renderRow(status: ExceptionStatus): Html {
  const { route, exception, uses, lastUsed } = status;
  const { clientId, issuer, reasons, presented, owner } = exception;
  const used =
    lastUsed === undefined ? html`<span class="dim">never since the start</span>` : html`${formatMoment(lastUsed)}`;
  return html`<tr role="row"><th role="rowheader" scope="row"><a href="${linkDenials({ client: clientId, issuer })}"><bdi>${clientId}</bdi></a>${issuer !== undefined && html`<span class="below"><bdi>${issuer}</bdi></span>`}</th><td role="cell" data-label="Route"><code>${route}</code></td><td role="cell" data-label="Excused"><ul class="reasons">${[...reasons].map(reason => html`<li><code>${reason}</code> ${formatCount(uses.get(reason) ?? 0)}</li>`)}</ul>${presented !== undefined && html`<span class="below">presented <bdi>${presented}</bdi></span>`}</td><td role="cell" data-label="Until">${renderUntil(status)}</td><td role="cell" data-label="Owner"><bdi>${owner}</bdi></td><td role="cell" data-label="Last used">${used}</td></tr>
`;
}

function renderUntil({ exception: { until }, state, daysLeft }: ExceptionStatus): Html {
  const day = html`<time datetime="${until}">${until}</time>`;
  if (state === 'lapsed') return html`${day}<span class="below refused">lapsed</span>`;
  const left = daysLeft === 0 ? 'the last day' : `${formatAmount(daysLeft, 'day')} left`;
  const note = state === 'without effect' ? ', without effect on report' : '';
  return html`${day}<span class="below ${daysLeft < SOON && 'refused'}">${left}${note}</span>`;
}
