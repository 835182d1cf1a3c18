/** The section of the clients whose tokens verified and were denied, most denials first. */
import { MOST_CLIENTS } from '../../telemetry/recent/client-denials.js';
import { linkDenials } from '../figures/denial-filter.js';
import { formatCount, formatMoment } from './format.js';
import { html } from './html.js';
/** /status.json has the others. */
const MOST_SHOWN = 50;
const [REFUSED, REPORTED] = [0, 1];
/** @returns the section of the clients. */
export function renderClients(clients) {
    return html `<section id="clients" aria-labelledby="clients-title">
<h2 id="clients-title">Clients that are denied</h2>
${clients.length === 0 ? html `<p class="soft">No client with a token that verified was denied since the process started.</p>` : renderTable(clients)}
</section>`;
}
function renderTable(clients) {
    const columns = ['Client', 'Would be denied', 'Denied', 'Where and why', 'Latest'];
    return html `<table role="table" class="stack clients">
<caption>Of tokens that verified, the busiest first, at most ${MOST_SHOWN} here and ${MOST_CLIENTS} in /status.json. A client that comes seldom makes room for others: the access log has them all.</caption>
<thead role="rowgroup"><tr role="row">${columns.map(name => html `<th role="columnheader" scope="col">${name}</th>`)}</tr></thead>
<tbody role="rowgroup">
${clients.slice(0, MOST_SHOWN).map(renderClient)}
</tbody>
</table>`;
}
function renderClient({ issuer, clientId, refused, reported, windows, lastAt, details }) {
    const name = clientId === undefined
        ? html `<span class="dim">no client_id</span>`
        : html `<a href="${linkDenials({ client: clientId, issuer })}"><bdi>${clientId}</bdi></a>`;
    return html `<tr role="row"><th role="rowheader" scope="row">${name}<span class="below"><bdi>${issuer}</bdi></span></th><td role="cell" data-label="Would be denied">${renderCount(reported, windows.hour[REPORTED], windows.day[REPORTED], 'forwarded')}</td><td role="cell" data-label="Denied">${renderCount(refused, windows.hour[REFUSED], windows.day[REFUSED], 'refused')}</td><td role="cell" data-label="Where and why"><ul class="reasons">${details.map(renderDetail)}</ul></td><td role="cell" data-label="Latest">${formatMoment(lastAt)}</td></tr>
`;
}
function renderDetail({ route, reason, action, count }) {
    return html `<li><code>${route}</code> <code class="${action}">${reason}</code> ${formatCount(count)}</li>`;
}
/** @returns a count since the start, with the last hour and day below; a dim 0 for nothing. */
export function renderCount(total, lastHour = 0, lastDay = 0, tone = '') {
    if (total === 0)
        return html `<span class="dim">0</span>`;
    return html `<span class="count ${tone}">${formatCount(total)}</span><span class="below recent">${formatCount(lastHour)} in 1 h, ${formatCount(lastDay)} in 24 h</span>`;
}
