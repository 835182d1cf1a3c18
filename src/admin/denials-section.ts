/** The latest denials, refused or only reported. Who asked and for what; more is in the access log, by request ID. */

import type { RecentDenial } from '../telemetry/recent-denials.ts';
import { formatAmount, formatTime } from './format.ts';
import { type Html, html } from './html.ts';

/** So many are in sight; the others are one step away. */
const IN_SIGHT = 20;

/** @returns the section of the denials, newest first. */
export function renderDenials(denials: readonly RecentDenial[]): Html {
  const older = denials.slice(IN_SIGHT);
  return html`<section id="denials" aria-labelledby="denials-title">
<h2 id="denials-title">Latest denials</h2>
${denials.length === 0 ? html`<p class="soft">Nothing was denied since the process started.</p>` : renderTable('Newest first. The access log has the rest of each, by its request ID.', denials.slice(0, IN_SIGHT))}
${
  older.length > 0 &&
  html`<details id="older"><summary>${formatAmount(older.length, 'older denial')}</summary>
${renderTable('Older ones, newest first.', older)}
</details>`
}
</section>`;
}

function renderTable(caption: string, denials: readonly RecentDenial[]): Html {
  const columns = ['Time (UTC)', 'Outcome', 'Reason', 'Request', 'Client', 'Request ID'];
  return html`<table role="table" class="stack denials">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(name => html`<th role="columnheader" scope="col">${name}</th>`)}</tr></thead>
<tbody role="rowgroup">
${denials.map(renderDenial)}
</tbody>
</table>`;
}

function renderDenial(denial: RecentDenial): Html {
  const { at, requestId, route, reason, action, status, method, path, presented, issuer, clientId } = denial;
  return html`<tr role="row" id="denial-${requestId}"><td role="cell" data-label="Time (UTC)">${formatTime(at)}<span class="below">${new Date(at).toISOString().slice(0, 10)}</span></td><td role="cell" data-label="Outcome"><span class="${action}">${action}</span> ${status}</td><td role="cell" data-label="Reason"><code>${reason}</code>${presented !== undefined && html`<span class="below">${isResource(presented) ? 'token for' : 'audience'} <bdi>${presented}</bdi></span>`}</td><td role="cell" data-label="Request"><code>${method} <bdi>${path}</bdi></code><span class="below">route <bdi>${route}</bdi></span></td><td role="cell" data-label="Client">${renderClient(clientId, issuer)}</td><td role="cell" data-label="Request ID"><code class="id">${requestId}</code></td></tr>
`;
}

function renderClient(clientId: string | undefined, issuer: string | undefined): Html {
  if (issuer === undefined) return html`<span class="dim">not verified</span>`;
  const client = clientId === undefined ? html`<span class="dim">no client_id</span>` : html`<bdi>${clientId}</bdi>`;
  return html`${client}<span class="below"><bdi>${issuer}</bdi></span>`;
}

/** A resource is an absolute URI; `foreign`, `missing` and `multiple` are none. */
function isResource(presented: string): boolean {
  return presented.includes(':');
}
